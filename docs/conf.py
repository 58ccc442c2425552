"""Sphinx: `make docs`."""

import os
from importlib import metadata

os.environ.setdefault("KERAS_BACKEND", "jax")  # read when autodoc imports Keras

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
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"hypercycle {release}"

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_use_ivar = True  # autodoc already lists the fields
napoleon_use_rtype = False  # the signature has the type
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_use_unqualified_type_names = True

nitpick_ignore = [
    # type aliases, shown by their names; the parameter's text says what they stand for
    *(
        ("py:class", alias)
        for alias in ("Length", "OnMismatch", "Schedule", "Scale", "Waveform", "WaveformLike")
    ),
    # imported for type checkers alone, so that their names stay short
    *(("py:class", name) for name in ("Figure", "FigureBase", "Module", "Optimizer", "np.ndarray")),
    *(("py:class", name) for name in ("OptimizerCycler", "OptimizerFollower", "Options")),
    ("py:class", "PlanLike"),
    ("py:class", "hypercycle.clock.Clock"),  # what Cycle.locate and the like ask
    ("py:class", "LRScheduler"),
]
nitpick_ignore_regex = [
    # documented on sites of their own
    ("py:.*", r"(collections\.abc|keras|numpy|torch|optax|matplotlib)\..*"),
]

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
