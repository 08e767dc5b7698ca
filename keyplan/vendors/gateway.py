"""A gateway in front of models: a token and the base URL that it belongs to, always as a pair.

The token is sent to that URL and to no other host. Which forms tokens have is the gateway's own affair, so
the catalogue may give a `format`.
"""

from __future__ import annotations

from keyplan.errors import ValueRejected
from keyplan.vendors import generic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Answer, Question, Reply

# Source: Claude Code documentation, "LLM gateway configuration" (code.claude.com/docs/en/llm-gateway, checked
# 2026-11-21): the token goes into the Authorization header, as Bearer.
DEFAULT_ENV_VAR: str | None = "ANTHROPIC_AUTH_TOKEN"
KEYS_PAGE: str | None = None
# An API key beside it would be used by the SDKs in its place, and a provider's flag by Claude Code.
# Source: Claude Code, "Authentication", and Python SDK 2 on the order of credentials (checked 2026-11-21).
OVERRIDES: Mapping[str, str] = {
    "ANTHROPIC_API_KEY": "the SDKs would use it instead of the gateway's token",
    "CLAUDE_CODE_USE_BEDROCK": "Claude Code would use Bedrock instead of the gateway",
    "CLAUDE_CODE_USE_VERTEX": "Claude Code would use Vertex instead of the gateway",
    "CLAUDE_CODE_USE_FOUNDRY": "Claude Code would use Foundry instead of the gateway",
}
_OF_ANTHROPIC = "sk-ant-"


def check(text: str, value_format: str | None) -> None:
    """Raise ValueRejected for one of Anthropic's own credentials, and for what the format does not allow."""
    if text.startswith(_OF_ANTHROPIC):
        raise ValueRejected(
            "this is one of Anthropic's own keys, and no gateway's token: the gateway would get to know it",
            "give the token that the gateway issued; an API key belongs to a key of vendor anthropic",
        )
    generic.check(text, value_format)


def hint(text: str) -> str | None:
    """None: no list that keyplan asks shows a part of a gateway's token."""
    return None


def question(key: ManifestKey, endpoints: Mapping[str, str]) -> Question | None:
    """The gateway's list of models, as Claude Code and the SDKs address it: under the base URL.

    Source: Claude Code, "LLM gateway configuration" (as above): a gateway serves the Messages API under its
    base URL. LiteLLM and others serve GET /v1/models too (docs.litellm.ai, checked 2026-11-21); no document
    obliges a gateway to.
    """
    if key.base_url is None:
        return None
    from keyplan.endpoints import url_parts
    from keyplan.vendors.anthropic_replies import VERSION
    from keyplan.vendors.verdicts import Question

    url, path = url_parts(key.base_url)
    return Question(url, f"{path}/v1/models", "Authorization", "Bearer ", {"anthropic-version": VERSION})


def once_more(key: ManifestKey, reply: Reply) -> Mapping[str, str] | None:
    """There is nothing to add."""
    return None


def judge(key: ManifestKey, reply: Reply) -> Answer:
    """What a reply to `question` says about the token. Gateways have no common shape of errors: the status
    alone counts.
    """
    from keyplan.vendors.replies import is_list_of_models
    from keyplan.vendors.verdicts import Answer, Verdict

    if reply.status == 200 and is_list_of_models(reply):
        return Answer(Verdict.ALIVE, "alive")
    if reply.status == 404:
        return Answer(Verdict.UNKNOWN, "the gateway has no list of models under its base URL (HTTP 404)")
    return generic.judge_status(reply, "the gateway")
