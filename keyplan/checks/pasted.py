"""What a key looks like: so that one that was pasted into a configuration is refused and never shown again.

Owns the formats of credentials that people meet beside an LLM key. It is not a scanner: it knows prefixes
that vendors chose to be recognised by, and leaves text without one alone.
"""

from __future__ import annotations

import re

# Prefixes as the vendors document them for secret scanning; lengths are lower bounds, so that a key that was
# cut off while it was copied is still recognised (checked 2026-11-21).
_KEY = re.compile(
    r"sk-ant-[A-Za-z0-9_-]{20,}"
    r"|sk-(?:proj-|svcacct-|admin-|or-v1-)?[A-Za-z0-9_-]{32,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,}"
    r"|gl[a-z]{2,5}-[A-Za-z0-9_-]{20,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{20,}"
    r"|(?:hf|gsk|pplx|r8|xai|nvapi|tgp_v1)[_-][A-Za-z0-9_-]{30,}"
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
# Longer than any word of a configuration, letters and digits mixed: shown to nobody, accepted where it fits.
_RANDOM_RUN = re.compile(r"(?=[A-Za-z_+/=-]*[0-9])(?=[0-9_+/=-]*[A-Za-z])[A-Za-z0-9_+/=-]{32,}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHOWN_CHARACTERS = 60


def is_key_like(text: str) -> bool:
    """Whether `text` holds something in the format of a credential."""
    return _KEY.search(text) is not None


def show(value: object) -> str:
    """A configuration value for an error: short, on one line, and never anything that could be a key."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, str):
        return _show_text(value)
    if isinstance(value, (int, float)):
        # Python refuses to write integers of thousands of digits.
        return f"`{value}`" if abs(value) < 10**20 else "a very long number"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "something else"


def _show_text(text: str) -> str:
    if is_key_like(text):
        return "a key-like value (hidden)"
    if text == "":
        return "empty text"
    if _RANDOM_RUN.search(_UUID.sub("", text)) and not text.startswith("arn:"):
        return f"text of {len(text)} characters (hidden: it could be a key)"
    line = "".join(character if character.isprintable() else "?" for character in text)
    return f"`{line}`" if len(line) <= _SHOWN_CHARACTERS else f"`{line[:_SHOWN_CHARACTERS]}…`"
