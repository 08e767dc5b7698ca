"""The staging label that `keyplan put` attaches to a version: who stored it, and which value it is. Pure.

Labels are metadata: `status` can say who rotated a key last, and `put` can refuse the value that is already
there, without permission to read any value. The form is `keyplan:1:FINGERPRINT:CALLER`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PREFIX = "keyplan:1:"
# Source: Secrets Manager, SecretVersionStageType: 1 to 256 characters (botocore's model, checked 2026-11-21).
LABEL_MAX = 256
# Source: Secrets Manager User Guide, "Quotas": 20 labels over all versions of a secret. AWS keeps three for
# itself and other tools may use some, so keyplan's own are pruned long before that.
LABELS_KEPT = 10
AWS_LABELS = frozenset({"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"})
# A hash of something short could be guessed, and labels are readable by people who may not read the value.
FINGERPRINT_MIN_VALUE_LENGTH = 20
NO_FINGERPRINT = "-"


class VersionLabel:
    """What a label says. `fingerprint` is None where the value was too short for one to be safe."""

    __slots__ = ("caller", "fingerprint")

    def __init__(self, fingerprint: str | None, caller: str) -> None:
        self.fingerprint = fingerprint
        self.caller = caller

    def __str__(self) -> str:
        return f"{PREFIX}{self.fingerprint or NO_FINGERPRINT}:{self.caller}"[:LABEL_MAX]


def caller_of(identity_arn: str) -> str:
    """The readable end of an STS identity: `arn:aws:sts::1234:assumed-role/Admin/alice` ->
    `assumed-role/Admin/alice`.
    """
    return identity_arn.split(":", 5)[-1]


def parse(labels: Iterable[str]) -> VersionLabel | None:
    """What keyplan's label among a version's labels says, or None where it has none (stored by other
    means).
    """
    for label in labels:
        fingerprint, colon, caller = label.removeprefix(PREFIX).partition(":")
        if label.startswith(PREFIX) and colon:
            return VersionLabel(None if fingerprint == NO_FINGERPRINT else fingerprint, caller)
    return None


def superseded(versions: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, str]]:
    """Which of keyplan's labels to take off before another version is stored, oldest version first.

    Args:
        versions: (version id, its labels), oldest first.

    Returns:
        (version id, label) pairs; none as long as there are at most LABELS_KEPT. A version that AWS's own
        labels point to keeps its label.
    """
    ours = [
        (version_id, label) for version_id, labels in versions for label in labels if label.startswith(PREFIX)
    ]
    in_use: Mapping[str, bool] = {
        version_id: bool(AWS_LABELS & set(labels)) for version_id, labels in versions
    }
    excess = max(0, len(ours) - LABELS_KEPT)
    return [pair for pair in ours if not in_use[pair[0]]][:excess]
