"""The plain values that go in and out of the provider, and how two of them are compared.

Numbers, text, booleans, lists and dictionaries with camelCase keys; `UNKNOWN` stands for a value that is
not known before the update runs. Secrets never get here: the engine unwraps or refuses them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

# The key and the marks by which Pulumi's wire format tells an asset or an archive from an ordinary
# dictionary. Source: sdk/go/common/resource, assets and archives (pulumi 3.272.0, checked 2026-11-21).
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"


class Unknown:
    """The one value that is not known yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self

    def __copy__(self) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


def is_content(value: Any) -> bool:
    """Whether the value is an asset or an archive."""
    return isinstance(value, Mapping) and value.get(SIGNATURE_KEY) in (ASSET_SIGNATURE, ARCHIVE_SIGNATURE)


def has_unknown(value: Any) -> bool:
    """Whether UNKNOWN stands anywhere in the value."""
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def same(old: Any, new: Any) -> bool:
    """Equality where UNKNOWN equals nothing and an asset or archive is its hash."""
    if has_unknown(old) or has_unknown(new):
        return False
    if is_content(old) and is_content(new):
        return bool(old.get("hash") == new.get("hash"))
    return bool(old == new)


def same_document(old: Any, new: Any) -> bool:
    """Equality of two JSON texts by what they say: spaces and the order of keys do not count."""
    if not isinstance(old, str) or not isinstance(new, str):
        return same(old, new)
    try:
        return bool(json.loads(old) == json.loads(new))
    except ValueError:
        return old == new


def same_set(old: Any, new: Any) -> bool:
    """Equality of two lists whose order the cloud does not keep; an absent list equals an empty one."""
    if has_unknown(old) or has_unknown(new):
        return False
    return sorted(map(_sortable, old or ())) == sorted(map(_sortable, new or ()))


def _sortable(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def without(mapping: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """A copy without some keys."""
    left_out = set(keys)
    return {key: value for key, value in mapping.items() if key not in left_out}


def present(**arguments: Any) -> dict[str, Any]:
    """Arguments for an SDK call: those that are None or empty text are left out."""
    return {name: value for name, value in arguments.items() if value is not None and value != ""}
