"""A first walk over a whole configuration: no key's value may be anywhere in it, and its depth is bounded."""

from __future__ import annotations

from typing import Any

from keyplan.checks.pasted import is_key_like, show
from keyplan.checks.problems import ALREADY_REPORTED, Path, Problems

DEPTH_MAX = (
    16  # a catalogue needs five levels; deeper than this is a mistake, or an attempt to exhaust the reader
)
_NO_VALUES = (
    "no key or token in a configuration; store it with `keyplan put`, and revoke it if others saw this file"
)


def without_pasted_keys(value: Any, problems: Problems, path: Path = ()) -> Any:
    """A copy of `value` in which what looks like a key is reported and can't be read any more."""
    if isinstance(value, str) and is_key_like(value):
        problems.add(path, show(value), _NO_VALUES)
        return ALREADY_REPORTED
    if not isinstance(value, (dict, list)):
        return value
    if len(path) >= DEPTH_MAX:
        problems.add(path, "a value nested too deeply", f"at most {DEPTH_MAX} levels")
        return ALREADY_REPORTED
    if isinstance(value, list):
        return [without_pasted_keys(item, problems, (*path, index)) for index, item in enumerate(value)]
    result = {}
    for name, item in value.items():
        if isinstance(name, str) and is_key_like(name):
            problems.add((*path, name), f"{show(name)} as a name", _NO_VALUES)
            continue
        step = name if isinstance(name, (str, int)) else show(name)
        result[name] = without_pasted_keys(item, problems, (*path, step))
    return result
