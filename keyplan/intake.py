"""From what a person typed, pasted or piped to a value, or the words for what is wrong with it. Pure.

Only mistakes of any key are found here; a vendor's own form is checked by its module. Nothing is repaired but
one line end from standard input (`echo KEY |` adds it): a repair by guessing would store another key than the
person meant. No message repeats any part of what was given.
"""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected
from keyplan.secret_value import SecretValue

# Larger input cannot become a value: with its JSON around it, a secret holds 65,536 bytes.
INPUT_LIMIT_BYTES = 65_536
# A terminal hands over one line of at most 4,096 bytes, end included, and drops the rest without a word.
# Source: termios(3), "Canonical and noncanonical mode" (checked 2026-11-21).
TERMINAL_LINE_LIMIT_BYTES = 4_095
_QUOTES = tuple("\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb")
# `=` followed by something: base64 may end in `=`, but never goes on after it.
_ASSIGNMENT = re.compile(r"(export\s+|set\s+|\$env:)?[A-Za-z_][A-Za-z0-9_]*\s*=\s*[^=\s]")


def from_input(content: bytes) -> SecretValue:
    """The value in everything that standard input held; one line end after it is taken off.

    Raises:
        ValueRejected: with words for the mistake.
    """
    if len(content) > INPUT_LIMIT_BYTES + len(b"\r\n"):
        raise _too_large()
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ValueRejected(
            "the value is not UTF-8 text",
            "is it a binary file, or a file in another encoding, such as UTF-16?",
        ) from None
    if text.endswith("\n"):
        text = text[:-1].removesuffix("\r")
    return from_text(text, "standard input was empty")


def from_prompt(text: str) -> SecretValue:
    """The value that somebody typed or pasted at the prompt.

    Raises:
        ValueRejected: with words for the mistake.
    """
    if len(text.encode("utf-8", "surrogatepass")) >= TERMINAL_LINE_LIMIT_BYTES:
        raise ValueRejected(
            f"the value is too long for a terminal, which cuts lines at {TERMINAL_LINE_LIMIT_BYTES} bytes",
            "give it on standard input",
        )
    return from_text(text, "nothing was entered")


def from_text(text: str, when_empty: str) -> SecretValue:
    """The value, if it is one word of printable characters without quotes or a name around it."""
    if not text:
        raise ValueRejected(f"there is no value: {when_empty}", "give the key itself; nothing was stored")
    mistake = _wrong_thing(text) or _white_space(text)
    if mistake:
        raise ValueRejected(*mistake)
    if len(text.encode()) > INPUT_LIMIT_BYTES:
        raise _too_large()
    return SecretValue(text)


def _wrong_thing(text: str) -> tuple[str, str] | None:
    """What was given that is no key by itself, and what to do about it."""
    if "\0" in text:
        return "the value has a NUL character in it", "is it a binary file, or a file in another encoding?"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "the value is not UTF-8 text", "set the terminal to UTF-8, or give the value on standard input"
    if _ASSIGNMENT.match(text.strip()):
        return "a variable's name and `=` stand before the value", "give only what follows the `=`"
    if text.strip().startswith("{"):
        return "the value is a JSON object", "give the key alone: keyplan makes the object that is stored"
    if text.strip().startswith(_QUOTES) or text.strip().endswith(_QUOTES):
        return "there is a quote around the value", "give it without quotes"
    return None


def _white_space(text: str) -> tuple[str, str] | None:
    """What cannot be seen around or in the value, and what to do about it."""
    if text.isspace():
        return "the value is nothing but white space", "give the key itself"
    lines = text.strip("\r\n").splitlines()
    if len(lines) > 1:
        return f"the value has {len(lines)} lines, and a key has one", "give one key, and nothing beside it"
    if text.endswith(("\n", "\r")):
        return "there is more than one line end after the value", 'printf %s "$KEY" | keyplan put … adds none'
    if text[0].isspace() or text[-1].isspace():
        where = "before" if text[0].isspace() else "after"
        return f"there is white space {where} the value", "copy it again, without the space"
    if any(character.isspace() for character in text):
        return (
            "there is white space inside the value",
            "a key is one word: copy it again, and nothing beside it",
        )
    if not text.isprintable():
        return (
            "the value has a character in it that cannot be seen, such as a control or zero-width character",
            "copy it again, from the vendor's own page",
        )
    return None


def _too_large() -> ValueRejected:
    return ValueRejected(
        f"the value is too large: a secret holds {INPUT_LIMIT_BYTES} bytes, its JSON included",
        "an API key is far shorter: check that the right thing was given",
    )
