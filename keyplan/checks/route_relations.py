"""What has to be true between a consumer's route, its keys, its cloud and its variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from keyplan.catalogue import CI_RUNTIMES, Cloud, Consumer, EcsSettings, Key, ReadAt, Runtime
from keyplan.checks.fields import Node, Record
from keyplan.checks.pasted import show
from keyplan.checks.problems import nearest, spell
from keyplan.checks.routes import ROUTE_FIELDS
from keyplan.checks.vendors import Vendor
from keyplan.routes import KEYLESS, Route, variables

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
