"""What a vendor's answer about a value means, in words that are keyplan's own. Pure.

Owns the verdicts, the answer and the question. Which question a vendor is asked and what its replies mean
belongs to the vendor's module; asking is `road`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(StrEnum):
    """What became known of a value."""

    ALIVE = "alive"  # the vendor takes it, and it belongs where it should
    LIMITED = "limited"  # the vendor knows it; a limit of spending, billing or speed is reached
    DEAD = "dead"  # the vendor does not know it, or no longer
    FORBIDDEN = "forbidden"  # the vendor knows it and refuses it everything
    ELSEWHERE = "elsewhere"  # alive, of another organization or workspace than the catalogue's
    UNKNOWN = "unknown"  # no answer that means anything, or nobody to ask

    @property
    def is_living(self) -> bool:
        """Whether the vendor takes it: the only two verdicts with which a value may be promoted."""
        return self in (Verdict.ALIVE, Verdict.LIMITED)


@dataclass(frozen=True)
class Answer:
    """What is known of one value now. Never the value, and never the vendor's own text."""

    verdict: Verdict
    words: str  # what was found, for a sentence: `the vendor does not know this key, or no longer`
    organization: str | None = None  # where it belongs, as far as the vendor says
    workspace: str | None = None
    request_id: str | None = None  # the vendor's own, for its support
    seconds: float = 0.0  # how long it took, with waits
    was_asked: bool = True  # False where there was nobody to ask

    def may_be_stored(self, *, unverified: bool = False) -> bool:
        """Whether a value may be stored and promoted. `unverified` lets through what nobody could answer,
        and never what a vendor refused.
        """
        return self.verdict.is_living or (unverified and self.verdict is Verdict.UNKNOWN)


def nothing_to_ask(why: str) -> Answer:
    """The answer where there is nobody to ask: `no checkUrl in the catalogue`."""
    return Answer(Verdict.UNKNOWN, f"nothing to ask: {why}", was_asked=False)


@dataclass(frozen=True)
class Question:
    """A GET that costs nothing and tells whether a value is alive; the value is put in when it is sent."""

    url: str  # scheme, host and port
    target: str  # path and query
    header: str  # the header that takes the value
    prefix: str = ""  # what stands before the value there: `Bearer `
    headers: Mapping[str, str] = field(default_factory=dict)  # the others


@dataclass(frozen=True)
class Reply:
    """What came back: the status, the headers with names in lower case, and the content."""

    status: int
    headers: Mapping[str, str]
    content: bytes
