"""The table of targets against clouds and routes, for the gallery: every cell is asked, and none is written.

A cell is what happens: the catalogue's own check says whether a consumer of such a runtime, in such a cloud,
may have the route, and `keyplan wire` whether its target can carry it. What either refuses is the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from keyplan.catalogue import Cloud, Consumer, Key, Runtime
from keyplan.checks.fields import Node
from keyplan.checks.problems import Problems
from keyplan.checks.route_relations import check_consumer
from keyplan.durations import Duration
from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
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
from keyplan.wiring import PROGRAMS, TARGETS, targets_for, wire
from tests.wiring import conftest as on_aws
from tests.wiring_gcp import conftest as on_gcp

CLOUDS = {"aws": "AWS", "gcp": "Google Cloud"}
EXAMPLES = {"aws": on_aws.example(), "gcp": on_gcp.example()}
SETTINGS: dict[Route, RouteSettings] = {
    Route.BEDROCK: BedrockRoute("eu-west-1"),
    Route.VERTEX: VertexRoute("global", "example-prod"),
    Route.FOUNDRY: FoundryRoute("example", None),
    Route.FEDERATION: FederationRoute(
        "11111111-2222-4333-8444-555555555555",
        "fdrl_01Example",
        "svac_01Example",
        None,
        FEDERATION_AUDIENCE,
    ),
}
# With a key in this variable, a consumer may have the route without an identity of its own there.
KEY_OF_PROVIDER = {Route.BEDROCK: "AWS_BEARER_TOKEN_BEDROCK", Route.FOUNDRY: "ANTHROPIC_FOUNDRY_API_KEY"}
# In a text that brings the identity token, or has something else ask for it.
TOKENS = ("ANTHROPIC_IDENTITY_TOKEN", FEDERATION_AUDIENCE, "anthropic_federation_rule_id")


@dataclass(frozen=True)
class Answer:
    """What happens with a target, in a cloud, on a route; over every runtime that the target is for."""

    works: bool  # for one of them at least
    words: str  # `yes`, or what it needs, as `with a key`; nothing where it does not work
    reasons: tuple[str, ...]  # why it does not work, for those for which it does not


def examples_of(target: str) -> Iterator[tuple[str, Manifest, str]]:
    """Cloud, environment and consumer, for each cloud that a target is for: people, or one with many keys.

    Raises:
        LookupError: the examples of the tests have no consumer for it.
    """
    for cloud, manifest in EXAMPLES.items():
        if cloud not in TARGETS[target].clouds:
            continue
        names = [name for name in manifest.consumers if target in targets_for(manifest, name)]
        if not names:
            folder = "wiring" if cloud == "aws" else "wiring_gcp"
            raise LookupError(f"tests/{folder}/conftest.py has no consumer for the target {target}: add one")
        yield cloud, manifest, min(names, key=lambda name: _rank(manifest.consumers[name]))


def _rank(entry: ManifestConsumer) -> tuple[bool, int, str]:
    return entry.runtime != Runtime.PEOPLE, -len(entry.keys), entry.name


def answer(target: str, cloud: str, route: Route) -> Answer:
    """What happens when consumers of the examples take this route, one of each runtime."""
    found = []
    for entry in _one_of_each_runtime(target, cloud):
        found.append(_answer(EXAMPLES[cloud], entry, target, route))
    words = sorted({each.words or "yes" for each in found if each.works}, reverse=True)
    reasons = dict.fromkeys(reason for each in found for reason in each.reasons)
    return Answer(bool(words), " or ".join(words), tuple(reasons))


def _one_of_each_runtime(target: str, cloud: str) -> Iterator[ManifestConsumer]:
    manifest, seen = EXAMPLES[cloud], set()
    for name, entry in manifest.consumers.items():
        if entry.runtime not in seen and target in targets_for(manifest, name):
            seen.add(entry.runtime)
            yield entry


def _answer(manifest: Manifest, entry: ManifestConsumer, target: str, route: Route) -> Answer:
    refused, words, key_variable = _catalogue_refuses(entry, route, None), "", None
    if refused and route in KEY_OF_PROVIDER:
        key_variable, words = KEY_OF_PROVIDER[route], "with a key"
        refused = _catalogue_refuses(entry, route, key_variable)
    if refused:
        return Answer(False, "", (refused,))
    try:
        text = _wired(manifest, entry, target, route, key_variable)
    except UsageError as error:
        return Answer(False, "", (error.message.replace(entry.name, "it"),))
    if route is Route.FEDERATION and target not in PROGRAMS and not any(map(text.count, TOKENS)):
        words = "by the program"
    return Answer(True, words, ())


def _catalogue_refuses(entry: ManifestConsumer, route: Route, key_variable: str | None) -> str | None:
    """The first thing that the catalogue's check says, or None."""
    vendor, variable = _key_for(route, key_variable)
    keys = {} if variable is None else {"example": _key(vendor, variable)}
    consumer = Consumer(
        name=entry.name,
        runtime=Runtime(entry.runtime),
        keys=tuple(keys),
        env={},
        settings=None,  # type: ignore[arg-type]  # the check of a route asks for none
        cloud=Cloud(entry.cloud),
        route=route,
        route_settings=SETTINGS.get(route),
    )
    problems = Problems()
    check_consumer(
        consumer, keys, {str(each): found for each, found in SETTINGS.items()}, Node({}, (), problems)
    )
    return next((f"the catalogue wants {problem.allowed}" for problem in problems.all()), None)


def _key_for(route: Route, key_variable: str | None) -> tuple[str, str | None]:
    if key_variable is not None:
        return "generic", key_variable
    if route in KEYLESS:
        return "", None
    return (
        ("gateway", "ANTHROPIC_AUTH_TOKEN") if route is Route.GATEWAY else ("anthropic", "ANTHROPIC_API_KEY")
    )


def _key(vendor: str, variable: str) -> Key:
    quarter, week = Duration.parse("90d"), Duration.parse("7d")
    return Key(
        name="example",
        vendor=vendor,
        owner="ml@example.com",
        env_var=variable,
        secret_name="prod/example-api-key",  # noqa: S106 a name
        rotate_every=quarter,
        remind_before=week,
        grace=week,
        value_format=None,
        lockdown=False,
        replicas=(),
    )


def _wired(
    manifest: Manifest, entry: ManifestConsumer, target: str, route: Route, key_variable: str | None
) -> str:
    vendor, variable = _key_for(route, key_variable)
    key = replace(manifest.keys["anthropic"], vendor=vendor, env_var=variable or "")
    if key.aws is not None:
        key = replace(key, aws=replace(key.aws, json_key=key.env_var))
    env = variables(SETTINGS.get(route))
    if route is Route.GATEWAY:
        key = replace(key, base_url="https://llm.example.com")
        env["ANTHROPIC_BASE_URL"] = key.base_url
    changed = replace(
        entry,
        keys=() if variable is None else ("anthropic",),
        env=env,
        route=str(route),
        identity_audience=FEDERATION_AUDIENCE if route is Route.FEDERATION else None,
    )
    keys = {**manifest.keys, "anthropic": key}
    return wire(replace(manifest, keys=keys, consumers={entry.name: changed}), entry.name, target)
