"""Assets and archives: their bytes, their hash, and what may be kept of them in a state file.

An archive is packed with one fixed date and sorted names, so that equal contents give equal bytes.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.provider.errors import ProviderError
from sandbox.provider.values import ARCHIVE_SIGNATURE, SIGNATURE_KEY, is_content

# The oldest date that the zip format can write.
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o644
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def hashed(value: Any, base: Path) -> Any:
    """The value with paths of assets and archives made absolute and their `hash` filled in.

    Args: base: the folder that relative paths start from, the project's.
    """
    if is_content(value):
        located = _located(value, base)
        return {**located, "hash": hashlib.sha256(content(located)).hexdigest()}
    if isinstance(value, Mapping):
        return {key: hashed(item, base) for key, item in value.items()}
    if isinstance(value, list):
        return [hashed(item, base) for item in value]
    return value


def elided(value: Any) -> Any:
    """The value with every asset and archive reduced to its signature and hash."""
    if is_content(value):
        return {SIGNATURE_KEY: value[SIGNATURE_KEY], "hash": value.get("hash", "")}
    if isinstance(value, Mapping):
        return {key: elided(item) for key, item in value.items()}
    if isinstance(value, list):
        return [elided(item) for item in value]
    return value


def is_elided(value: Any) -> bool:
    """Whether something in the value is an asset or archive whose contents were left out."""
    if is_content(value):
        return not {"text", "path", "assets", "uri"} & set(value)
    if isinstance(value, Mapping):
        return any(is_elided(item) for item in value.values())
    return isinstance(value, list) and any(is_elided(item) for item in value)


def content(value: Mapping[str, Any]) -> bytes:
    """The bytes of an asset, or an archive's as a zip file.

    Raises: ProviderError when a file is missing or the content lies on another machine.
    """
    if value[SIGNATURE_KEY] != ARCHIVE_SIGNATURE:
        return _asset(value)
    if "path" in value and Path(value["path"]).is_file():
        return _file(value["path"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(_members(value)):
            entry = zipfile.ZipInfo(name, FIXED_DATE)
            entry.external_attr = FILE_MODE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return packed.getvalue()


def _located(value: Mapping[str, Any], base: Path) -> dict[str, Any]:
    located = dict(value)
    if "path" in located:
        located["path"] = str(base / located["path"])
    if "assets" in located:
        located["assets"] = {name: _located(item, base) for name, item in located["assets"].items()}
    return located


def _members(value: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    if "assets" in value:
        for name, item in value["assets"].items():
            if item[SIGNATURE_KEY] == ARCHIVE_SIGNATURE:
                for inner, data in _members(item):
                    yield f"{name}/{inner}", data
            else:
                yield name, _asset(item)
    elif "path" in value:
        folder = Path(value["path"])
        if not folder.is_dir():
            raise ProviderError(f"the archive `{folder.name}` is neither a folder nor a file")
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(folder).as_posix(), path.read_bytes()
    else:
        raise ProviderError("the sandbox does not know remote archives")


def _asset(value: Mapping[str, Any]) -> bytes:
    if "text" in value:
        return str(value["text"]).encode()
    if "path" in value:
        return _file(value["path"])
    if value.get("hash") == EMPTY_HASH:
        return b""  # the engine leaves an empty text out
    raise ProviderError("the sandbox does not know remote assets")


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ProviderError(f"the file `{Path(path).name}` of an asset cannot be read") from error
