"""A diagnosis as text and as JSON (docs/doctor.md). Only names, kinds and places are in either."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keyplan.doctor.model import Answer, Choice, Diagnosis, Finding, Named, Setting, Source, State, Stored

FORMAT = "keyplan-doctor/1"
_CLIENTS = {"claudeCode": "Claude Code", "sdk": "A program with Anthropic's SDK"}


def as_text(diagnosis: Diagnosis) -> str:
    """What the person reads, with a line end."""
    lines = [*_choice_lines("claudeCode", diagnosis.claude_code), *_choice_lines("sdk", diagnosis.sdk)]
    lines += [_answer_line(answer) for answer in diagnosis.answers]
    lines.append("")
    count = len(diagnosis.findings)
    lines.append(f"{count} finding{'' if count == 1 else 's'}" if count else "nothing is in the way")
    for finding in diagnosis.findings:
        lines.append(f"  {finding.code}: {finding.message}")
        lines += [f"    {finding.hint}"] if finding.hint else []
    if diagnosis.unset or diagnosis.remove:
        lines += ["", "back to clean, where Claude Code uses the login of /login:"]
        lines += [f"  unset {' '.join(diagnosis.unset)}"] if diagnosis.unset else []
        lines += [f"  take {setting.name} out of {setting.place}" for setting in diagnosis.remove]
    return "\n".join(lines) + "\n"


def as_document(diagnosis: Diagnosis) -> dict[str, Any]:
    """What `--format json` prints."""
    return {
        "format": FORMAT,
        "clean": not diagnosis.findings,
        "claudeCode": _choice(diagnosis.claude_code),
        "sdk": _choice(diagnosis.sdk),
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "unset": list(diagnosis.unset),
        "remove": [{"name": setting.name, **_place(setting)} for setting in diagnosis.remove],
        "hosts": [_answer(answer) for answer in diagnosis.answers],
        "stored": [_stored(stored) for stored in diagnosis.stored],
    }


def _choice_lines(client: str, choice: Choice) -> Iterator[str]:
    if choice.uses is None:
        yield f"{_CLIENTS[client]} finds no credential here"
    else:
        yield f"{_CLIENTS[client]} would use {_words(choice.uses)}"
    yield f"  why: {choice.why}"
    for loser in choice.loses:
        yield f"  loses: {_words(loser)}"


def _answer_line(answer: Answer) -> str:
    """`api.anthropic.com can be reached by Claude Code`: one line a client."""
    way = f", {answer.way}" if answer.way else ""
    if answer.state is State.REACHED:
        return f"{answer.client} can reach {answer.host}{way}"
    if answer.state is State.UNASKED:
        return f"whether {answer.client} can reach {answer.host}{way} was not asked: {answer.words}"
    return f"{answer.client} cannot reach {answer.host}{way}: {answer.words}"


def _words(named: Named) -> str:
    places = " and ".join(place.place for place in named.places)
    if named.places[0].source is Source.LOGIN:
        return f"the login ({places})"
    return f"{named.name} ({named.kind}), set in {places}"


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "uses": None if choice.uses is None else _named(choice.uses),
        "why": choice.why,
        "loses": [_named(loser) for loser in choice.loses],
    }


def _named(named: Named) -> dict[str, Any]:
    return {"name": named.name, "kind": named.kind, "places": [_place(place) for place in named.places]}


def _place(setting: Setting) -> dict[str, Any]:
    return {"source": setting.source.value, "file": setting.file, "line": setting.line}


def _answer(answer: Answer) -> dict[str, Any]:
    ahead = None if answer.ahead_seconds is None else round(answer.ahead_seconds)
    return {
        "client": answer.client,
        "host": answer.host,
        "state": answer.state.value,
        "words": answer.words or None,
        "way": answer.way or None,
        "aheadSeconds": ahead,
    }


def _stored(stored: Stored) -> dict[str, Any]:
    """When something ends, and never what it is; the moment is in UTC."""
    from datetime import UTC, datetime

    ends = stored.expires_at
    moment = None if ends is None else datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "kind": stored.kind.value,
        "place": stored.place,
        "variable": None if stored.cause is None else stored.cause.name,
        "problem": stored.problem,
        "expiresAt": moment,
        "renews": stored.renews,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "message": finding.message,
        "file": finding.file,
        "line": finding.line,
        "hint": finding.hint,
    }
