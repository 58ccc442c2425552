"""YAML as plan files have it: version 1.2's numbers, no aliases, tags or keys twice. Needs PyYAML.

PyYAML follows YAML 1.1, where 0100 is 64, 1:30 is 90, "no" is false, and 1e-4 is a text for lack
of a point (yaml/pyyaml#173).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from hypercycle.plan_files.limits import DEEPEST, MOST_VALUES

_TAG = "tag:yaml.org,2002:"
# The core schema of YAML 1.2, section 10.3.2.
_CORE_SCHEMA = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


class PlanLoader(yaml.SafeLoader):
    """Reads plain data; an alias can stand for more than any memory holds."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (PyYAML takes it so)

    _values = _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse what no plan has, before PyYAML, which is slow, reads all of it.

        That is aliases, more or deeper values than a plan has, and tags, with which PyYAML fails
        in many ways where they do not fit.
        """
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._values += 1
        self._depth += 1
        for found, problem in (
            (isinstance(event, yaml.AliasEvent), "aliases are not allowed"),
            (getattr(event, "tag", None) is not None, "tags are not allowed"),
            (self._values > MOST_VALUES + 1, f"holds more than {MOST_VALUES:,} values"),
            (self._depth > DEEPEST, f"is nested more than {DEEPEST} deep"),
        ):
            if found:
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a key that is given twice, of which YAML would keep the last."""
        seen = set()
        for key, _ in node.value:
            # 0, 0x0 and "0" are one group's index.
            name = str(self.construct_object(key, deep=True)) if _is_scalar(key) else key
            if name in seen:
                problem = f"{key.value!r} is given twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_int(self, node: Any) -> int:
        """Return a whole number: 0100 is 100."""
        text = str(self.construct_scalar(node))
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


class PlanDumper(yaml.SafeDumper):
    """Writes what the loader reads back equal: a text that it would take for a number is quoted."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (PyYAML takes it so)


def _is_scalar(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode)


for _name, _form, _first in _CORE_SCHEMA:
    for _kind in (PlanLoader, PlanDumper):
        _letters = ["" if one == "\0" else one for one in _first]
        _kind.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"(?:{_form})\Z"), _letters)
PlanLoader.add_constructor(f"{_TAG}int", PlanLoader.construct_int)
