"""The finished snapshot as a file: private, whole or not at all, an entry a line so that two compare well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keyplan.audit.snapshot import FORMAT
from keyplan.errors import UsageError
from keyplan.wiring.files import PRIVATE_MODE, resolve, write

_BEGINNING = f'{{"format": "{FORMAT}"'.encode()


def place_of(out: str, option: str = "--out") -> Path:
    """Where the snapshot is to be written.

    Args:
        option: what named the file.

    Raises:
        UsageError: there is no such folder, it is no regular file, or a file that is no snapshot.
    """
    path = Path(out).expanduser()
    if path.is_dir():
        raise UsageError(f"{option} names a folder", f"name the file too, as in {option} accounts.json")
    found = resolve(path)
    try:
        with found.open("rb") as file:
            beginning = file.read(len(_BEGINNING))
    except FileNotFoundError:
        return found
    except OSError:
        raise UsageError(f"{found} is there and cannot be read: it is not replaced") from None
    if beginning and beginning != _BEGINNING:
        raise UsageError(
            f"{found} is there and is not a snapshot of `keyplan audit collect`: it is not replaced",
            f"name another file with {option}, or remove it",
        )
    return found


def save(path: Path, snapshot: Mapping[str, Any]) -> None:
    """Put the snapshot in its place. Raises UsageError where the folder or the disk refuses it."""
    write(path, b"".join(content_of(snapshot)), PRIVATE_MODE)


def content_of(snapshot: Mapping[str, Any]) -> Iterator[bytes]:
    """The file's content; `format` comes first, and the entries of each list have lines of their own."""
    opening = "{"
    for name, value in snapshot.items():
        yield f"{opening}{json.dumps(name)}: ".encode()
        yield from _value(value, depth=2)
        opening = ",\n"
    yield b"}\n"


def _value(value: object, depth: int) -> Iterator[bytes]:
    """JSON, split into lines down to a depth; below, the fast encoder writes it whole."""
    if depth and value and isinstance(value, list):
        for number, each in enumerate(value):
            yield b",\n  " if number else b"[\n  "
            yield json.dumps(each).encode()
        yield b"]"
    elif depth and value and isinstance(value, dict):
        for number, (key, each) in enumerate(value.items()):
            yield (b",\n " if number else b"{\n ") + json.dumps(key).encode() + b": "
            yield from _value(each, depth - 1)
        yield b"}"
    else:
        yield json.dumps(value).encode()
