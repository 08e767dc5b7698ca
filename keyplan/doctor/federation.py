"""What is wrong with federation, where a workload's identity token takes the place of a key.

Pure. Of a token only its end is ever looked at. Source: Claude API, "WIF reference"
(platform.claude.com/docs/en/manage-claude/wif-reference), and the credentials of Anthropic's Python SDK: a
token's file wins over a token (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from keyplan.doctor.addresses import expiry_in
from keyplan.doctor.choosing import in_process, origins
from keyplan.doctor.model import Evidence, Finding, Kind, Setting, Stored
from keyplan.doctor.rules import at
from keyplan.doctor.variables import (
    ACTIVE_PROFILE,
    API_KEY,
    AUTH_TOKEN,
    FEDERATION,
    FEDERATION_NEEDS,
    PROFILE,
)
from keyplan.routes import IDENTITY_TOKEN, IDENTITY_TOKEN_FILE

LEEWAY_SECONDS = 30  # "A 30-second leeway is applied to exp, nbf, and iat."
_MEANT_BY = (FEDERATION, IDENTITY_TOKEN_FILE, IDENTITY_TOKEN)


def of_federation(
    settings: Sequence[Setting], effective: Mapping[str, Setting], evidence: Evidence
) -> Iterator[Finding]:
    """Federation that is shadowed, lacks something, or has a token that cannot be used."""
    there = {**in_process(settings), **effective}
    meant = next((there[name] for name in _MEANT_BY if name in there), None)
    if meant is None:
        return
    if FEDERATION in there or not any(name in there for name in (PROFILE, ACTIVE_PROFILE)):
        yield from _incomplete(settings, meant, there)
    if FEDERATION in there:
        yield from _shadowed(settings)
    yield from _tokens(there, evidence)


def unusable(stored: Stored, now: float | None) -> Finding | None:
    """What is wrong with the file of an identity token, or None."""
    cause = stored.cause
    if stored.kind is not Kind.IDENTITY_TOKEN or cause is None:
        return None
    if stored.problem is not None:
        words = f"names a file that {stored.problem}: there is no token to exchange"
        return at(cause, "identity-token-unusable", words, "look where the workload's token is written to")
    if _is_over(stored.expires_at, now):
        words = "names a file whose token has expired: nothing renews it"
        return at(cause, "identity-token-expired", words, "look whether the issuer still writes that file")
    return None


def _incomplete(
    settings: Sequence[Setting], meant: Setting, there: Mapping[str, Setting]
) -> Iterator[Finding]:
    missing = [] if FEDERATION in there else [FEDERATION]
    missing += [group[0] for group in FEDERATION_NEEDS if not any(name in there for name in group)]
    if missing:
        words = f"is set, and {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not"
        words += ": there is no federation without"
        place = origins(settings, meant)[0]
        yield at(place, "federation-incomplete", words, f"set what is missing, or unset {meant.name}")


def _shadowed(settings: Sequence[Setting]) -> Iterator[Finding]:
    """A key or a token that is left over wins silently over federation."""
    for setting in settings:
        if setting.name in (API_KEY, AUTH_TOKEN) and setting.is_set:
            if setting not in origins(settings, setting):
                continue
            words = f"wins over the federation that {FEDERATION} sets up"
            yield at(setting, "federation-shadowed", words, f"unset {setting.name}, and take the line out")


def _tokens(there: Mapping[str, Setting], evidence: Evidence) -> Iterator[Finding]:
    file, token = there.get(IDENTITY_TOKEN_FILE), there.get(IDENTITY_TOKEN)
    if token is not None and file is not None:
        words = f"loses: {IDENTITY_TOKEN_FILE} in {file.place} wins over it"
        yield at(token, "loses", words, "keep one of the two")
    elif token is not None and _is_over(expiry_in(token), evidence.now):
        words = "is a token that has expired, and a variable is not renewed"
        yield at(token, "identity-token-expired", words, f"{IDENTITY_TOKEN_FILE} is read at each exchange")
    for stored in evidence.stored:
        found = unusable(stored, evidence.now)
        if found is not None:
            yield found


def _is_over(expires_at: float | None, now: float | None) -> bool:
    return expires_at is not None and now is not None and now > expires_at + LEEWAY_SECONDS
