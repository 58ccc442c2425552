"""YAML as plan files have it: no aliases, tags, keys twice, and 1e-4 is a number. Needs PyYAML."""

from __future__ import annotations

import re
from typing import Any

import yaml


class PlanLoader(yaml.SafeLoader):
    """Reads plain data; an alias can stand for more than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse aliases, and tags, with which PyYAML fails in many ways where they do not fit."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        for kind, found in (
            ("aliases", isinstance(event, yaml.AliasEvent)),
            ("tags", getattr(event, "tag", None) is not None),
        ):
            if found:
                problem = f"{kind} are not allowed"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a key that is given twice, of which YAML would keep the last."""
        seen = set()
        for key, _ in node.value:
            # 0 and "0" are one group's index.
            name = key.value if isinstance(key, yaml.ScalarNode) else key
            if name in seen:
                problem = f"{key.value!r} is given twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)


# PyYAML follows YAML 1.1, where 1e-4 is a text for lack of a point (yaml/pyyaml#173).
PlanLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+"),
    list("-+.0123456789"),
)
