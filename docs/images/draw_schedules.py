"""Draw the pictures of what-can-i-schedule.md from the schedules that the page makes.

``python docs/images/draw_schedules.py [folder]``. A picture shows names of the page as they are
where it stands, so that it cannot differ from the line above it.
"""

import doctest
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt

import hypercycle as hc
from hypercycle.drawing.style import COLORS

HERE = Path(__file__).parent
PAGE = HERE.parent / "what-can-i-schedule.md"
FOLDER = HERE / "schedules"
PART = re.compile(
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```$"
    r"|^!\[[^\]\n]+\]\(images/schedules/(?P<picture>[\w-]+)\.png\)$",
    re.MULTILINE | re.DOTALL,
)

# The run of the page.
STEPS = 10_000
RUN = {"total_steps": STEPS, "steps_per_epoch": 1000, "tokens_per_step": 500_000}
# What a picture shows, where that is not the learning rate alone.
NAMES = {
    "augmentation": ["magnitude"],
    "batch-size": ["batch_size"],
    "beta2-cooldown": ["beta2"],
    "beta2-power": ["beta2"],
    "bits": ["bits"],
    "clip-range": ["clip_range"],
    "clipping": ["clip"],
    "cyclical-weight-decay": ["weight_decay"],
    "diffusion": ["sigma", "guidance"],
    "dropout": ["p"],
    "ema": ["ema_decay"],
    "entropy": ["entropy"],
    "epsilon": ["epsilon"],
    "focal-loss": ["eta"],
    "kl-weight": ["kl_weight"],
    "label-smoothing": ["label_smoothing"],
    "mixture": ["mix"],
    "opposite": ["lr", "beta1"],
    "sequence-length": ["sequence_length"],
    "sparsity": ["sparsity"],
    "temperature": ["temperature"],
    "weight-decay-with-lr": ["lr", "weight_decay"],
    "weight-decay-without-lr": ["lr", "weight_decay"],
}
# Those whose interest is at the start, or that are of another run.
SHOWN_STEPS = {"beta2-power": 1000, "diffusion": 50}
LOGARITHMIC = {"sigma"}


def parts(page: Path = PAGE) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Run the page; yield its files and pictures with the names as they are there."""
    names: dict[str, Any] = {"hc": hc}
    for part in PART.finditer(page.read_text(encoding="utf-8")):
        if part["picture"]:
            yield "picture", part["picture"], names
        elif part["language"] == "pycon":
            for example in doctest.DocTestParser().get_examples(part["code"]):
                exec(compile(example.source, str(page), "exec"), names)  # noqa: S102 - the page's own
        else:
            yield part["language"], part["code"], names


def shown(picture: str, names: dict[str, Any]) -> hc.Plan:
    """Return what a picture shows, with all lengths in steps."""
    if picture == "branch":
        branches = {str(at): names["trunk"].branch(at)["lr"] for at in (4000, 8000)}
        schedules = {"lr": hc.Groups({**branches, "trunk": names["trunk"]["lr"]})}
    elif picture == "one-clock":
        schedules = names["plan"]
    else:
        schedules = {name: names[name] for name in NAMES.get(picture, ["lr"])}
    return hc.Plan(**schedules).resolve(**RUN)


def draw(picture: str, names: dict[str, Any], folder: Path) -> None:
    """Write one picture, and into it what it shows, so that the tests see whether it is old."""
    plan = shown(picture, names)
    steps = SHOWN_STEPS.get(picture, STEPS)
    figure = plt.figure(figsize=(4.2, 0.4 + 1.0 * len(plan)), layout="constrained")
    figure.patch.set_alpha(0.0)
    # The steps of updates that are made: the cycle that would begin after the last is left out.
    hc.plot(plan, range(steps), figure=figure)
    for axes, name in zip(figure.axes, plan, strict=True):
        axes.set_xlim(0, steps)
        if name in LOGARITHMIC:
            axes.set_yscale("log")
    if picture == "branch":
        for line, schedule in zip(figure.axes[0].get_lines(), plan["lr"].values(), strict=True):
            until = steps if schedule.parts[-1].length is None else schedule.length
            line.set_data(*(values[line.get_xdata() <= until] for values in line.get_data()))
    if picture == "marks":
        shade(figure.axes[0], plan["lr"], names["marks"])
    metadata = {"Software": None, "Description": repr(plan)}
    figure.savefig(folder / f"{picture}.png", dpi=120, metadata=metadata)
    plt.close(figure)


def shade(axes: Any, schedule: Any, marks: dict[str, float]) -> None:
    """Shade what lies between a mark and the end of its cycle."""
    events = (event for step in range(STEPS + 1) for event in schedule.events(step, marks=marks))
    told = [event.step for event in events if event.name in {*marks, "cycle_end"}]
    for start, end in zip(told[::2], told[1::2], strict=True):
        axes.axvspan(start, end, color=COLORS[1], alpha=0.3, linewidth=0)


def main(folder: Path) -> None:
    """Draw all."""
    folder.mkdir(exist_ok=True)
    with plt.rc_context({"font.size": 8}):
        for kind, picture, names in parts():
            if kind == "picture":
                draw(picture, names, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
