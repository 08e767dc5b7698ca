"""Anthropic: which of its credentials is an API key, which variables would win over one, and how to learn
whether one is alive.

What answers mean is `anthropic_replies`; what the Admin API says of keys is `organization`.
"""

from __future__ import annotations

from keyplan.errors import ValueRejected
from keyplan.vendors.anthropic_form import Form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

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

# On a route without a key, what else the clients would use. The SDKs take the first three before federation;
# Claude Code takes any provider's flag first. Source: as above, and Claude API, "WIF reference", credential
# precedence (platform.claude.com/docs/en/manage-claude/wif-reference, checked 2026-11-21).
_INSTEAD_OF_FEDERATION = "the clients would use it instead of federation"
BEFORE_FEDERATION: Mapping[str, str] = {
    **OVERRIDES,
    "ANTHROPIC_API_KEY": _INSTEAD_OF_FEDERATION,
    "ANTHROPIC_AUTH_TOKEN": _INSTEAD_OF_FEDERATION,
    "ANTHROPIC_PROFILE": _INSTEAD_OF_FEDERATION,
    "ANTHROPIC_BASE_URL": "the identity token would be sent to another host",
}
_PROVIDERS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")


def overrides_of_route(route: str | None) -> Mapping[str, str]:
    """Variables that would win over a route without a key, and what each does; none for other routes."""
    if route == "federation":
        return BEFORE_FEDERATION
    if route == "subscription":
        words = "Claude Code would use it instead of the login"
        return {**dict.fromkeys(BEFORE_FEDERATION, words), "ANTHROPIC_FEDERATION_RULE_ID": words}
    if route in ("bedrock", "vertex", "foundry"):
        return dict.fromkeys(_PROVIDERS, f"Claude Code could use it instead of {route}")
    return {}


_CONSOLE = "make an API key at https://platform.claude.com/settings/keys and give that one"
FORM = Form("sk-ant-api03-", "Anthropic API key", _CONSOLE)
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
    FORM.check(text)


def hint(text: str) -> str | None:
    """The part of a key that Anthropic itself shows in its lists: `R2D...igAA`, without the prefix."""
    return FORM.hint(text)


def question(key: ManifestKey, endpoints: Mapping[str, str]) -> Question | None:
    """The list of models, one of them: a request that costs no tokens.

    `x-api-key` and version 2023-06-01 are what every host that speaks this API takes, proxies included.
    Source: Claude API reference, "List Models" (platform.claude.com/docs/en/api/models/list) and "Versions"
    (…/api/versioning), checked 2026-11-21.
    """
    from keyplan.vendors.anthropic_replies import API_URL, VERSION
    from keyplan.vendors.verdicts import Question

    url = endpoints.get("anthropic", API_URL)
    return Question(url, "/v1/models?limit=1", "x-api-key", headers={"anthropic-version": VERSION})


def once_more(key: ManifestKey, reply: Reply) -> Mapping[str, str] | None:
    """Further headers with which to ask again, or None: a key that is not scoped to a workspace has to name
    one.

    It is not said at once: what a scoped key answers to the name of another workspace, no document says.
    Source: Claude API, "Authentication" (platform.claude.com/docs/en/manage-claude/authentication,
    checked 2026-11-21); that the answer without the header is a 400, users report and no document says.
    """
    from keyplan.vendors.anthropic_replies import is_about_a_limit

    if reply.status == 400 and key.workspace is not None and not is_about_a_limit(reply):
        return {"anthropic-workspace-id": key.workspace}
    return None


def judge(key: ManifestKey, reply: Reply) -> Answer:
    """What a reply to `question` says about the value."""
    from keyplan.vendors.anthropic_replies import judge_api_key

    return judge_api_key(key, reply)
