"""An environment on Google Cloud alone under Pulumi's real engine, and the day on which AWS is added to it.

The tests follow each other, and each begins where the one before it has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import ProjectCopy
from tests.sandbox_pulumi.engine_copy import GROUPING, export, give_engine, planned, pulumi, up

VALUE = "sk-or-" + "v1-" + "0123456789abcdef" * 4
SOLO: Mapping[str, Any] = {
    "gcp:project": "keyplan-sandbox",
    "gcp:region": "europe-west1",
    "keyplan:clouds": ["gcp"],
    "keyplan:owner": "platform@example.com",
    "keyplan:protect": False,
    "keyplan:recoveryWindow": "7d",
    "keyplan:keys": {"openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"}},
    "keyplan:consumers": {
        "web": {"runtime": "cloud-run", "keys": ["openrouter"]},
        "evals": {
            "runtime": "github-actions",
            "repository": "example/evals",
            "repositoryId": "123456789",
            "repositoryOwnerId": "9876543",
            "branches": ["main"],
            "keys": ["openrouter"],
        },
    },
}


def write(copy: ProjectCopy, **changed: Any) -> None:
    config = {**SOLO, **{f"keyplan:{name}": value for name, value in changed.items()}}
    if "aws" in config["keyplan:clouds"]:
        config["aws:region"] = "eu-west-1"
    (copy.directory / "Pulumi.solo.yaml").write_text(yaml.safe_dump({"config": config}, sort_keys=False))


@pytest.fixture(scope="module")
def solo(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> ProjectCopy:
    """The stack solo, up, with a value."""
    copy = give_engine(make_copy(), real_engine)
    write(copy)
    up(copy, "solo")
    put = copy.keyplan("put", "openrouter", stdin=VALUE)
    assert put.code == 0, put.said
    return copy


def packages(copy: ProjectCopy) -> set[str]:
    """Whose resources the stack has: `gcp`."""
    kinds = [one["type"] for one in export(copy, "solo")["deployment"]["resources"]]
    return {kind.partition(":")[0] for kind in kinds if not kind.startswith(GROUPING)}


def manifest(copy: ProjectCopy) -> dict[str, Any]:
    """As the engine gives it."""
    printed = pulumi(copy, "stack", "output", "manifest", "--json", "--stack=solo").stdout
    document: dict[str, Any] = json.loads(printed)
    return document


def reads(copy: ProjectCopy, *options: str) -> None:
    program = f"import os, sys; sys.exit(os.environ['OPENROUTER_API_KEY'] != {VALUE!r})"
    ran = copy.keyplan("exec", *options, "--", "python3", "-c", program)
    assert ran.code == 0, ran.said


def test_it_comes_up_with_nothing_of_aws_and_its_keys_are_read(solo: ProjectCopy) -> None:
    assert packages(solo) == {"gcp"}
    document = manifest(solo)
    assert list(document["clouds"]) == ["gcp"]
    assert {name: one["cloud"] for name, one in document["consumers"].items()} == {
        "evals": "gcp",
        "web": "gcp",
    }
    reads(solo)
    status = json.loads(solo.keyplan("status", "--format", "json").stdout)
    assert [key["state"] for key in status["keys"]] == ["ok"]


def test_a_second_update_leaves_it_and_what_keyplan_wrote_on_the_secret_as_they_are(
    solo: ProjectCopy,
) -> None:
    up(solo, "solo", "--refresh")
    assert planned(solo, "solo") == set()
    reads(solo)


def test_where_aws_is_added_behind_it_keys_are_still_read_on_google_cloud(solo: ProjectCopy) -> None:
    """The engine sorts what a program exports, so that the clouds' order in the manifest says nothing."""
    write(solo, clouds=["gcp", "aws"])
    up(solo, "solo")
    assert packages(solo) == {"aws", "gcp"}
    document = manifest(solo)
    assert list(document["consumers"]) == ["evals", "web"]  # the catalogue has them the other way round
    assert (list(document["clouds"]), document["firstCloud"]) == (["aws", "gcp"], "gcp")
    reads(solo)  # AWS has no value yet
    refused = solo.keyplan("exec", "--cloud", "aws", "--", "true")
    assert "nobody has stored a value" in refused.stderr
