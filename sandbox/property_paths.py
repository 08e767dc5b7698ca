"""Property paths of ignoreChanges: `tags`, `tags.owner`, `tags["a.b"]`, `rules[0].id`."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

_STEP = re.compile(r"""\.?(?:(?P<name>[^.\["]+)|\[(?P<index>\d+)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\])""")
EVERYTHING = "*"


def parse(path: str) -> list[str | int]:
    """The steps of a path. Raises: ValueError when it is malformed or has a wildcard inside."""
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None or step["name"] == EVERYTHING:
            raise ValueError(path)
        if step["index"] is not None:
            steps.append(int(step["index"]))
        elif step["quoted"] is not None:
            steps.append(re.sub(r"\\(.)", r"\1", step["quoted"]))
        else:
            steps.append(step["name"])
        position = step.end()
    if not steps:
        raise ValueError(path)
    return steps


def without_ignored(new: Mapping[str, Any], old: Mapping[str, Any], ignored: Iterable[str]) -> dict[str, Any]:
    """New inputs in which every ignored path has its old value again, or is absent as before."""
    result: dict[str, Any] = copy.deepcopy(dict(new))
    for path in ignored:
        if path == EVERYTHING:
            return copy.deepcopy(dict(old))
        _restore(result, old, parse(path))
    return result


def _restore(new: Any, old: Any, steps: list[str | int]) -> None:
    for step in steps[:-1]:
        if not _has(new, step) or not _has(old, step):
            return
        new, old = new[step], old[step]
    last = steps[-1]
    if _has(old, last):
        if isinstance(new, dict) or _has(new, last):
            new[last] = copy.deepcopy(old[last])
    elif isinstance(new, dict):
        new.pop(last, None)


def _has(container: Any, step: str | int) -> bool:
    if isinstance(container, Mapping):
        return step in container
    return isinstance(container, list) and isinstance(step, int) and step < len(container)
