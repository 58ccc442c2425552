"""Plan files for people: TOML with a comment beside each key."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from hypercycle.plan_files.files import file_data
from hypercycle.plan_files.formats import text_of
from hypercycle.schedules.cycle import Cycle

_COMMENTS = {
    "low": "the lower bound",
    "high": "the upper bound",
    "step_size_up": "steps up, and as many down",
    "step_size_down": "steps down",
    "waveform": "the shape of a rise and of a fall",
    "scale": "how the height changes from cycle to cycle",
    "cycles": "after so many, the last value stays",
    "opposite": "low where that one is high, on the same clock",
    "kind": "one part after the other",
    "parts": "each counts its steps from 0",
}
# What may be added to a cycle: shown as keys behind a "#".
_OPTIONAL = {"waveform": '"hann"', "scale": '"halving"', "cycles": "4"}
# What the lengths with a unit are measured in.
_OPTIONS = {
    r"\d\s*ep\b": "--steps-per-epoch 100",
    r"\d\s*%|\brest\b": "--total-steps 10000",
    r"\d\s*[kMBT]?tok\b": "--tokens-per-step 500000",
    r"\d\s*[kMBT]?samples\b": "--samples-per-step 256",
    r"\d\s*(s|min|h)\b": "--seconds-per-step 0.5",
}
_KEY = re.compile(r"^(\w+) = .*$", re.MULTILINE)
_COLUMN, _WIDTH = 26, 80

_HEADER = """\
# A plan of hypercycle: a table for each hyperparameter, by its neutral name
# (lr, momentum, beta1, beta2, weight_decay, eps) or by the framework's own.
# Lengths are updates (2000), epochs ("4ep") or parts of the run ("30%").
#
#   hypercycle check {name}
#   hypercycle show {name}{options}
#
# Editors that know TOML complete this file after
#
#   hypercycle schema -o plan.schema.json
#
# and with this as the first line: #:schema ./plan.schema.json
"""


def commented_text(plan: Mapping[str, Any], name: str, notes: Iterable[str]) -> str:
    """Return the text of a plan file: what a plan is, notes on this one, and its tables."""
    entries = {key: _entry(plan, key) for key in plan}
    tables = {key: text_of({key: entry}, ".toml") for key, entry in entries.items()}
    header = _HEADER.format(name=name, options=_options("".join(tables.values())))
    remarks = "\n".join(
        textwrap.fill(f"# {one}", _WIDTH, subsequent_indent="#   ") for one in notes
    )
    with_comments = [_with_comments(text, entries[key]) for key, text in tables.items()]
    return "\n".join([f"{header}#\n{remarks}\n", *with_comments])


def _entry(plan: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return what the file holds for a name; what is the opposite of lr is said to be so."""
    one, lr = plan[name], plan.get("lr")
    if isinstance(one, Cycle) and isinstance(lr, Cycle) and one == lr.opposite(one.low, one.high):
        return {"opposite": "lr", "low": one.low, "high": one.high}
    entry: Mapping[str, Any] = file_data(plan)[name]
    return entry


def _options(plain: str) -> str:
    """Return what ``show`` needs to know for the lengths in a plan file."""
    lengths = " ".join(re.findall(r'"([^"]*)"', plain))
    return "".join(f" {option}" for unit, option in _OPTIONS.items() if re.search(unit, lengths))


def _with_comments(text: str, entry: Mapping[str, Any]) -> str:
    comments = _COMMENTS
    if entry.get("kind") != "chain":
        comments = {key: one for key, one in comments.items() if key not in ("kind", "parts")}
    if "step_size_down" in entry:
        comments = comments | {"step_size_up": "0: a cycle starts at the top"}

    def beside(line: str, key: str) -> str:
        together = f"{line:<{_COLUMN}}  # {comments[key]}"
        return together if len(together) <= _WIDTH else f"# {comments[key]}\n{line}"

    text = re.sub("^    ", "  ", text, flags=re.MULTILINE)
    text = _KEY.sub(lambda key: beside(key[0], key[1]) if key[1] in comments else key[0], text)
    if "step_size_up" in entry:
        for key in [key for key in _OPTIONAL if key not in entry]:
            text += beside(f"# {key} = {_OPTIONAL[key]}", key) + "\n"
    return text
