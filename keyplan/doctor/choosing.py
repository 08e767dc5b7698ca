"""Which credential each client would use, of all that is set.

Owns what is in effect (settings over the process's environment) and the two orders. Source of the orders:
`variables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from keyplan.doctor.model import Choice, Named, Setting, Source
from keyplan.doctor.reading import SETTINGS
from keyplan.doctor.variables import (
    ACTIVE_PROFILE,
    CLAUDE_CODE_ORDER,
    CREDENTIALS,
    FEDERATION,
    FEDERATION_NEEDS,
    FLAGS,
    HELPER,
    LOGIN,
    PROFILE,
    SDK_ORDER,
)

# Files that a shell reads, and an editor's for its terminals: where one sets what the process has, it is
# taken for the origin.
_ORIGINS = (Source.PROFILE, Source.DIRENV, Source.EDITOR)
_KINDS = {
    HELPER: "command",
    LOGIN: "login",
    PROFILE: "profile",
    ACTIVE_PROFILE: "profile",
    FEDERATION: "federation",
}
_WHY_CLAUDE_CODE = (
    "the first that is set, of: a provider's flag, ANTHROPIC_AUTH_TOKEN, ANTHROPIC_API_KEY, apiKeyHelper, "
    "CLAUDE_CODE_OAUTH_TOKEN, a profile, federation, the login of /login"
)
_WHY_SDK = (
    "the first that is set, of: ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN, ANTHROPIC_PROFILE, federation, "
    "the active profile; an SDK reads no settings of Claude Code, and its code may name another credential"
)
_OF_A_PERSON = re.compile("user_oauth")  # what `ant auth login` wrote


def in_process(settings: Iterable[Setting]) -> dict[str, Setting]:
    """What programs started here get, blank ones left out: both clients take those for unset."""
    return {
        setting.name: setting
        for setting in settings
        if setting.source is Source.ENVIRONMENT and setting.is_set
    }


def in_claude_code(settings: Sequence[Setting]) -> dict[str, Setting]:
    """What Claude Code has in effect: its settings set variables over those that it was started with."""
    found = {setting.name: setting for setting in settings if setting.source is Source.AWS}
    found |= in_process(settings)
    for source in (*SETTINGS, Source.ACTIVE_PROFILE, Source.LOGIN):
        for setting in settings:
            if setting.source is source:
                found[setting.name] = setting
    return {name: setting for name, setting in found.items() if setting.is_set}


def claude_code(settings: Sequence[Setting]) -> Choice:
    """What Claude Code would use here.

    A profile that a person's `ant auth login` wrote, and that nothing names, comes after the login; one for
    federation comes before it. Source: Claude Code documentation, "Authentication" (checked 2026-11-21).
    """
    effective = in_claude_code(settings)
    order = list(CLAUDE_CODE_ORDER)
    active = effective.get(ACTIVE_PROFILE)
    if active is not None and is_of_a_person(active):
        order.remove(ACTIVE_PROFILE)
        order.append(ACTIVE_PROFILE)
    return _choice(settings, _federated(effective, FEDERATION_NEEDS[:1]), order, _WHY_CLAUDE_CODE)


def is_of_a_person(profile: Setting) -> bool:
    """Whether an active profile is one that `ant auth login` wrote: it leaves the login alone."""
    return profile.is_known(_OF_A_PERSON)


def sdk(settings: Sequence[Setting]) -> Choice:
    """What a program with Anthropic's SDK, started here, would use."""
    effective = in_process(settings)
    effective |= {setting.name: setting for setting in settings if setting.source is Source.ACTIVE_PROFILE}
    return _choice(settings, _federated(effective, FEDERATION_NEEDS), SDK_ORDER, _WHY_SDK)


def origins(settings: Sequence[Setting], setting: Setting) -> tuple[Setting, ...]:
    """The lines of files that set just what the environment has; else the setting itself."""
    if setting.source is not Source.ENVIRONMENT:
        return (setting,)
    same = [
        other
        for other in settings
        if other.name == setting.name and other.source in _ORIGINS and other.value == setting.value
    ]
    return tuple(same) or (setting,)


def kind(setting: Setting) -> str:
    """What a setting is, without its value."""
    if setting.name in FLAGS:
        return "provider"
    if setting.name in _KINDS:
        return _KINDS[setting.name]
    if setting.name not in CREDENTIALS:
        return "setting"
    return setting.kind


def _federated(effective: Mapping[str, Setting], needs: Iterable[Sequence[str]]) -> dict[str, Setting]:
    """Without federation where what it needs is not there: the client goes on to what comes next."""
    complete = all(any(name in effective for name in group) for group in needs)
    return {name: setting for name, setting in effective.items() if name != FEDERATION or complete}


def _choice(
    settings: Sequence[Setting], effective: Mapping[str, Setting], order: Sequence[str], why: str
) -> Choice:
    there = [
        effective[name]
        for name in order
        if name in effective and (name not in FLAGS or effective[name].is_on)
    ]
    named = [Named(setting.name, kind(setting), origins(settings, setting)) for setting in there]
    return Choice(named[0] if named else None, why, tuple(named[1:]))
