"""Anthropic's Admin API keys: they manage an organization's keys and cannot call models.

Kept apart from API keys: only people and CI may read one, and no program gets one by mistake. What is done
with it is `organization`.
"""

from __future__ import annotations

from keyplan.errors import ValueRejected
from keyplan.vendors.anthropic_form import Form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

# Source: examples of the Admin API reference (platform.claude.com/docs/en/api/admin, checked 2026-11-21).
DEFAULT_ENV_VAR: str | None = "ANTHROPIC_ADMIN_API_KEY"
KEYS_PAGE: str | None = "https://platform.claude.com/settings/admin-keys"
OVERRIDES: Mapping[str, str] = {}

_CONSOLE = f"an administrator makes one at {KEYS_PAGE}"
FORM = Form("sk-ant-admin01-", "Anthropic Admin API key", _CONSOLE)


def check(text: str, value_format: str | None = None) -> None:
    """Raise ValueRejected unless `text` is an Admin API key. `value_format` plays no part here."""
    if text.startswith("sk-ant-api03-"):
        raise ValueRejected(
            "this is an API key: it calls models and cannot manage the organization", _CONSOLE
        )
    FORM.check(text)


def hint(text: str) -> str | None:
    """The same part as of an API key, so that the Console's list can be compared by eye.

    The Admin API lists API keys only, so nothing is ever looked up by it.
    """
    return FORM.hint(text)


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
