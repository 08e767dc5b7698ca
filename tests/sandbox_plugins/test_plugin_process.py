"""A plugin's process: how it begins and how it ends, and what it answers before anything is made."""

from __future__ import annotations

import json
import signal

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.sandbox_builtin.resource_cases import TRUST
from tests.sandbox_plugins.engine_side import Engine, Known, init_failure
from tests.sandbox_plugins.plugin_process import started

ROLE = "aws:iam/role:Role"


@pytest.mark.parametrize("name", ["aws", "gcp", "python"])
@pytest.mark.parametrize("goodbye", [signal.SIGINT, signal.SIGTERM])
def test_the_port_is_all_that_is_printed_and_a_signal_ends_it(name: str, goodbye: int) -> None:
    with started(name) as plugin:
        assert 0 < int(plugin.first_line) < 65536
        assert plugin.end(goodbye) == 0
        assert (plugin.lines(), plugin.complained()) == ([], [])


def test_an_endpoint_on_another_machine_is_refused() -> None:
    with started("aws") as plugin, plugin.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        assert engine.stub.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
        elsewhere = json.dumps([{"iam": "https://iam.amazonaws.com"}])
        for settings, words in (
            ({"endpoints": elsewhere}, "the endpoint of `iam` is not on this machine"),
            ({"endpoints": "no JSON"}, "the provider setting `endpoints` is not JSON"),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                engine.configure(region="eu-west-1", **settings)
            assert refused.value.details() == words


def test_what_is_not_known_of_the_other_cloud_is_refused_by_name() -> None:
    kind, function = "gcp:kms/keyRing:KeyRing", "gcp:projects/getProject:getProject"
    with started("gcp") as plugin, plugin.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        engine.configure(project="p")
        assert engine.check(kind, {}) == ({}, [f"the sandbox does not know {kind}"])
        with pytest.raises(grpc.RpcError) as refused:
            engine.invoke(function)
        assert refused.value.details() == f"the sandbox does not know the function {function}"


def test_after_a_cancellation_nothing_new_begins(endpoints: str) -> None:
    with started("aws") as plugin, plugin.channel() as channel:
        engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
        engine.configure(region="eu-west-1", endpoints=endpoints)
        engine.stub.Cancel(empty_pb2.Empty())
        inputs = engine.checked(ROLE, {"name": "cancelled", "assumeRolePolicy": TRUST})
        with pytest.raises(grpc.RpcError) as refused:
            engine.create(ROLE, inputs)
        assert refused.value.code() == grpc.StatusCode.CANCELLED
        assert engine.read(Known(ROLE, "cancelled", {}, {})) is None


def test_what_was_half_made_is_kept_and_completed_by_an_update(engine: Engine) -> None:
    kind = "aws:iam/instanceProfile:InstanceProfile"
    inputs = engine.checked(kind, {"name": "profile", "role": "reader"})
    with pytest.raises(grpc.RpcError) as failed:
        engine.create(kind, inputs)
    assert init_failure(failed.value).id == "profile"

    engine.make(ROLE, {"name": "reader", "assumeRolePolicy": TRUST})
    engine.update(Known(kind, "profile", inputs, inputs), inputs)

    found = engine.read(Known(kind, "profile", {}, {}))
    assert found is not None
    assert found.inputs["role"] == "reader"


def test_an_automatic_name_stays_and_lets_the_new_one_come_first(engine: Engine) -> None:
    kind = "aws:cloudwatch/logGroup:LogGroup"
    created = engine.make(kind, {})
    later = engine.checked(kind, {"kmsKeyId": "k"}, olds=created.inputs, seed=b"another")
    assert later["name"] == created.inputs["name"] == engine.checked(kind, {})["name"]
    difference = engine.diff(created, later)
    assert (list(difference.replaces), difference.deleteBeforeReplace) == (["kmsKeyId"], False)
    named = engine.make(kind, {"name": "named"}, name="named")
    assert engine.diff(named, engine.checked(kind, {"name": "named", "kmsKeyId": "k"})).deleteBeforeReplace
