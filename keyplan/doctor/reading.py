"""What files set: settings of Claude Code and of VS Code, shell profiles, dotenv, direnv, devcontainers, and
what starts a project's programs.

Pure: texts in, settings with their lines out. Shell is not run and not fully parsed: a line that assigns one
of the watched variables is taken as one that sets it, whatever condition stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from keyplan.doctor.json_places import lines, parse
from keyplan.doctor.model import FileText, Finding, Setting, Source
from keyplan.doctor.variables import (
    ACTIVE_PROFILE,
    AWS_REFRESHERS,
    GOOGLE_REFRESHERS,
    HELPER,
    MODEL_SETTING,
    WATCHED,
)
from keyplan.secret_value import SecretValue

SETTINGS = (Source.USER, Source.PROJECT, Source.LOCAL, Source.MANAGED)  # the later wins
_NAMES = "|".join(sorted(WATCHED, key=len, reverse=True))
_TEXT = r"""(?P<text>"(?:[^"\\]|\\.)*"|'[^']*'|["']?[^\s;'"]*)"""
_LINE_LIMIT_CHARACTERS = 20_000  # nobody's profile has a longer one; a made-up one would take long
_ASSIGNMENTS = [
    re.compile(form)
    for form in (
        rf"(?<![\w$:{{-])(?P<name>{_NAMES})={_TEXT}",  # sh, environment.d
        rf"\$env:(?P<name>{_NAMES})\s*=\s*{_TEXT}",  # PowerShell
        rf"(?:\bset\s(?:-\w+\s+|--\w+\s+)*|\bsetenv\s+)(?P<name>{_NAMES})\s+{_TEXT}",  # fish, csh
        rf"^SETUVAR\s(?:--\w+\s+)*(?P<name>{_NAMES}):{_TEXT}",  # fish's own file
    )
]
_DOTENV = re.compile(rf"\s*(?:export\s+)?(?P<name>{_NAMES})\s*=\s*{_TEXT}")
# make, just, TOML, YAML, JSON, XML: `NAME := text`, `"NAME": "text"`, `name="NAME" value="text"`.
_LAUNCHER = re.compile(
    rf"""(?<![\w$:{{-])(?P<name>{_NAMES})(?:["']?\s*(?::=|\?=|=(?!=)|:)\s*|["']\s+value=){_TEXT}"""
)
_COMPUTED = re.compile(r"[$`]")
_DEVCONTAINER_FIELDS = ("containerEnv", "remoteEnv")
_EDITOR_LIST = "claudeCode.environmentVariables"
_EDITOR_BLOCKS = tuple(f"terminal.integrated.env.{system}" for system in ("linux", "osx", "windows"))
_OF_JSON = (*SETTINGS, Source.DEVCONTAINER, Source.EDITOR, Source.ACTIVE_PROFILE)


def read(files: Iterable[FileText]) -> tuple[list[Setting], list[Finding]]:
    """Everything that the files set, and a finding for each file that could not be understood."""
    settings: list[Setting] = []
    findings: list[Finding] = []
    for file in files:
        if file.problem is not None:
            findings.append(_unread(file, file.problem))
        elif file.source in _OF_JSON:
            found, finding = _of_json(file)
            settings += found
            findings += [finding] if finding else []
        else:
            settings += _of_lines(file)
    return settings, findings


def of_environment(environment: Mapping[str, str]) -> list[Setting]:
    """The watched variables of a process."""
    return [
        Setting(name, SecretValue(environment[name]), Source.ENVIRONMENT)
        for name in WATCHED
        if name in environment
    ]


def _of_json(file: FileText) -> tuple[list[Setting], Finding | None]:
    if not file.text.strip():
        return [], None
    document, strict = parse(file.text)
    if document is None:
        return [], _unread(file, "is not JSON that can be read")
    places = lines(file.text)
    if file.source is Source.EDITOR:
        return list(_of_editor(file, document, places)), None
    if file.source is Source.ACTIVE_PROFILE:
        return _of_profile(file, document), None
    fields: tuple[str, ...] = _DEVCONTAINER_FIELDS if file.source is Source.DEVCONTAINER else ("env",)
    found = [
        Setting(
            name,
            SecretValue(text),
            file.source,
            file.path,
            places.get((field, name)),
            literal=file.source is not Source.DEVCONTAINER or "${" not in text,
        )
        for field in fields
        for name, text in _variables(document.get(field))
    ]
    if file.source is Source.DEVCONTAINER:
        return found, None
    for name in (HELPER, MODEL_SETTING, *AWS_REFRESHERS, *GOOGLE_REFRESHERS):
        text = document.get(name)
        if isinstance(text, str) and text:
            place = places.get((name,))
            found.append(Setting(name, SecretValue(text), file.source, file.path, place))
    if strict:
        return found, None
    message = f"has comments or a comma too many: Claude Code may leave the whole file out{_of_team(file)}"
    return found, Finding(
        "settings-not-strict", f"{file.path} {message}", file.path, hint="take the comments out of it"
    )


def _of_editor(
    file: FileText, document: dict[str, Any], places: dict[tuple[str, ...], int]
) -> Iterator[Setting]:
    """What VS Code gives to Claude Code (a list of names and values) and to its terminals (objects).

    Source: Claude Code documentation, "Use Claude Code in VS Code"; VS Code documentation, "Terminal Basics"
    (checked 2026-11-21).
    """
    pairs = document.get(_EDITOR_LIST)
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict) and isinstance(pair.get("name"), str):
            for name, text in _variables({pair["name"]: pair.get("value")}):
                yield Setting(name, SecretValue(text), file.source, file.path, places.get((_EDITOR_LIST,)))
    for block in _EDITOR_BLOCKS:
        for name, text in _variables(document.get(block)):
            literal = "${" not in text
            place = places.get((block, name))
            yield Setting(name, SecretValue(text), file.source, file.path, place, literal)


def _of_profile(file: FileText, document: dict[str, Any]) -> list[Setting]:
    """How the active profile authenticates: `oidc_federation` or `user_oauth`."""
    block = document.get("authentication")
    kind = block.get("type") if isinstance(block, dict) else None
    text = kind if isinstance(kind, str) else "unknown"
    return [Setting(ACTIVE_PROFILE, SecretValue(text), file.source, file.path)]


def _variables(block: object) -> Iterator[tuple[str, str]]:
    if not isinstance(block, dict):
        return
    for name in WATCHED:
        value = block.get(name)
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str) or (isinstance(value, int) and abs(value) < 10**18):
            yield name, str(value)


def _of_lines(file: FileText) -> Iterator[Setting]:
    forms = {Source.DOTENV: [_DOTENV], Source.LAUNCHER: [_LAUNCHER]}.get(file.source, _ASSIGNMENTS)
    for number, whole in enumerate(file.text.split("\n"), 1):
        line = whole[:_LINE_LIMIT_CHARACTERS]
        if "_" not in line or line.lstrip().startswith("#"):
            continue
        for form in forms:
            matches = [form.match(line)] if form is _DOTENV else form.finditer(line)
            for match in filter(None, matches):
                if _is_comment(line[: match.start()]):
                    continue
                quoted = match["text"]
                if not quoted and form is _LAUNCHER:
                    continue  # `NAME:` in a Compose file hands on what is there
                text = quoted.strip(quoted[0]) if quoted[:1] in ('"', "'") else quoted
                literal = quoted.startswith("'") or _COMPUTED.search(text) is None
                yield Setting(match["name"], SecretValue(text), file.source, file.path, number, literal)


def _is_comment(before: str) -> bool:
    """Whether what stands before in the line has begun a comment."""
    return re.search(r"(?:^|\s)(?:#|//)", before) is not None


def _unread(file: FileText, problem: str) -> Finding:
    message = f"{file.path} {problem}: what it sets is not known{_of_team(file)}"
    return Finding("file-not-read", message, file.path)


def _of_team(file: FileText) -> str:
    return ", and the team settings do not apply" if file.source is Source.PROJECT else ""
