"""What a token is to a trust: its claims, and whose it is; and names of which a consumer has none or one."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FOREIGN, LOOSE = "foreign-ci", "loose-ci"
STRANGER = "keyplan-stranger"
STS = "sts.amazonaws.com"
UUID = "00000000-0000-4000-8000-00000000ffff"
COMMIT = "ab" * 20
Claims = dict[str, str]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Token:
    """A token's claims, and whose it is: None for the reader's own job, else a code and words."""

    claims: Mapping[str, str]
    code: str | None = None
    whose: str = ""


Built = tuple[str, str, list[Token]]  # the issuer's address, the audience, the tokens


def texts(settings: Settings, name: str) -> list[str]:
    """The texts of a setting that is a list; none where it is not set."""
    return [str(each) for each in settings.get(name, ())]


def samples(patterns: Sequence[str]) -> list[str]:
    """One name that each pattern matches."""
    return [pattern.replace("*", "x") for pattern in patterns]


def other_than(patterns: Sequence[str]) -> list[str]:
    """A name that no pattern matches, if there is one."""
    return [] if any(fnmatch.fnmatchcase(STRANGER, pattern) for pattern in patterns) else [STRANGER]
