"""What keyplan writes beside a version: which value it is, what became of it, and who stored it. Pure.

It is a staging label on AWS and an annotation on Google Cloud: metadata that people see who may not read the
value. So `status` can say who rotated a key last, `put` can refuse a value that is already there, and a
rotation can go on from another machine. The text is `FINGERPRINT:HINT:FATE:CALLER`; what is not known is `-`.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PREFIX = "keyplan:2:"  # of the staging label
PENDING = "keyplan:pending"  # the staging label of the version that a rotation is about to promote
# Source: Secrets Manager, SecretVersionStageType: 1 to 256 characters (botocore's model, checked 2026-11-21).
LABEL_MAX = 256
# Source: Secrets Manager User Guide, "Quotas": 20 labels over all versions of a secret. AWS keeps three for
# itself and other tools may use some, so keyplan's own are pruned long before that.
LABELS_KEPT = 10
AWS_LABELS = frozenset({"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"})
# A hash of something short could be guessed, and labels are readable by people who may not read the value.
FINGERPRINT_MIN_VALUE_LENGTH = 20
NOTHING = "-"
# Stored, and served from then on unless it is still pending; served since, where that was later; deactivated
# at the vendor after a rotation; shut because it had leaked.
STORED, SERVED, RETIRED, REVOKED = "stored", "served", "retired", "revoked"
_FATES = (STORED, SERVED, RETIRED, REVOKED)
_TEXT = re.compile(
    r"(?P<fingerprint>-|[0-9a-f]{12}):(?P<hint>-|[A-Za-z0-9_.-]{1,16})"
    rf":(?P<fate>{'|'.join(_FATES)})(@(?P<at>[0-9]{{8}}T[0-9]{{6}}Z))?:(?P<caller>.*)",
    re.DOTALL,
)


class VersionLabel:
    """What a label says.

    Args:
        fingerprint: None where the value was too short for one to be safe.
        caller: who stored the version.
        hint: the part of the value that the vendor itself shows in its lists, as in `R2D...igAA`; or None.
        fate: STORED, SERVED, RETIRED or REVOKED.
        at: since when, as `20261121T181500Z`; None where that is not known.
    """

    __slots__ = ("at", "caller", "fate", "fingerprint", "hint")

    def __init__(
        self,
        fingerprint: str | None,
        caller: str,
        hint: str | None = None,
        fate: str = STORED,
        at: str | None = None,
    ) -> None:
        self.fingerprint = fingerprint
        self.caller = caller
        self.hint = hint
        self.fate = fate
        self.at = at

    def became(self, fate: str, at: str) -> VersionLabel:
        """The label after the version's fate changed."""
        return VersionLabel(self.fingerprint, self.caller, self.hint, fate, at)

    @property
    def is_dead(self) -> bool:
        """Whether keyplan deactivated the value at the vendor, or shut it."""
        return self.fate in (RETIRED, REVOKED)

    def text(self, limit: int) -> str:
        """The text, with the caller cut so that it has at most `limit` characters."""
        fate = self.fate if self.at is None else f"{self.fate}@{self.at}"
        return f"{self.fingerprint or NOTHING}:{self.hint or NOTHING}:{fate}:{self.caller}"[:limit]

    def __str__(self) -> str:
        """The staging label on AWS."""
        return PREFIX + self.text(LABEL_MAX - len(PREFIX))


def read_text(text: str) -> VersionLabel | None:
    """What a label's text says, or None where it is not keyplan's."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    fingerprint, hint = match["fingerprint"], match["hint"]
    return VersionLabel(
        None if fingerprint == NOTHING else fingerprint,
        match["caller"],
        None if hint == NOTHING else hint,
        match["fate"],
        match["at"],
    )


def caller_of(identity_arn: str) -> str:
    """The readable end of an STS identity: `arn:aws:sts::1234:assumed-role/Admin/alice` ->
    `assumed-role/Admin/alice`.
    """
    return identity_arn.split(":", 5)[-1]


def parse(labels: Iterable[str]) -> VersionLabel | None:
    """What keyplan's label among a version's labels says, or None where it has none (stored by other means).

    A version has two for the moment in which its fate changes; then the later fate counts.
    """
    found = [
        label
        for text in labels
        if text.startswith(PREFIX) and (label := read_text(text.removeprefix(PREFIX))) is not None
    ]
    return max(found, key=lambda label: (_FATES.index(label.fate), label.at or ""), default=None)


def superseded(versions: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, str]]:
    """Which of keyplan's labels to take off before another version is stored, oldest version first.

    Args:
        versions: (version id, its labels), oldest first.

    Returns:
        (version id, label) pairs; none as long as there are at most LABELS_KEPT. A version that AWS's own
        labels or PENDING point to keeps its label.
    """
    ours = [
        (version_id, label) for version_id, labels in versions for label in labels if label.startswith(PREFIX)
    ]
    in_use: Mapping[str, bool] = {
        version_id: bool((AWS_LABELS | {PENDING}) & set(labels)) for version_id, labels in versions
    }
    excess = max(0, len(ours) - LABELS_KEPT)
    return [pair for pair in ours if not in_use[pair[0]]][:excess]
