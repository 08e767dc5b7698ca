"""Whether a bundle is whole, and whether its answers are what its own snapshot gives.

Nothing is unpacked to a disk, and only the inputs are read whole. What was packed is somebody's file: a name
that stands twice, a member that no hash is about, and sizes that no snapshot has are told, not followed.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from keyplan.audit.evidence.bundle import SUMS, Member
from keyplan.audit.evidence.contents import (
    ABOUT,
    BASELINE,
    MANIFEST,
    PIECE_BYTES,
    README,
    REPORT,
    SNAPSHOT,
    Inputs,
)
from keyplan.errors import UsageError

MEMBERS_MAX = 100
INPUT_BYTES_MAX = 1 << 30  # a snapshot of 5,000 principals and 2,000 secrets has 4 MB
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
# What says which keyplan made it, or looks as that one made it look: it may differ where another one checks.
_OF_THE_VERSION = (ABOUT, README, REPORT)


@dataclass(frozen=True)
class Checked:
    """What was found out about one member; `wrong` is none where it is as it should be."""

    name: str
    said: str
    wrong: bool = False


class Opened:
    """A bundle that was opened: its members and the hashes that it lists."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """
        Raises:
            UsageError: it is not a bundle.
        """
        self._archive = archive
        names = archive.namelist()
        if len(names) > MEMBERS_MAX or SUMS not in names or SNAPSHOT not in names:
            raise UsageError(f"this is not an evidence bundle: a zip file with {SUMS} and {SNAPSHOT}")
        if any(count > 1 for count in Counter(names).values()):
            raise UsageError("the bundle has two members of one name: programs would read different ones")
        if any(each.flag_bits & 1 for each in archive.infolist()):
            raise UsageError("the bundle is encrypted: decrypt it first")
        self.names = [name for name in names if name != SUMS]
        self.sums = _sums(self._read(SUMS, PIECE_BYTES))

    def inputs(self) -> Inputs:
        """The inputs that the answers are made of."""
        return Inputs(
            self._read(SNAPSHOT, INPUT_BYTES_MAX),
            self._read(MANIFEST, INPUT_BYTES_MAX) if MANIFEST in self.names else None,
            self._read(BASELINE, INPUT_BYTES_MAX) if BASELINE in self.names else None,
        )

    def hashes(self) -> Iterator[Checked]:
        """Each member against SHA256SUMS, and what stands in one of them alone."""
        for name in self.names:
            if name not in self.sums:
                yield Checked(_plain(name), f"stands in the bundle and not in {SUMS}", wrong=True)
            elif _digest(self._pieces(name)) != self.sums[name]:
                yield Checked(name, f"was changed: its hash is not the one in {SUMS}", wrong=True)
            else:
                yield Checked(name, "whole")
        for name in self.sums.keys() - set(self.names):
            yield Checked(name, "is missing from the bundle", wrong=True)

    def answers(self, made: Iterable[Member], same_version: bool) -> Iterator[Checked]:
        """Each member that keyplan makes against what it makes now of the same inputs.

        Args:
            made: in the order of the bundle; each is made when it is its turn.
            same_version: whether the keyplan that checks is the one that wrote.
        """
        for member in made:
            digest = _digest(member.pieces)
            if member.name not in self.names:
                if same_version:
                    yield Checked(member.name, "belongs to these inputs and is missing", wrong=True)
            elif digest == self.sums.get(member.name):
                yield Checked(member.name, "the same when computed again")
            elif same_version or member.name not in _OF_THE_VERSION:
                yield Checked(member.name, "differs from what the snapshot gives", wrong=True)

    def about(self) -> bytes:
        """The member that says which keyplan wrote the bundle; empty where there is none."""
        return self._read(ABOUT, PIECE_BYTES) if ABOUT in self.names else b""

    def _read(self, name: str, most: int) -> bytes:
        if self._archive.getinfo(name).file_size > most:
            raise UsageError(f"the bundle's {name} is larger than one can be")
        return b"".join(self._pieces(name))

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._archive.open(name) as file:
                while piece := file.read(PIECE_BYTES):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            raise UsageError(f"the bundle's {_plain(name)} is damaged: it cannot be unpacked") from None


def opened(open_archive: Callable[[], zipfile.ZipFile]) -> Opened:
    """A bundle, from what opens its zip file.

    Raises:
        UsageError: it is none.
    """
    try:
        return Opened(open_archive())
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError):
        raise UsageError("this is not an evidence bundle: it is no zip file, or it was cut off") from None


def version_of(bundle: Opened) -> str:
    """The version of the keyplan that wrote a bundle, as it says itself; empty where it says none."""
    try:
        document = json.loads(bundle.about())
    except (ValueError, RecursionError):
        return ""
    found = document.get("keyplan") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _sums(content: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in content.decode("ascii", "replace").splitlines():
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found:
            raise UsageError(f"the bundle's {SUMS} is not a list of hashes and names")
        found[match[2]] = match[1]
    return found


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _plain(name: str) -> str:
    """A member's name for a message: it is somebody's text."""
    return name if re.fullmatch(r"[A-Za-z0-9._/-]{1,100}", name) else "a member"
