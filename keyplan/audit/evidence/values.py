"""Whether a document that goes into a bundle holds something like a value; where it stands, never what it is.

A snapshot has none by construction (docs/audit.md). But it is a file, and somebody may have put more into it
than belongs there. The forms are stricter than those with which a pasted key is refused in a configuration
(keyplan/checks/pasted.py): an account's names are many, and `ecs-task-…` must not pass for `sk-…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

# Fields in which AWS's answers carry values: GetSecretValue, Decrypt, AssumeRole, CreateAccessKey.
FIELDS = ("SecretString", "SecretBinary", "Plaintext", "SecretAccessKey", "SessionToken")
_DIGIT = "(?=[A-Za-z_-]*[0-9])"
_CAPITAL = "(?=[a-z0-9_-]*[A-Z])"
_VALUE = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    rf"sk-ant-{_DIGIT}[A-Za-z0-9_-]{{16,}}"
    rf"|sk-(?:proj|svcacct|admin)-{_DIGIT}{_CAPITAL}[A-Za-z0-9_-]{{32,}}"
    r"|sk-or-v1-[0-9a-f]{32,}"
    r"|sk-[A-Za-z0-9]{40,}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{20,}"
    r"|(?:hf_|gsk_|pplx-|xai-|nvapi-|r8_)[A-Za-z0-9]{30,}"
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"
    r")|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# The same fields in JSON that stands in a text, however often it was quoted.
_FIELD_IN_TEXT = re.compile(rf'"(?:{"|".join(FIELDS)})\\*"\s*:\s*\\*"[^"\\]')
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_:.-]{0,63}")
_BY_NAME = {name.lower() for name in FIELDS}


def value_places(text: str, document: object) -> list[str]:
    """Where a document holds something like a value: `secrets[3].SecretString`; empty where nothing does.

    Args:
        text: the file, in which a name may stand twice, so that `document` has one of them only.
        document: what the text says, as JSON was loaded.
    """
    found = list(_places(document))
    if not found and (match := _match(text)) is not None:
        found = [f"line {text.count(chr(10), 0, match.start()) + 1}"]
    return found


def _places(document: object) -> Iterator[str]:
    left: list[tuple[str, object]] = [("", document)]
    while left:
        place, value = left.pop()
        if isinstance(value, str):
            if _match(value) is not None:
                yield place or "the text"
        elif isinstance(value, list):
            left += [(f"{place}[{number}]", each) for number, each in enumerate(value)]
        elif isinstance(value, Mapping):
            for name, each in value.items():
                inside = f"{place}.{_shown(name)}".removeprefix(".")
                if (each and name.lower() in _BY_NAME) or _match(name) is not None:
                    yield inside
                else:
                    left.append((inside, each))


def _match(text: str) -> re.Match[str] | None:
    found = _VALUE.search(text) or _FIELD_IN_TEXT.search(text)
    if found is None and "%" in text:
        plain = unquote(text)
        found = _VALUE.search(plain) or _FIELD_IN_TEXT.search(plain)
    return found


def _shown(name: str) -> str:
    """A field's name, unless it could be the value itself."""
    return name if _PLAIN_NAME.fullmatch(name) and _match(name) is None else "(a field)"
