"""The routes of an environment and of its consumers: the fields, and what has to be true between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keyplan.catalogue import CI_RUNTIMES, Cloud, Consumer, EcsSettings, Key, ReadAt, Runtime
from keyplan.checks.fields import Field, Node, Reader, Record, choice, read_record, text
from keyplan.checks.formats import region
from keyplan.checks.gcp_formats import project_id
from keyplan.checks.pasted import show
from keyplan.checks.problems import Reported, nearest, spell
from keyplan.checks.vendors import Vendor, vendor_url
from keyplan.routes import (
    FEDERATION_AUDIENCE,
    KEYLESS,
    BedrockRoute,
    FederationRoute,
    FoundryRoute,
    Route,
    RouteSettings,
    VertexRoute,
    variables,
)

# Variables whose credential an SDK would use in place of federation. Source: "WIF reference", credential
# precedence (platform.claude.com/docs/en/manage-claude/wif-reference, checked 2026-11-21).
_WINS_OVER_FEDERATION = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
# What Claude Code takes for "the newest of that kind", which at a cloud provider may be one that is not
# enabled there. Source: Claude Code documentation, "Model configuration" (checked 2026-11-21).
_ALIASES = frozenset({"default", "best", "opus", "sonnet", "haiku", "opusplan", "sonnet[1m]", "opus[1m]"})
_MODEL_VARIABLES = re.compile(r"ANTHROPIC_(?:DEFAULT_(?:[A-Z]+_)?|SMALL_FAST_)?MODEL")
# Whose keys the routes with a key take.
_VENDORS = {Route.DIRECT: Vendor.ANTHROPIC, Route.GATEWAY: Vendor.GATEWAY}
_ENTRA_KEY, _BEDROCK_TOKEN = "ANTHROPIC_FOUNDRY_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"

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


def check_consumer(
    consumer: Consumer, keys: Mapping[str, Key], environment: Mapping[str, Any], child: Node
) -> None:
    """Report what does not fit between a consumer's route, its keys, its cloud and its variables."""
    held = [keys[name] for name in consumer.keys if name in keys]
    route, node = consumer.route, child.child("route", str(consumer.route))
    if route is None:
        return
    if len(held) == len(consumer.keys):
        _key_for_route(route, held, node)
    _route_is_described(consumer, environment, node)
    _principal_for_route(consumer, held, node)
    _role_of_the_program(consumer, held, child)
    _one_credential(route, held, child)
    _variables_of_route(consumer, child)


def _key_for_route(route: Route, held: Iterable[Key], node: Node) -> None:
    vendor = _VENDORS.get(route)
    if vendor is not None and not any(key.vendor == vendor for key in held):
        node.reject(f"another route, or among `keys` a key of vendor {vendor}")


def _route_is_described(consumer: Consumer, environment: Mapping[str, Any], node: Node) -> None:
    if consumer.route not in KEYLESS or consumer.route is Route.SUBSCRIPTION:
        return
    if str(consumer.route) not in environment:
        node.reject(_described(consumer.route))
    elif consumer.route_settings is None:
        node.reject(
            "a federation rule and a service account: `ruleId` and `serviceAccountId`, in this consumer's "
            "`federation` or in `routes: {federation: …}`"
        )


def _principal_for_route(consumer: Consumer, held: Iterable[Key], node: Node) -> None:
    """A provider lets in the consumer's own identity, which is in the cloud that it reads from."""
    people = consumer.runtime is Runtime.PEOPLE
    variables_held = {key.env_var for key in held}
    match consumer.route:
        case Route.SUBSCRIPTION if not people:
            node.reject("another route: only people have a login")
        case Route.FEDERATION if people:
            node.reject("another route: people have no identity token; `subscription`, or a key")
        case Route.BEDROCK if consumer.cloud is not Cloud.AWS and _BEDROCK_TOKEN not in variables_held:
            node.reject(_elsewhere(consumer, Cloud.AWS, f"a key whose `envVar` is {_BEDROCK_TOKEN}"))
        case Route.VERTEX if consumer.cloud is not Cloud.GCP:
            node.reject(_elsewhere(consumer, Cloud.GCP, "another route"))
        case Route.FOUNDRY if not people and _ENTRA_KEY not in variables_held:
            node.reject(
                f"a key whose `envVar` is {_ENTRA_KEY} among `keys`: a consumer on {consumer.cloud} has no "
                "identity in Entra ID"
            )


def _role_of_the_program(consumer: Consumer, held: Iterable[Key], child: Node) -> None:
    """The role that starts an ECS task is not the one that the program in it has.

    Source: Amazon ECS Developer Guide, "Amazon ECS task execution IAM role" (checked 2026-11-21).
    """
    settings = consumer.settings
    if not isinstance(settings, EcsSettings) or settings.read_at is not ReadAt.START or not consumer.keys:
        return
    as_its_role = consumer.route is Route.FEDERATION or (
        consumer.route is Route.BEDROCK and not any(key.env_var == _BEDROCK_TOKEN for key in held)
    )
    if as_its_role:
        child.child("readAt", str(settings.read_at)).reject(
            f"`run` with `route: {consumer.route}`, or two consumers: with `start` this one's role starts "
            "the task, and the program in it has another role"
        )


def _elsewhere(consumer: Consumer, cloud: Cloud, instead: str) -> str:
    movable = consumer.runtime in CI_RUNTIMES or consumer.runtime is Runtime.PEOPLE
    first = f"`cloud: {cloud}`" if movable else "another route"
    either = first if first == instead else f"{first} or {instead}"
    return f"{either}: this consumer's identity is on {consumer.cloud}"


def _one_credential(route: Route, held: Iterable[Key], child: Node) -> None:
    if route is not Route.FEDERATION:
        return
    for key in held:
        if key.env_var in _WINS_OVER_FEDERATION:
            child.child("keys", None).reject(
                f"no key in {key.env_var} with `route: federation`: the clients would use the key and never "
                "say so; take it out, or make two consumers",
                f"{spell((key.name,))} together with the route federation",
            )


def check_claude_code(top: Record, keys: Mapping[str, Key], raw_keys: Mapping[str, Node], node: Node) -> None:
    """Report what does not fit between `claudeCode`, the keys and the environment's routes."""
    claude_code: Record | None = top.get("claudeCode")
    if claude_code is None or claude_code.get("route") is None or not claude_code.sound("key"):
        return
    route, name = claude_code.get("route"), claude_code.get("key")
    place = node.child("claudeCode", None)
    if route in KEYLESS:
        if name is not None:
            place.child("key", name).reject(f"no `key` with the route {route}: it needs none")
        if route is not Route.SUBSCRIPTION and str(route) not in (top.get("routes") or {}):
            place.child("route", str(route)).reject(_described(route))
        return
    vendor = _VENDORS[route]
    if name is None:
        place.child("key", None).reject(f"a key of vendor {vendor}, as in `key: anthropic`")
    elif name not in raw_keys:
        place.child("key", name).reject("a key of this catalogue", suggestion=nearest(name, raw_keys))
    elif name in keys and keys[name].vendor != vendor:
        place.child("key", name).reject(f"a key of vendor {vendor}")


def _described(route: Route) -> str:
    example = next(field.example for field in ROUTE_FIELDS if field.name == str(route))
    return f"a route that the environment's `routes` describe, as in `{route}: {example}`"


def _variables_of_route(consumer: Consumer, child: Node) -> None:
    for name, value in variables(consumer.route_settings).items():
        if consumer.env.get(name, value) != value:
            child.child("env", None).child(name, consumer.env[name]).reject(
                f"nothing, or what the route sets, {show(value)}", f"another {name}"
            )
    if consumer.route not in (Route.BEDROCK, Route.VERTEX, Route.FOUNDRY):
        return
    for name, value in consumer.env.items():
        if _MODEL_VARIABLES.fullmatch(name) and value.lower() in _ALIASES:
            child.child("env", None).child(name, value).reject(
                f"a model's full name, as {consumer.route} spells it: an alias means the newest one, which "
                "may not be enabled there"
            )
