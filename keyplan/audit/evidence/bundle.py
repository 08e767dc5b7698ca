"""A zip file of members, with the hash of each in SHA256SUMS, written in pieces: nothing is held whole.

The bytes are the same for the same members: fixed dates, owners and modes, a fixed order. Only the
compression itself is the machine's zlib, so that another one may pack the same members into other bytes.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SUMS = "SHA256SUMS"
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
_MODE = 0o100600 << 16
_UNIX = 3


@dataclass(frozen=True)
class Member:
    """A file of the bundle, in pieces that are made as they are taken."""

    name: str
    pieces: Iterable[bytes]


@dataclass(frozen=True)
class Written:
    """What was written: the bundle's own hash and size, and the names of its members."""

    sha256: str
    size_bytes: int
    names: tuple[str, ...]


def write_bundle(members: Iterable[Member], put: Callable[[bytes], None]) -> Written:
    """Write the members, and SHA256SUMS after them, piece by piece to `put`."""
    target = _Hashed(put)
    sums: list[str] = []
    names: list[str] = []
    # The target cannot seek: sizes stand behind each member, as for a zip file that goes over a wire.
    with zipfile.ZipFile(target, "w") as archive:  # type: ignore[call-overload]
        for member in members:
            digest = _add(archive, member)
            names.append(member.name)
            sums.append(sums_line(digest, member.name))
        _add(archive, Member(SUMS, ["".join(sums).encode()]))
    return Written(target.hash.hexdigest(), target.size_bytes, (*names, SUMS))


def sums_line(digest: str, name: str) -> str:
    """A line that `sha256sum --check` takes, whatever the file's name. Source: GNU coreutils, "md5sum"."""
    if not any(each in name for each in "\\\n\r"):
        return f"{digest}  {name}\n"
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"\\{digest}  {escaped}\n"


def _add(archive: zipfile.ZipFile, member: Member) -> str:
    info = zipfile.ZipInfo(member.name, _FIRST_DATE)
    info.create_system, info.external_attr = _UNIX, _MODE
    info.compress_type = zipfile.ZIP_DEFLATED
    digest = hashlib.sha256()
    with archive.open(info, "w", force_zip64=True) as file:
        for piece in member.pieces:
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


class _Hashed:
    """Passes on what is written, and hashes it."""

    def __init__(self, put: Callable[[bytes], None]) -> None:
        self._put = put
        self.hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, content: bytes) -> int:
        if content:  # the compressor keeps most pieces for later
            self.hash.update(content)
            self.size_bytes += len(content)
            self._put(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""
