"""The stand-in of pulumi-resource-gcp as Pulumi's engine has it: a process, and the provider protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.gcp_server.application import GoogleCloud as GoogleServer
from sandbox.gcp_server.world import PROJECT_ID, World
from sandbox.provider.gcp import HANDLERS
from sandbox.provider.gcp.cloud import TOKEN, endpoint_settings
from tests.sandbox_plugins.engine_side import (
    DEFAULTS,
    NONE,
    SECRET,
    SIGNATURE,
    Engine,
    Known,
    elided,
    secret,
)
from tests.sandbox_plugins.plugin_process import started
from tests.sandbox_provider_gcp.conftest import serving
from tests.sandbox_provider_gcp.gcp_cases import CASES, REGION, filled

KINDS = sorted(CASES)
SECRET_KIND = "gcp:secretmanager/secret:Secret"
INPUTS = {"secretId": "prod-a", "replication": {"auto": {}}, "labels": {"vendor": "anthropic"}}


@pytest.fixture(scope="module")
def plugin() -> Iterator[tuple[Engine, GoogleServer]]:
    with serving(World()) as (address, application), started("gcp") as process, process.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        settings = {**endpoint_settings(address), "accessToken": TOKEN}
        engine.configure(project=PROJECT_ID, region=REGION, version="10.2.0", **settings)
        yield engine, application


@pytest.fixture
def engine(plugin: tuple[Engine, GoogleServer]) -> Engine:
    """The configured plugin, over an empty cloud."""
    plugin[1].world = World()
    return plugin[0]


def prepared(engine: Engine, kind: str) -> dict[str, dict[str, Any]]:
    made = {}
    for name, (needed, inputs) in CASES[kind].needs.items():
        known = engine.make(needed, inputs, name)
        made[name] = {**known.outputs, "id": known.id}
    return made


def assert_nothing_is_found(engine: Engine, known: Known) -> None:
    """A refresh changes neither inputs nor what the program sees, but for what every change moves."""
    refreshed = engine.read(known)
    assert refreshed is not None
    assert engine.diff(refreshed, known.inputs).changes == NONE
    assert engine.diff(known, refreshed.inputs).changes == NONE
    moving = {"etag", "updated", "updateTime", DEFAULTS}
    shown = {name: value for name, value in refreshed.outputs.items() if name not in moving}
    assert shown == {name: value for name, value in elided(known.outputs).items() if name not in moving}


@pytest.mark.parametrize("kind", KINDS)
def test_a_refresh_after_creation_and_change_finds_nothing(engine: Engine, kind: str) -> None:
    case = CASES[kind]
    made = prepared(engine, kind)
    known = engine.make(kind, filled(case.inputs, made))
    assert_nothing_is_found(engine, known)
    if case.changes:
        wanted = {**filled(case.inputs, made), **filled(case.changes, made)}
        known = engine.update(known, engine.checked(kind, wanted, olds=known.inputs))
        assert_nothing_is_found(engine, known)

    engine.delete(known)

    if case.gone:
        assert engine.read(known) is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if CASES[kind].importable])
def test_an_import_of_what_was_created_reads_its_inputs(engine: Engine, kind: str) -> None:
    created = engine.make(kind, filled(CASES[kind].inputs, prepared(engine, kind)))

    imported = engine.read(Known(kind, created.id, {}, {}))

    assert imported is not None
    assert set(engine.diff(imported, created.inputs).diffs) - set(HANDLERS[kind].local) == set()


def test_what_put_changes_is_no_drift_where_the_program_ignores_it(
    engine: Engine, plugin: tuple[Engine, GoogleServer]
) -> None:
    created = engine.make(SECRET_KIND, INPUTS)
    stored = plugin[1].world.project(PROJECT_ID).secrets["prod-a"]
    stored.annotations["keyplan-1"] = "fingerprint:caller"
    refreshed = engine.read(created)
    assert refreshed is not None
    with_aliases = Known(created.kind, created.id, {**refreshed.inputs, "versionAliases": {"current": 1}}, {})
    assert list(engine.diff(with_aliases, created.inputs).diffs) == ["versionAliases"]
    assert engine.diff(with_aliases, created.inputs, ["versionAliases"]).changes == NONE


def test_another_replication_replaces_the_secret_and_removes_it_first(engine: Engine) -> None:
    created = engine.make(SECRET_KIND, INPUTS)
    replication = {"userManaged": {"replicas": [{"location": REGION}]}}
    difference = engine.diff(created, engine.checked(SECRET_KIND, {**INPUTS, "replication": replication}))
    assert list(difference.replaces) == ["replication"]
    assert difference.deleteBeforeReplace


def test_a_secret_label_is_secret_wherever_it_is_shown(engine: Engine) -> None:
    checked = engine.checked(SECRET_KIND, {**INPUTS, "labels": secret(INPUTS["labels"])})
    created = engine.create(SECRET_KIND, checked)
    assert {"labels", "effectiveLabels", "pulumiLabels"} == _marked(created.outputs)


def test_failures_come_with_their_words_and_their_hint(engine: Engine) -> None:
    engine.make(SECRET_KIND, INPUTS)
    with pytest.raises(grpc.RpcError) as refused:
        engine.make(SECRET_KIND, INPUTS, "again")
    assert "the secret projects/keyplan-sandbox/secrets/prod-a exists" in words(refused.value)
    assert "import_=" in words(refused.value)


def test_the_program_can_ask_for_the_project(engine: Engine) -> None:
    assert engine.invoke("gcp:organizations/getProject:getProject")["number"] == "123456789012"


def test_a_stack_without_a_project_is_told_what_to_set() -> None:
    with started("gcp") as process, process.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        with pytest.raises(grpc.RpcError) as refused:
            engine.configure(region=REGION)
        assert "the provider has no project" in words(refused.value)


def words(error: Any) -> str:
    return str(error.details())


def _marked(outputs: Mapping[str, Any]) -> set[str]:
    hidden = [name for name, value in outputs.items() if isinstance(value, dict) and SIGNATURE in value]
    return {name for name in hidden if outputs[name][SIGNATURE] == SECRET}
