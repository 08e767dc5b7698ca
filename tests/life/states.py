"""What stores say, made by hand for the pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keyplan.stores.base import SecretState, Stage, Version
from keyplan.stores.labels import VersionLabel

NOW = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)
DAY = timedelta(days=1)
HINTS = {letter * 12: f"{letter.upper() * 3}...{letter * 2}AA" for letter in "abcdef"}


def at(age: timedelta) -> str:
    return f"{NOW - age:%Y%m%dT%H%M%SZ}"


def version(
    print_: str | None,
    age: timedelta,
    stage: Stage | None = None,
    fate: str = "stored",
    since: timedelta | None = None,
    *,
    number: str | None = None,
    hint: str | None = "",
    is_labelled: bool = True,
) -> Version:
    """A version whose value is known by one letter, stored `age` ago.

    Args:
        print_: a letter; its fingerprint is twelve of it. None: too short for a fingerprint.
        since: how long ago its fate came.
        hint: its own by default; None: none.
    """
    fingerprint = None if print_ is None else print_ * 12
    shown = HINTS.get(fingerprint or "") if hint == "" else hint
    label = VersionLabel(fingerprint, "user/alice", shown, fate, None if since is None else at(since))
    return Version(
        number or f"v-{print_}-{int(age.total_seconds())}", NOW - age, label if is_labelled else None, stage
    )


def state(*versions: Version, **more: object) -> SecretState:
    """A store's answer; the version at CURRENT is what readers get."""
    current = next((each for each in versions if each.stage is Stage.CURRENT), None)
    return SecretState(current, versions=versions, **more)  # type: ignore[arg-type]
