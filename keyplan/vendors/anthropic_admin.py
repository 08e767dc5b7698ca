"""Anthropic's Admin API keys: they manage an organization's keys and cannot call models.

Kept apart from API keys: only people and CI may read one, and no program gets one by mistake. What is done
with it is `organization`.
"""

from __future__ import annotations

import re

from keyplan.errors import ValueRejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.manifest import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

# Source: examples of the Admin API reference (platform.claude.com/docs/en/api/admin, checked 2026-11-21).
DEFAULT_ENV_VAR: str | None = "ANTHROPIC_ADMIN_API_KEY"
KEYS_PAGE: str | None = "https://platform.claude.com/settings/admin-keys"
OVERRIDES: Mapping[str, str] = {}

# Source: the key forms that secret scanners look for (gitleaks' anthropic-admin-api-key, checked 2026-11-21).
PREFIX = "sk-ant-admin01-"
KEY_LENGTH = 110
_BODY = re.compile(r"[A-Za-z0-9_-]{93}AA")
_CONSOLE = f"an administrator makes one at {KEYS_PAGE}"


def check(text: str, value_format: str | None = None) -> None:
    """Raise ValueRejected unless `text` is an Admin API key. `value_format` plays no part here."""
    if text.startswith("sk-ant-api03-"):
        raise ValueRejected(
            "this is an API key: it calls models and cannot manage the organization", _CONSOLE
        )
    if not text.startswith(PREFIX):
        raise ValueRejected(f"this is not an Anthropic Admin API key: those begin with {PREFIX}", _CONSOLE)
    if len(text) != KEY_LENGTH:
        kind = "short, so a part of it was not copied" if len(text) < KEY_LENGTH else "long"
        raise ValueRejected(
            f"this Admin API key is too {kind}: it has {len(text)} characters, of {KEY_LENGTH}",
            "copy the whole key again; the Console shows it once, so make a new one if that window is closed",
        )
    if _BODY.fullmatch(text, len(PREFIX)) is None:
        raise ValueRejected(
            "this is not an Admin API key: those have letters, digits, `-` and `_` and end in AA",
            "copy the whole key again, and nothing beside it",
        )


def hint(text: str) -> str | None:
    """The same part as of an API key, so that the Console's list can be compared by eye.

    The Admin API lists API keys only, so nothing is ever looked up by it.
    """
    return f"{text[len(PREFIX) :][:3]}...{text[-4:]}" if len(text) == KEY_LENGTH else None


def question(key: ManifestKey, endpoints: Mapping[str, str]) -> Question | None:
    """Which organization it manages.

    Source: Admin API, "Get Current Organization" (platform.claude.com/docs/en/api/admin/organizations/me,
    checked 2026-11-21).
    """
    from keyplan.vendors.anthropic_replies import API_URL, VERSION
    from keyplan.vendors.verdicts import Question

    url = endpoints.get("anthropic", API_URL)
    return Question(url, "/v1/organizations/me", "x-api-key", headers={"anthropic-version": VERSION})


def once_more(key: ManifestKey, reply: Reply) -> Mapping[str, str] | None:
    """It belongs to no workspace: there is nothing to add."""
    return None


def judge(key: ManifestKey, reply: Reply) -> Answer:
    """What a reply to `question` says about the value: the organization is in its content."""
    from keyplan.vendors.anthropic_replies import judge_error
    from keyplan.vendors.replies import an_id, json_object
    from keyplan.vendors.verdicts import Answer, Verdict

    document = json_object(reply.content) or {}
    organization = an_id(document.get("id"))
    if reply.status != 200 or document.get("type") != "organization" or organization is None:
        return judge_error(key, reply)
    if key.organization is not None and organization.lower() != key.organization.lower():
        words = f"alive, but of organization {organization}, and not of {key.organization}"
        return Answer(Verdict.ELSEWHERE, words, organization)
    return Answer(Verdict.ALIVE, "alive", organization)
