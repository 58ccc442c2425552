"""Sphinx: `make docs`."""

import os
import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gallery_settings
os.environ.setdefault("KERAS_BACKEND", "jax")  # read when autodoc imports Keras
os.environ.setdefault("JAX_PLATFORMS", "cpu")  # or JAX looks for others, and says so

project = "hypercycle"
author = "hypercycle contributors"
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name
release = metadata.version("hypercycle")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"hypercycle {release}"
html_static_path = ["_static"]
html_css_files = ["gallery.css"]
html_copy_source = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

sphinx_gallery_conf = {
    "examples_dirs": ["../examples/concepts", "../examples/gallery"],
    "gallery_dirs": ["concepts", "gallery"],
    "within_subsection_order": "gallery_settings.position",
    "reset_modules": ("gallery_settings.reset",),
    # Pictures are real: every script runs in every build, because hypercycle may have changed.
    "run_stale_examples": True,
    "capture_repr": (),
    "remove_config_comments": True,
    # the same pages from every build, and no more than one reads
    "min_reported_time": float("inf"),
    "write_computation_times": False,
    "show_signature": False,
    "download_all_examples": False,
    "notebook_extensions": set(),
    "image_srcset": ["2x"],
    "thumbnail_size": (600, 420),
    "default_thumb_file": str(Path(__file__).parent / "images" / "plan.png"),
}

napoleon_google_docstring = False
napoleon_use_ivar = True  # autodoc already lists the fields
napoleon_use_rtype = False  # the signature has the type
autodoc_member_order = "bysource"
autodoc_mock_imports = ["ignite", "lightning", "skorch", "transformers"]
autodoc_typehints = "signature"
# What schedules answer to the rest of the library.
autodoc_default_options = {
    "exclude-members": (
        "evaluate, at_one_step, value_at, formula, choose, height, shape, stays_within, "
        "precomputable, schedules, reached, known_range, whole, ends, event_steps, shown_in, "
        "cycles_within, least_count, repeats_every, has_cycles, check_names, own_length, "
        "with_length, given_lengths, exact_lengths, resolved_after"
    )
}
python_use_unqualified_type_names = True

nitpick_ignore = [
    # type aliases, shown by their names; the parameter's text says what they stand for
    *(
        ("py:class", alias)
        for alias in ("Length", "OnMismatch", "Schedule", "Scale", "Waveform", "WaveformLike")
    ),
    *(("py:class", alias) for alias in ("Marks", "Severity")),
    # imported for type checkers alone, so that their names stay short
    *(("py:class", name) for name in ("Figure", "FigureBase", "Module", "Optimizer", "np.ndarray")),
    *(("py:class", name) for name in ("OptimizerCycler", "OptimizerFollower", "Options")),
    *(("py:class", name) for name in ("PlanLike", "Relative")),
    # what stands behind the public ones
    ("py:class", "hypercycle.numbers.clock.Clock"),
    ("py:class", "hypercycle.numbers.lengths.Facts"),
    ("py:class", "hypercycle.schedules.schedule.Record"),
    ("py:class", "hypercycle.driving.tracks.Track"),
    ("py:class", "hypercycle.range_test.reading.Recorded"),
    ("py:class", "LRScheduler"),
]
nitpick_ignore_regex = [
    # documented on sites of their own
    ("py:.*", r"(collections\.abc|keras|numpy|os|torch|optax|matplotlib)\..*"),
]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
