"""Anthropic: which of its credentials is an API key, and which variables would win over one."""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_ENV_VAR: str | None = "ANTHROPIC_API_KEY"
KEYS_PAGE: str | None = "https://platform.claude.com/settings/keys"

# Claude Code takes the first of: a cloud provider's flag, ANTHROPIC_AUTH_TOKEN, ANTHROPIC_API_KEY, helper,
# OAuth token; so CLAUDE_CODE_OAUTH_TOKEN loses against the key and can stay. The base URL says who gets it.
# Source: Claude Code documentation, "Authentication" and "Third-party providers" (checked 2026-11-21).
OVERRIDES: Mapping[str, str] = {
    "ANTHROPIC_AUTH_TOKEN": "Claude Code would use it instead of the key",
    "ANTHROPIC_BASE_URL": "the key would be sent to another host",
    "CLAUDE_CODE_USE_BEDROCK": "Claude Code would use Bedrock instead of the key",
    "CLAUDE_CODE_USE_VERTEX": "Claude Code would use Vertex instead of the key",
    "CLAUDE_CODE_USE_FOUNDRY": "Claude Code would use Foundry instead of the key",
}

# Source: the key forms that secret scanners look for (gitleaks' anthropic-api-key and anthropic-admin-api-key
# rules, checked 2026-11-21). The whole key has 108 characters.
PREFIX = "sk-ant-api03-"
KEY_LENGTH = 108
_BODY = re.compile(r"[A-Za-z0-9_-]{93}AA")
_CONSOLE = "make an API key at https://platform.claude.com/settings/keys and give that one"
_OTHER_CREDENTIALS = {
    "sk-ant-admin01-": "this is an Admin API key: it manages the organization and cannot call models",
    "sk-ant-oat01-": "this is an OAuth access token of a login: it expires, and it is not an API key",
    "sk-ant-api01-": "this is an Enterprise admin key: it manages the organization and cannot call models",
}


def check(text: str, value_format: str | None = None) -> None:
    """Raise ValueRejected unless `text` is an Anthropic API key. `value_format` plays no part here."""
    for prefix, words in _OTHER_CREDENTIALS.items():
        if text.startswith(prefix):
            raise ValueRejected(words, _CONSOLE)
    if not text.startswith(PREFIX):
        raise ValueRejected(f"this is not an Anthropic API key: those begin with {PREFIX}", _CONSOLE)
    if len(text) != KEY_LENGTH:
        kind = "short, so a part of it was not copied" if len(text) < KEY_LENGTH else "long"
        raise ValueRejected(
            f"this Anthropic API key is too {kind}: it has {len(text)} characters, of {KEY_LENGTH}",
            "copy the whole key again; the Console shows it once, so make a new one if that window is closed",
        )
    if _BODY.fullmatch(text, len(PREFIX)) is None:
        raise ValueRejected(
            "this is not an Anthropic API key: those have letters, digits, `-` and `_` and end in AA",
            "copy the whole key again, and nothing beside it",
        )
