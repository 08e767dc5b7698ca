"""`keyplan verify` as a person runs it: secrets in a store, a vendor, and the command between."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.vendor_server import Fault, Kind, VendorServer, VendorWorld
from tests.command.conftest import moto_url, new_environment
from tests.command.environments import Environment, fake_key

__all__ = ["moto_url", "new_environment"]


@pytest.fixture
def environment(new_environment: Callable[..., Environment], server: VendorServer) -> Environment:
    """Two keys, of Anthropic and of a gateway, and a vendor that plays both."""
    made = new_environment("anthropic", "openrouter")
    made.document["vendorEndpoints"] = {"anthropic": server.url}
    made.document["keys"]["openrouter"] |= {"vendor": "gateway", "baseUrl": server.gateway_url}
    made.document["consumers"] = {}
    made.save()
    return made


def hold(environment: Environment, key: str, value: str, *stages: str) -> None:
    """Store a value as any tool could."""
    field = environment.document["keys"][key]["aws"]["jsonKey"]
    more: dict[str, Any] = {"VersionStages": list(stages)} if stages else {}
    environment.secrets.put_secret_value(
        SecretId=environment.arn(key), SecretString=json.dumps({field: value}), **more
    )


def test_values_that_are_alive_are_shown_so_and_no_value_is_printed(
    world: VendorWorld, environment: Environment
) -> None:
    key, token = world.create_key("k").value, world.create_key("g", kind=Kind.GATEWAY).value
    hold(environment, "anthropic", key)
    hold(environment, "openrouter", token)
    done = environment.run("verify", "--verbose")
    assert done.returncode == 0, done.stderr
    lines = [line.split()[:3] for line in done.stdout.splitlines() if "current" in line]
    assert lines == [["anthropic", "current", "alive"], ["openrouter", "current", "alive"]]
    printed = done.stdout + done.stderr
    assert key[20:60] not in printed
    assert token[10:50] not in printed


def test_a_dead_value_is_a_finding_of_its_key_alone(world: VendorWorld, environment: Environment) -> None:
    hold(environment, "anthropic", fake_key())
    hold(environment, "openrouter", world.create_key("g", kind=Kind.GATEWAY).value)
    done = environment.run("verify", "--format", "json")
    assert done.returncode == 1
    values = json.loads(done.stdout)["values"]
    assert {one["key"]: (one["found"], one["finding"]) for one in values} == {
        "anthropic": ("dead", True),
        "openrouter": ("alive", False),
    }


def test_the_pending_value_of_a_rotation_is_verified_too(
    world: VendorWorld, environment: Environment
) -> None:
    hold(environment, "anthropic", world.create_key("old").value)
    hold(environment, "anthropic", world.create_key("new").value, "keyplan:pending")
    done = environment.run("verify", "anthropic")
    assert done.returncode == 0, done.stdout
    rows = [line.split()[:3] for line in done.stdout.splitlines() if line.startswith("anthropic")]
    assert rows == [["anthropic", "current", "alive"], ["anthropic", "pending", "alive"]]


def test_a_key_without_a_value_is_a_finding(environment: Environment) -> None:
    done = environment.run("verify", "anthropic")
    assert done.returncode == 1
    assert "no value" in done.stdout


def test_a_vendor_without_an_answer_is_said_and_is_not_fine(
    world: VendorWorld, environment: Environment
) -> None:
    hold(environment, "anthropic", world.create_key("k").value)
    world.faults.add(Fault.throttled(3600, body=b"busy", times=None))
    done = environment.run("verify", "anthropic")
    assert done.returncode == 3
    assert "unknown" in done.stdout


def test_a_value_in_the_place_of_a_name_is_not_repeated(environment: Environment) -> None:
    done = environment.run("verify", fake_key())
    assert done.returncode == 2
    assert fake_key()[:30] not in done.stdout + done.stderr
    assert "treat that key as leaked" in done.stderr
