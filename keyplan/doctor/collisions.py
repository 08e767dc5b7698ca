"""What is wrong between settings: pairs that are torn, what loses, and what another program would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from keyplan.doctor.choosing import in_claude_code, in_process, kind, origins
from keyplan.doctor.federation import of_federation
from keyplan.doctor.model import Choice, Evidence, Finding, Named, Setting, Source
from keyplan.doctor.providers import of_providers
from keyplan.doctor.reading import SETTINGS
from keyplan.doctor.rules import at
from keyplan.doctor.symptoms import nowhere, of_symptoms
from keyplan.doctor.variables import (
    ACTIVE_PROFILE,
    AUTH_TOKEN,
    BASE_URL,
    FEDERATION,
    HELPER,
    KNOWN,
    LOGIN,
    MODEL,
    MODEL_SETTING,
    OF_ANTHROPIC,
    ROUTING,
)


def between(
    settings: Sequence[Setting], claude_code: Choice, sdk: Choice, evidence: Evidence
) -> Iterator[Finding]:
    """Everything that only shows when settings are seen together."""
    effective = in_claude_code(settings)
    # Each is told where it comes from: the line of a profile rather than the environment.
    traced = {name: origins(settings, setting)[0] for name, setting in effective.items()}
    yield from of_providers(traced)
    yield from _torn_pair(traced)
    yield from of_federation(settings, traced, evidence)
    yield from _losers(claude_code, sdk)
    yield from _overridden(settings, effective)
    yield from _dotenv(settings)
    yield from _of_other_starts(settings)
    yield from of_symptoms(traced, claude_code, evidence)


def _torn_pair(effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """A gateway's token and its address go together; Anthropic's own OAuth tokens need no address."""
    token, address = effective.get(AUTH_TOKEN), effective.get(BASE_URL)
    if token is not None and address is None:
        if token.kind != "OAuth token":
            words = f"has no {BASE_URL} beside it: a gateway's token would go to Anthropic"
            yield at(token, "token-without-address", words, f"set {BASE_URL}, or unset {AUTH_TOKEN}")
        return
    if address is None or token is not None or address.is_known(OF_ANTHROPIC):
        return
    helper = effective.get(HELPER)
    if helper is not None and helper.file == address.file:
        return  # the form that `keyplan wire claude-code` gives a gateway
    words = (
        f"is a gateway URL out of nowhere: it names another host than Anthropic's, there is no {AUTH_TOKEN}"
    )
    words += " beside it, and other credentials go there"
    hint = f"set {AUTH_TOKEN} too, or unset {BASE_URL}{nowhere(address)}"
    yield at(address, "address-without-token", words, hint)


def _losers(claude_code: Choice, sdk: Choice) -> Iterator[Finding]:
    """One finding for each; a pair of which each client uses one is told once."""
    ours, theirs = claude_code.uses, sdk.uses
    used = {choice.name for choice in (ours, theirs) if choice is not None}
    for client, choice in (("Claude Code", claude_code), ("the SDKs", sdk)):
        for loser in choice.loses:
            if choice.uses is None or loser.name in (*used, LOGIN, FEDERATION, ACTIVE_PROFILE):
                continue
            words = f"loses: {client} would use {choice.uses.name}"
            yield at(loser.places[0], "loses", words, f"keep one of {choice.uses.name} and {loser.name}")
    if ours is not None and theirs is not None and not _is_same(ours, theirs):
        words = f"is what the SDKs would use, and Claude Code would use {ours.name} in {ours.places[0].place}"
        yield at(theirs.places[0], "clients-differ", words, "unset the one that is left over")


def _is_same(first: Named, second: Named) -> bool:
    return first.name == second.name and first.places[0].value == second.places[0].value


def _overridden(settings: Sequence[Setting], effective: Mapping[str, Setting]) -> Iterator[Finding]:
    """What the shell has, or a lower scope, and another settings file sets otherwise."""
    for setting in settings:
        winner = effective.get(setting.name)
        if setting.name not in KNOWN or winner is None or winner.source not in SETTINGS:
            continue
        if setting.value == winner.value or setting.source not in (Source.ENVIRONMENT, *SETTINGS):
            continue
        if setting.source is not Source.ENVIRONMENT and setting.name not in ROUTING:
            continue  # a scope above has another region or model: that is what scopes are for
        code = "model-overridden" if setting.name == MODEL else "overridden"
        words = f"is another one in Claude Code: {winner.place} sets it"
        if code == "model-overridden":
            words = f"is another model than in settings: {winner.place} sets the one that Claude Code takes"
        if setting.source is Source.PROJECT:
            words += ", and the team settings do not apply"
        yield at(origins(settings, setting)[0], code, words, "keep one of the two")
    model, wanted = effective.get(MODEL), effective.get(MODEL_SETTING)
    if model is not None and wanted is not None and model.value != wanted.value:
        words = f"is another model than in settings: it wins over `{MODEL_SETTING}` in {wanted.place}"
        if wanted.source is Source.PROJECT:
            words += ", and the team settings do not apply"
        yield at(origins(settings, model)[0], "model-overridden", words, "keep one of the two")


def _dotenv(settings: Sequence[Setting]) -> Iterator[Finding]:
    """Libraries that load such a file leave a variable alone that is set already."""
    process = in_process(settings)
    for setting in settings:
        there = process.get(setting.name)
        if setting.source is not Source.DOTENV or there is None or there.value == setting.value:
            continue
        if setting.name in (*ROUTING, MODEL) and setting.literal and setting.is_set:
            what = f"{there.name} of {origins(settings, there)[0].place} ({kind(there)})"
            words = f"loses: a program that loads this file keeps the {what}"
            yield at(setting, "dotenv-loses", words, f"unset {setting.name} where the file should count")


def _of_other_starts(settings: Sequence[Setting]) -> Iterator[Finding]:
    """What a profile, an editor or a project's launcher sets and this shell does not have."""
    process = in_process(settings)
    for setting in settings:
        if setting.source not in _STARTS or setting.name not in ROUTING or not setting.is_set:
            continue
        there = process.get(setting.name)
        if there is not None and (there.value == setting.value or not setting.literal):
            continue
        if setting.source is Source.PROFILE:
            words = "is not what this shell has: a new one would have it"
            hint = "take the line out, or open a new shell and ask there"
            yield at(setting, "new-shell", words, hint)
        elif setting.literal:
            words = f"is not what this shell has: {_STARTS[setting.source]} would have it"
            yield at(setting, "started-otherwise", words, "take it out, or give it in one place for both")


_STARTS = {
    Source.PROFILE: "a new shell",
    Source.EDITOR: "Claude Code in VS Code, or a terminal there,",
    Source.LAUNCHER: "what is started through this file",
}
