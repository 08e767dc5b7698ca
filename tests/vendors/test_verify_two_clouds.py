"""`keyplan verify` where the environment is on both clouds: one question for one value, wherever it is."""

from __future__ import annotations

import json

import pytest

from sandbox.vendor_server import VendorServer, VendorWorld
from tests.command.conftest import moto_url, new_environment
from tests.command.environments import Environment
from tests.command_gcp.conftest import google, on_both

__all__ = ["google", "moto_url", "new_environment", "on_both"]


@pytest.fixture
def environment(on_both: Environment, server: VendorServer) -> Environment:
    on_both.document["vendorEndpoints"] = {"anthropic": server.url}
    on_both.save()
    return on_both


def found(environment: Environment) -> tuple[int, list[tuple[str, str, bool]]]:
    done = environment.run("verify", "anthropic", "--format", "json")
    values = json.loads(done.stdout)["values"]
    return done.returncode, [(one["cloud"], one["found"], one["differs"]) for one in values]


def test_a_value_that_both_clouds_hold_is_asked_about_once(
    world: VendorWorld, environment: Environment
) -> None:
    assert environment.run("put", "anthropic", given=world.create_key("k").value).returncode == 0
    world.requests.clear()
    assert found(environment) == (0, [("aws", "alive", False), ("gcp", "alive", False)])
    assert [request.path for request in world.requests] == ["/v1/models"]


def test_clouds_that_hold_different_values_are_told_apart(
    world: VendorWorld, environment: Environment
) -> None:
    assert environment.run("put", "anthropic", given=world.create_key("k").value).returncode == 0
    field = environment.document["keys"]["anthropic"]["aws"]["jsonKey"]
    environment.secrets.put_secret_value(
        SecretId=environment.arn("anthropic"),
        SecretString=json.dumps({field: world.create_key("other").value}),
    )
    assert found(environment) == (1, [("aws", "alive", True), ("gcp", "alive", True)])
    table = environment.run("verify", "anthropic").stdout
    assert "its clouds hold different values" in table
    assert "Google Cloud" in table
