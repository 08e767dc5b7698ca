"""The routes by which Claude's clients authenticate: what an environment says of each, and its variables.

Pure data in, plain data out. A route that needs no key of Anthropic's is keyless: the consumer's own identity
in a cloud, or its CI's, is what the model's provider lets in. What the clients do when several routes are
set at once is `keyplan.doctor`; how a program comes by an identity token is `keyplan.wiring`.
Source: Claude Code documentation, "Amazon Bedrock", "Google Vertex AI", "Microsoft Foundry", "LLM gateways"
(code.claude.com/docs); Claude API, "WIF reference" (platform.claude.com/docs/en/manage-claude/wif-reference);
checked 2026-11-21.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Route(StrEnum):
    """How a consumer's Claude clients authenticate."""

    DIRECT = "direct"  # an API key of Anthropic's
    GATEWAY = "gateway"  # a gateway's token and its address
    BEDROCK = "bedrock"  # Amazon Bedrock, as the consumer's role
    VERTEX = "vertex"  # Google Cloud's Vertex AI, as the consumer's member
    FOUNDRY = "foundry"  # Microsoft Foundry, with Entra ID or a key in ANTHROPIC_FOUNDRY_API_KEY
    FEDERATION = (
        "federation"  # Anthropic's API, with an identity token of the consumer's own in place of a key
    )
    SUBSCRIPTION = "subscription"  # the login of /login: people only


KEYLESS = frozenset(Route) - {Route.DIRECT, Route.GATEWAY}

# What the SDKs and Claude Code's own action ask a workload's identity provider for, unless told otherwise.
# Source: "Use WIF with AWS" (platform.claude.com/docs/en/manage-claude/wif-providers/aws), and the inputs of
# anthropics/claude-code-action (checked 2026-11-21).
FEDERATION_AUDIENCE = "https://api.anthropic.com"

RULE_ID = "ANTHROPIC_FEDERATION_RULE_ID"
ORGANIZATION_ID = "ANTHROPIC_ORGANIZATION_ID"
SERVICE_ACCOUNT_ID = "ANTHROPIC_SERVICE_ACCOUNT_ID"
WORKSPACE_ID = "ANTHROPIC_WORKSPACE_ID"
IDENTITY_TOKEN = "ANTHROPIC_IDENTITY_TOKEN"  # noqa: S105 - the name of a variable
IDENTITY_TOKEN_FILE = "ANTHROPIC_IDENTITY_TOKEN_FILE"  # noqa: S105 - the name of a variable


@dataclass(frozen=True)
class BedrockRoute:
    region: str  # where the models are asked for: `eu-west-1`


@dataclass(frozen=True)
class VertexRoute:
    region: str  # `global`, `us`, `eu` or a region that has Claude
    project: str  # the project's id


@dataclass(frozen=True)
class FoundryRoute:
    """One of the two: the resource's name, or the whole address."""

    resource: str | None
    base_url: str | None


@dataclass(frozen=True)
class FederationRoute:
    """Ids at Anthropic; none of them is secret."""

    organization_id: str  # UUID
    rule_id: str  # fdrl_…
    service_account_id: str  # svac_…
    workspace_id: str | None  # wrkspc_… or `default`; needed where the rule holds in several
    audience: str  # what the identity token has to be for


RouteSettings = BedrockRoute | VertexRoute | FoundryRoute | FederationRoute


def variables(settings: RouteSettings | None) -> dict[str, str]:
    """The plain variables that switch the clients to a route; none for a key and for a login.

    The identity token of federation is not among them: each runtime gives it in its own way.
    """
    match settings:
        case BedrockRoute():
            return {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": settings.region}
        case VertexRoute():
            return {
                "CLAUDE_CODE_USE_VERTEX": "1",
                "CLOUD_ML_REGION": settings.region,
                "ANTHROPIC_VERTEX_PROJECT_ID": settings.project,
            }
        case FoundryRoute():
            where = (
                {"ANTHROPIC_FOUNDRY_RESOURCE": settings.resource}
                if settings.resource is not None
                else {"ANTHROPIC_FOUNDRY_BASE_URL": settings.base_url or ""}
            )
            return {"CLAUDE_CODE_USE_FOUNDRY": "1", **where}
        case FederationRoute():
            workspace = {} if settings.workspace_id is None else {WORKSPACE_ID: settings.workspace_id}
            return {
                RULE_ID: settings.rule_id,
                ORGANIZATION_ID: settings.organization_id,
                SERVICE_ACCOUNT_ID: settings.service_account_id,
                **workspace,
            }
    return {}
