"""The routes of an environment and of its consumers: their fields. What has to be true between them is
`route_relations`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keyplan.checks.fields import Field, Node, Reader, Record, choice, read_record, text
from keyplan.checks.formats import region
from keyplan.checks.gcp_formats import project_id
from keyplan.checks.problems import Reported
from keyplan.checks.vendors import vendor_url
from keyplan.routes import (
    FEDERATION_AUDIENCE,
    BedrockRoute,
    FederationRoute,
    FoundryRoute,
    Route,
    RouteSettings,
    VertexRoute,
)

# Source: Claude Code documentation, "Google Vertex AI" (checked 2026-11-21); guides show us-central1, which
# has no Claude.
_vertex_region: Reader[str] = text(
    r"(?!us-central1$)(?:global|us|eu|[a-z]+(?:-[a-z]+)+[1-9][0-9]?)",
    "`global`, `us`, `eu` or a region that has Claude, as in `europe-west1`; us-central1 has none",
    maximum=32,
)
_foundry_resource: Reader[str] = text(
    r"[a-z0-9][a-z0-9-]{0,62}[a-z0-9]",
    "the resource's name, as it stands in https://NAME.services.ai.azure.com",
    lambda given: re.sub(r"^(?:https?://)?([^./]+).*$", r"\1", given.strip().lower()),
)
_organization: Reader[str] = text(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "a UUID in lower case, as the organization's settings show it",
    lambda given: given.strip().lower(),
)
_FEDERATION_IDS = (
    Field(
        "ruleId",
        text(r"fdrl_[A-Za-z0-9]{1,64}", "the id of a federation rule, as in `fdrl_…`"),
        "fdrl_…",
        "the federation rule that lets the consumer in",
        "fdrl_01Example",
    ),
    Field(
        "serviceAccountId",
        text(r"svac_[A-Za-z0-9]{1,64}", "the id of a service account at Anthropic, as in `svac_…`"),
        "svac_…",
        "the service account that the rule makes of it",
        "svac_01Example",
    ),
    Field(
        "workspaceId",
        text(r"wrkspc_[A-Za-z0-9]{1,64}|default", "the id of a workspace, as in `wrkspc_…`, or `default`"),
        "wrkspc_… or `default`",
        "the workspace; needed where the rule holds in several",
        "wrkspc_01Example",
    ),
)
FEDERATION_FIELDS = (
    Field(
        "organizationId",
        _organization,
        "UUID",
        "the organization at Anthropic",
        "2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a",
        required=True,
    ),
    *_FEDERATION_IDS,
    Field(
        "audience",
        text(r"[\x21-\x7e]{1,255}", "what the rule wants in `aud`, one line without spaces"),
        "text",
        "what an identity token has to be for, as the federation rule says it",
        FEDERATION_AUDIENCE,
        default=FEDERATION_AUDIENCE,
    ),
)
BEDROCK_FIELDS = (
    Field("region", region, "AWS region", "where the models are asked for", "eu-west-1", required=True),
)
VERTEX_FIELDS = (
    Field(
        "region",
        _vertex_region,
        "region",
        "`global`, `us`, `eu`, or a region that has Claude",
        "europe-west1",
        required=True,
    ),
    Field(
        "project",
        project_id,
        "project id",
        "the project in which Vertex AI is enabled",
        "example-prod",
        required=True,
    ),
)
FOUNDRY_FIELDS = (
    Field("resource", _foundry_resource, "name", "the resource; or `baseUrl`", "example-foundry"),
    Field(
        "baseUrl",
        vendor_url,
        "URL",
        "its whole address; or `resource`",
        "https://example-foundry.services.ai.azure.com/anthropic",
    ),
)


def _bedrock(node: Node) -> RouteSettings:
    record = _whole(node, BEDROCK_FIELDS)
    return BedrockRoute(record.get("region"))


def _vertex(node: Node) -> RouteSettings:
    record = _whole(node, VERTEX_FIELDS)
    return VertexRoute(record.get("region"), record.get("project"))


def _foundry(node: Node) -> RouteSettings:
    record = _whole(node, FOUNDRY_FIELDS)
    resource, base_url = record.get("resource"), record.get("baseUrl")
    if (resource is None) == (base_url is None):
        raise node.reject(
            "one of `resource` and `baseUrl`", "both of them" if resource is not None else "neither of them"
        )
    return FoundryRoute(resource, base_url)


@dataclass(frozen=True)
class FederationIds:
    """What a consumer says otherwise than its environment; a rule is often one consumer's own."""

    rule_id: str | None = None
    service_account_id: str | None = None
    workspace_id: str | None = None


@dataclass(frozen=True)
class FederationDefaults(FederationIds):
    """What an environment says of federation."""

    organization_id: str = ""
    audience: str = FEDERATION_AUDIENCE


def _federation(node: Node) -> FederationDefaults:
    record = _whole(node, FEDERATION_FIELDS)
    return FederationDefaults(
        record.get("ruleId"),
        record.get("serviceAccountId"),
        record.get("workspaceId"),
        record.get("organizationId"),
        record.get("audience"),
    )


def federation_ids(node: Node) -> FederationIds:
    """A consumer's own `federation`."""
    record = _whole(node, _FEDERATION_IDS)
    return FederationIds(record.get("ruleId"), record.get("serviceAccountId"), record.get("workspaceId"))


def _whole(node: Node, fields: tuple[Field, ...]) -> Record:
    record = read_record(node, fields)
    if not record.usable or record.failed:
        raise Reported
    return record


ROUTE_FIELDS = (
    Field(
        "bedrock",
        _bedrock,
        "mapping",
        "Amazon Bedrock: `region`",
        "{region: eu-west-1}",
    ),
    Field(
        "vertex",
        _vertex,
        "mapping",
        "Google Cloud's Vertex AI: `region` and `project`",
        "{region: europe-west1, project: example-prod}",
    ),
    Field(
        "foundry",
        _foundry,
        "mapping",
        "Microsoft Foundry: `resource`, or `baseUrl`",
        "{resource: example-foundry}",
    ),
    Field(
        "federation",
        _federation,
        "mapping",
        "Anthropic's API without a key: `organizationId`, and as far as all consumers share them `ruleId`, "
        "`serviceAccountId`, `workspaceId`; `audience`, if the rules want another one",
        "{organizationId: 2d1d9c5e-0d4b-4c8e-9f3a-6b7c8d9e0f1a, ruleId: fdrl_01Example, "
        "serviceAccountId: svac_01Example}",
    ),
)


def routes(node: Node) -> Mapping[str, Any]:
    """The environment's `routes`, by name; a wrong one has been reported and is missing."""
    record = read_record(node, ROUTE_FIELDS)
    return record.values


# Fields of every consumer.
CONSUMER_FIELDS = (
    Field(
        "route",
        choice(Route),
        "route",
        "how its Claude clients authenticate: `direct` (an API key), `gateway`, or without a key `bedrock`, "
        "`vertex`, `foundry`, `federation`, and for people `subscription`; what they are made of is in the "
        "environment's `routes`",
        "federation",
        default_text="`direct` or `gateway`, by its keys",
    ),
    Field(
        "federation",
        federation_ids,
        "mapping",
        "with `route: federation`: its own `ruleId`, `serviceAccountId` and `workspaceId`, before those of "
        "the environment",
        "{ruleId: fdrl_01Example, serviceAccountId: svac_01Example}",
        default_text="the environment's",
    ),
)


def settings_of(
    route: Route | None, own: FederationIds | None, environment: Mapping[str, Any]
) -> RouteSettings | None:
    """What a consumer's route is made of; None for one that needs nothing, or whose mistakes are reported."""
    found = environment.get(str(route)) if route is not None else None
    if not isinstance(found, FederationDefaults):
        return found
    ids = own or FederationIds()
    rule = ids.rule_id or found.rule_id
    account = ids.service_account_id or found.service_account_id
    if rule is None or account is None:
        return None
    workspace = ids.workspace_id or found.workspace_id
    return FederationRoute(found.organization_id, rule, account, workspace, found.audience)
