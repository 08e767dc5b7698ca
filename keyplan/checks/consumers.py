"""The consumers of a catalogue: what each has in common, and the fields of its runtime."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from keyplan.catalogue import Cloud, Consumer, Runtime, clouds_of
from keyplan.checks import codebuild
from keyplan.checks.ci import CI_RUNTIME_FIELDS
from keyplan.checks.fields import Field, Node, Reader, choice, entries, list_of, read_record
from keyplan.checks.formats import former_names, variable
from keyplan.checks.gcp import GCP_RUNTIME_FIELDS
from keyplan.checks.pasted import show
from keyplan.checks.problems import Problems, Reported, nearest, spell
from keyplan.checks.routes import CONSUMER_FIELDS, settings_of
from keyplan.checks.services import SERVICE_RUNTIMES, RuntimeFields
from keyplan.routes import KEYLESS, Route

_FIELDS = {
    **SERVICE_RUNTIMES,
    Runtime.CODEBUILD: codebuild.FIELDS,
    **GCP_RUNTIME_FIELDS,
    **CI_RUNTIME_FIELDS,
}
RUNTIMES: dict[Runtime, RuntimeFields] = {runtime: _FIELDS[runtime] for runtime in Runtime}

# Variables that hold a credential: in `env` they would be a value in plain text, or win over the key.
CREDENTIAL_VARIABLES = {
    **dict.fromkeys(
        ("ANTHROPIC_API_KEY", "ANTHROPIC_FOUNDRY_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "OPENAI_API_KEY"),
        "no API key in plain text: describe it under `keys`, store it with `keyplan put`",
    ),
    **dict.fromkeys(
        ("ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_ADMIN_KEY"),
        "no Admin API key in plain text: describe it under `keys`, store it with `keyplan put`",
    ),
    **dict.fromkeys(
        ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_IDENTITY_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
        "no token in plain text; in most clients it would also win over the key",
    ),
    **dict.fromkeys(
        (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "CLOUDSDK_AUTH_ACCESS_TOKEN",
            "GOOGLE_OAUTH_ACCESS_TOKEN",
        ),
        "no cloud credential: a consumer reads with the identity of its runtime",
    ),
}


def plain_variables(node: Node) -> MappingProxyType[str, str]:
    """Plain environment variables: text, or whole numbers, which every reader of YAML writes alike."""
    result = {}
    wrong = False
    for name, child in entries(node).items():
        try:
            variable(Node(name, child.path, child.problems))
            if name in CREDENTIAL_VARIABLES:
                raise child.reject(CREDENTIAL_VARIABLES[name], f"{name} as a plain variable")
            result[name] = _variable_text(child)
        except Reported:
            wrong = True
    if wrong:
        raise Reported
    return MappingProxyType(dict(sorted(result.items())))


def _variable_text(node: Node) -> str:
    value = node.value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        return str(value)
    if not isinstance(value, str):
        if isinstance(value, (bool, float)):
            raise node.reject("text; put it in quotes", suggestion=f'"{show(value)[1:-1]}"')
        raise node.reject("text")
    if not value.isprintable():
        raise node.reject("text without line breaks and control characters", "text with control characters")
    return value


def _key_name(keys: Collection[str] | None) -> Reader[str]:
    def read(node: Node) -> str:
        if isinstance(node.value, str) and (keys is None or node.value in keys):
            return node.value
        if keys is None:
            raise node.reject("the name of a key")
        known = (
            f"one of the keys {', '.join(spell((key,)) for key in sorted(keys))}"
            if 0 < len(keys) <= 20
            else "a key of this catalogue"
        )
        meant = nearest(node.value, keys) if isinstance(node.value, str) else None
        raise node.reject(known, suggestion=meant)

    return read


def common_fields(keys: Collection[str] | None) -> tuple[Field, ...]:
    """The fields of every consumer, in a catalogue that has these keys; None where they could not be read."""
    return (
        Field(
            "runtime",
            choice(Runtime),
            "runtime",
            "what it runs in: " + ", ".join(f"`{runtime}`" for runtime in Runtime),
            "ecs",
            required=True,
        ),
        Field(
            "keys",
            list_of(_key_name(keys), "keys"),
            "list of keys",
            "names of the keys that it reads; none only with a `route` that needs none",
            "[anthropic]",
            default=[],
            default_text="required without such a route",
        ),
        *CONSUMER_FIELDS,
        Field(
            "env",
            plain_variables,
            "mapping of text",
            "plain variables that travel with the wiring: models, limits, names; never a key or a token",
            "{ANTHROPIC_MODEL: claude-sonnet-4-6}",
            default={},
        ),
        Field(
            "renamedFrom",
            former_names,
            "name, or list of names",
            "what this consumer was called before: its role and policies keep that name, so that nothing is "
            "replaced; stays for as long as the consumer is there, after a second rename as a list, oldest "
            "name first",
            "chat",
        ),
    )


def read_consumer(
    node: Node,
    name: str,
    keys: Collection[str] | None,
    clouds: Sequence[Cloud] | None = None,
    routes: Mapping[str, Any] = MappingProxyType({}),
    claude_code: Route | None = None,
) -> Consumer:
    """One consumer of an environment in these clouds; None where they could not be read.

    `routes` are the environment's, and `claude_code` is the route of its `claudeCode`: that of people who
    name none. Raises Reported when a field without default is missing or wrong.
    """
    common = common_fields(keys)
    runtime = _runtime(node, common[0])
    if runtime is None:
        # Which fields belong here is unknown: those that no runtime has are still a mistake.
        every = {each.name: each for kind in RUNTIMES.values() for each in kind.fields}
        loose = [Field(each.name, lambda child: None, each.type, "", "") for each in every.values()]
        read_record(node, (*common, *loose))
        raise Reported
    kind = RUNTIMES[runtime]
    cloud = _cloud(node, runtime, clouds)
    record = read_record(
        node,
        (*common, *kind.fields),
        lambda field: _belongs_to(field, runtime),
        None if cloud is None else (cloud,),
    )
    settings = kind.build(node, record)
    route = record.get("route")
    if route is None and runtime is Runtime.PEOPLE and claude_code in KEYLESS:
        route = claude_code
    if not record.get("keys") and record.sound("keys", "route") and route not in KEYLESS:
        node.child("keys", entries(node)["keys"].value if "keys" in entries(node) else None).reject(
            "a list of keys, at least one, as in `[anthropic]`; or a `route` that needs none"
        )
        raise Reported
    if cloud is None or not record.usable:
        raise Reported
    return Consumer(
        name=name,
        runtime=runtime,
        keys=tuple(sorted(record.get("keys"))),
        env=record.get("env"),
        settings=settings,
        former_names=record.get("renamedFrom") or (),
        cloud=cloud,
        route=route,
        route_settings=settings_of(route, record.get("federation"), routes),
    )


def _cloud(node: Node, runtime: Runtime, clouds: Sequence[Cloud] | None) -> Cloud | None:
    """Where the consumer reads; None after reporting that it can't, or where that is reported elsewhere."""
    possible = clouds_of(runtime)
    if len(possible) == 1:
        if clouds is not None and possible[0] not in clouds:
            _reject_cloud(
                node.child("runtime", str(runtime)), possible[0], clouds, f"{show(runtime)}, which runs on"
            )
            return None
        return possible[0]
    given = entries(node).get("cloud")
    if given is None:
        return clouds[0] if clouds else None
    if given.value not in [str(each) for each in Cloud]:
        return None
    cloud = Cloud(given.value)
    if clouds is not None and cloud not in clouds:
        _reject_cloud(given, cloud, clouds, "a consumer on")
        return None
    return cloud


def _reject_cloud(node: Node, cloud: Cloud, clouds: Sequence[Cloud], found: str) -> None:
    node.reject(
        f"what reads from {' or '.join(clouds)}, the environment's clouds; or add {cloud} to them, as in "
        f"`clouds: [{', '.join((*clouds, cloud))}]`",
        f"{found} {cloud}",
    )


def _runtime(node: Node, field: Field) -> Runtime | None:
    """The runtime, if it can be told; that it can't is reported when the whole record is read."""
    given = entries(node).get("runtime")
    try:
        runtime: Runtime = field.read(Node(given.value if given else None, node.path, Problems()))
    except Reported:
        return None
    return runtime


def _belongs_to(field: str, runtime: Runtime) -> str | None:
    """Why a field of another runtime is not allowed on this one."""
    owners = [
        str(other) for other, kind in RUNTIMES.items() if any(each.name == field for each in kind.fields)
    ]
    if not owners:
        return None
    return f"no `{field}` with runtime {runtime}; it belongs to {', '.join(owners)}"
