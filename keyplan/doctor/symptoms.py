"""What a person notices first, each told in the words that they would use: the API route where a login was
expected, a gateway URL out of nowhere, a provider that owns the session, team settings that do not apply.

Pure. Another model than in settings is told by `collisions`, where the two meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from keyplan.doctor.addresses import address_in
from keyplan.doctor.model import Choice, Evidence, Finding, Setting, Source
from keyplan.doctor.rules import at
from keyplan.doctor.variables import (
    ACTIVE_PROFILE,
    API_KEY,
    AUTH_TOKEN,
    BASE_URL,
    BASE_URLS,
    FLAGS,
    HELPER,
    LOGIN,
    OF_ANTHROPIC,
    ROUTING,
    UNCHECKED,
)

_API_ROUTES = (API_KEY, AUTH_TOKEN, HELPER)
# A file that travels with the repository, or that somebody else writes.
_OF_OTHERS = (Source.PROJECT, Source.DEVCONTAINER, Source.MANAGED)


def of_symptoms(
    effective: Mapping[str, Setting], claude_code: Choice, evidence: Evidence
) -> Iterator[Finding]:
    """The findings that answer what a person would ask; each setting is told where it comes from."""
    yield from _api_route(claude_code)
    yield from _provider(claude_code)
    yield from _gateway(effective)
    yield from _in_the_clear(effective)
    yield from _waiting(effective, evidence)


def nowhere(setting: Setting) -> str:
    """Where to look further for what no file that was looked at sets."""
    if setting.source is not Source.ENVIRONMENT:
        return ""
    found = f"on macOS `launchctl getenv {setting.name}`, elsewhere what started this shell"
    return f"; no file that was looked at sets it: {found}"


def _api_route(choice: Choice) -> Iterator[Finding]:
    if choice.uses is None or choice.uses.name not in _API_ROUTES:
        return
    for login in choice.loses:
        if login.name == LOGIN:
            words = (
                f"takes the API route where a login was expected: the one in {login.places[0].place} is not "
            )
            words += "used, and what is done is billed to the key's organization"
            hint = f"unset {choice.uses.name} for the login, or /logout where the key is meant"
            yield at(choice.uses.places[0], "api-route", words, hint)


def _provider(choice: Choice) -> Iterator[Finding]:
    """Source: Claude Code documentation, "Authentication": a provider's flag comes first."""
    if choice.uses is None or choice.uses.name not in FLAGS:
        return
    lost = [named.name for named in choice.loses if named.name not in (*FLAGS, ACTIVE_PROFILE)]
    if lost:
        names = ", ".join("the login" if name == LOGIN else name for name in lost)
        words = f"is on: a provider owns the session, and Claude Code does not use {names}"
        yield at(choice.uses.places[0], "provider-owns-session", words, f"unset {choice.uses.name}, or those")


def _gateway(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """The two halves of a gateway from different hands: the token of one goes to the host of the other.

    That is how a repository's settings can take a person's key away: what they name is asked with it.
    """
    address = effective.get(BASE_URL)
    token = effective.get(AUTH_TOKEN)
    if address is None or token is None or address.is_known(OF_ANTHROPIC) or address.file == token.file:
        return
    if address.source in _OF_OTHERS:
        words = f"is a gateway URL out of nowhere: the {AUTH_TOKEN} of {token.place} goes there"
        yield at(address, "gateway-elsewhere", words, "set both in one place, once you know whose host it is")


def _in_the_clear(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    for name in (BASE_URL, *BASE_URLS.values()):
        setting = effective.get(name)
        address = None if setting is None else address_in(setting)
        if setting is not None and address is not None and address.scheme == "http" and not address.is_here:
            words = "names another machine without TLS: whoever is on the way reads the credential"
            yield at(setting, "in-the-clear", words, "use https")
    unchecked = effective.get(UNCHECKED)
    if unchecked is not None and unchecked.literal and unchecked.is_zero:
        words = "is 0: no certificate is checked, and whoever is on the way reads the credential"
        yield at(unchecked, "in-the-clear", words, "take it out, and name the certificates to trust instead")


def _waiting(effective: Mapping[str, Setting], evidence: Evidence) -> Iterator[Finding]:
    """Variables of a repository wait until the folder is trusted; models, limits and the like do not.

    Source: Claude Code documentation, "Settings reference", `env`, and "Permissions", "Project allow rules
    and workspace trust" (code.claude.com/docs, checked 2026-11-21).
    """
    if evidence.trusted is not False:
        return
    waiting = [
        setting
        for setting in effective.values()
        if setting.source in (Source.PROJECT, Source.LOCAL) and setting.name in (*ROUTING, HELPER)
    ]
    for setting in waiting:
        words = "waits: the team settings do not apply in a session until you trust this folder"
        hint = "start `claude` here and accept, once you know what is in it; `claude -p` does not ask"
        yield at(setting, "not-trusted", words, hint)
