"""What files set: settings of Claude Code, shell profiles, dotenv, direnv, devcontainers.

Pure: texts in, settings with their lines out. Shell is not run and not fully parsed: a line that assigns one
of the known variables is taken as one that sets it, whatever condition stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from keyplan.doctor.json_places import lines, parse
from keyplan.doctor.model import FileText, Finding, Setting, Source
from keyplan.doctor.variables import HELPER, KNOWN, MODEL_SETTING
from keyplan.secret_value import SecretValue

SETTINGS = (Source.USER, Source.PROJECT, Source.LOCAL, Source.MANAGED)  # the later wins
_NAMES = "|".join(sorted(KNOWN, key=len, reverse=True))
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
_COMPUTED = re.compile(r"[$`]")
_DEVCONTAINER_FIELDS = ("containerEnv", "remoteEnv")


def read(files: Iterable[FileText]) -> tuple[list[Setting], list[Finding]]:
    """Everything that the files set, and a finding for each file that could not be understood."""
    settings: list[Setting] = []
    findings: list[Finding] = []
    for file in files:
        if file.problem is not None:
            findings.append(_unread(file, file.problem))
        elif file.source in SETTINGS or file.source is Source.DEVCONTAINER:
            found, finding = _of_json(file)
            settings += found
            findings += [finding] if finding else []
        else:
            settings += _of_lines(file)
    return settings, findings


def of_environment(environment: Mapping[str, str]) -> list[Setting]:
    """The known variables of a process."""
    return [
        Setting(name, SecretValue(environment[name]), Source.ENVIRONMENT)
        for name in KNOWN
        if name in environment
    ]


def _of_json(file: FileText) -> tuple[list[Setting], Finding | None]:
    if not file.text.strip():
        return [], None
    document, strict = parse(file.text)
    if document is None:
        return [], _unread(file, "is not JSON that can be read")
    places = lines(file.text)
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
    for name in (HELPER, MODEL_SETTING):
        text = document.get(name)
        if isinstance(text, str) and text:
            place = places.get((name,))
            found.append(Setting(name, SecretValue(text), file.source, file.path, place))
    if strict:
        return found, None
    message = "has comments or a comma too many: Claude Code may leave the whole file out"
    return found, Finding(
        "settings-not-strict", f"{file.path} {message}", file.path, hint="take the comments out of it"
    )


def _variables(block: object) -> Iterator[tuple[str, str]]:
    if not isinstance(block, dict):
        return
    for name in KNOWN:
        value = block.get(name)
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str) or (isinstance(value, int) and abs(value) < 10**18):
            yield name, str(value)


def _of_lines(file: FileText) -> Iterator[Setting]:
    forms = [_DOTENV] if file.source is Source.DOTENV else _ASSIGNMENTS
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
                text = quoted.strip(quoted[0]) if quoted[:1] in ('"', "'") else quoted
                literal = quoted.startswith("'") or _COMPUTED.search(text) is None
                yield Setting(match["name"], SecretValue(text), file.source, file.path, number, literal)


def _is_comment(before: str) -> bool:
    """Whether what stands before in the line has begun a comment."""
    return re.search(r"(?:^|\s)#", before) is not None


def _unread(file: FileText, problem: str) -> Finding:
    return Finding("file-not-read", f"{file.path} {problem}: what it sets is not known", file.path)
