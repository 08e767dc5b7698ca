"""The small parts: an isolated environment, the provider's configuration, words for changes, files."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from keyplan.durations import Duration
from keyplan.errors import ChangedMeanwhile, KeyplanError, UsageError
from sandbox.commands.advance import parse_span
from sandbox.configuration import SERVICES, Configuration
from sandbox.isolation import isolated
from sandbox.outputs import read_manifest, read_resources, remove_outputs, whole_numbers, write_outputs
from sandbox.project import Project, find_project, one_at_a_time, write_private
from sandbox.report import next_steps, summary
from sandbox.stored import StoredKey

URL = "http://127.0.0.1:4566"


@dataclass(frozen=True)
class Change:
    kind: str
    urn: str
    type: str
    name: str


def _change(kind: str, type_: str, name: str) -> Change:
    return Change(kind, f"urn:{name}", type_, name)


def _key(name: str, vendor: str = "anthropic", *, stored: bool = False) -> StoredKey:
    return StoredKey(
        name=name,
        vendor=vendor,
        vendor_name=f"dev-{name}-key-20261121",
        env_var=f"{name.upper()}_API_KEY",
        owner="ada@example.com",
        versions={"aws": int(stored)},
        has_value=stored,
        created=None,
    )


def test_the_users_aws_settings_and_proxies_are_dropped_and_the_rest_stays() -> None:
    given = {
        "ANTHROPIC_API_KEY": "kept by nobody",
        "OPENROUTER_API_KEY": "kept by nobody",
        "PULUMI_ACCESS_TOKEN": "kept by nobody",
        "GITHUB_TOKEN": "kept by nobody",
        "PATH": "/bin",
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL_SECRETSMANAGER": "https://example.com",
        "MOTO_ENABLE_RECORDING": "1",
        "HTTPS_PROXY": "http://proxy.example",
        "all_proxy": "socks5://proxy.example",
        "NO_PROXY": "example.com",
    }
    assert isolated(given, "eu-west-2") == {
        "PATH": "/bin",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "eu-west-2",
        "AWS_DEFAULT_REGION": "eu-west-2",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_the_provider_gets_one_endpoint_for_every_service_and_asks_aws_nothing() -> None:
    config = Configuration({"keyplan:owner": "ada@example.com", "aws:region": "eu-west-2"}).with_endpoints(
        URL
    )
    assert json.loads(config.pop("aws:endpoints")) == [dict.fromkeys(SERVICES, URL)]
    assert config == {
        "keyplan:owner": "ada@example.com",
        "aws:region": "eu-west-2",
        "aws:accessKey": "sandbox",
        "aws:secretKey": "sandbox",
        "aws:skipCredentialsValidation": "true",
        "aws:skipMetadataApiCheck": "true",
        "aws:skipRegionValidation": "true",
        "aws:skipRequestingAccountId": "true",
    }
    assert Configuration({}).region == "eu-west-1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"anthropic": URL}),
        ({"keyplan:vendorEndpoints": '{"other": "https://x"}'}, {"other": "https://x", "anthropic": URL}),
        ({"keyplan:vendorEndpoints": '{"anthropic": "https://x"}'}, {"anthropic": URL}),
        ({"keyplan:vendorEndpoints": "nonsense"}, {"anthropic": URL}),
    ],
)
def test_the_program_asks_the_sandboxs_vendor(given: dict[str, str], expected: dict[str, str]) -> None:
    config = Configuration(given).with_endpoints("http://127.0.0.1:1", vendor_url=URL)
    assert json.loads(config["keyplan:vendorEndpoints"]) == expected


def test_changes_are_told_by_kind_with_the_names_that_a_person_knows() -> None:
    changes = [
        _change("created", "aws:secretsmanager/secret:Secret", "sandbox-aws-anthropic-secret"),
        _change("created", "aws:iam/role:Role", "sandbox-aws-evals-reader-role"),
        _change("created", "aws:iam/role:Role", "sandbox-aws-chat-api-reader-role"),
        _change("created", "aws:iam/rolePolicy:RolePolicy", "sandbox-aws-evals-reader-policy"),
        _change("created", "keyplan:aws:Environment", "sandbox"),
        _change("deleted", "aws:lambda/function:Function", "sandbox-aws-reminders-function"),
        _change("kept", "aws:kms/key:Key", "sandbox-aws-encryption-key"),
    ]
    assert summary(changes, every_one=False) == [
        "created: 4 resources",
        "  1 secret: anthropic",
        "  2 roles: chat-api-reader, evals-reader",
        "  1 part of others (policies, permissions, targets, …)",
        "removed: 1 resource",
        "  1 function: reminders",
        "kept: 1 resource",
    ]
    assert summary(changes, every_one=True)[-2:] == [
        "kept: 1 resource",
        "  aws:kms/key:Key  sandbox-aws-encryption-key",
    ]
    assert summary([], every_one=False) == []


def test_many_names_are_cut() -> None:
    changes = [_change("updated", "aws:iam/role:Role", f"role{number}") for number in range(10)]
    assert summary(changes, every_one=False)[1] == (
        "  10 roles: role0, role1, role2, role3, role4, role5, role6, role7 and 2 more"
    )


def test_the_first_step_is_to_put_what_has_no_value() -> None:
    steps = next_steps([_key("first", stored=True), _key("other", "generic")], ("ecs", "chat-api"))
    assert [step.split("keyplan ", 1)[1] for step in steps] == [
        "put other",
        "status",
        "exec --only other -- sh -c 'test -n \"$OTHER_API_KEY\" && echo it is there'",
        "wire ecs chat-api",
    ]
    assert "put" not in " ".join(next_steps([_key("first", stored=True)], None))
    assert next_steps([], None) == []


def test_programs_are_tried_with_a_key_that_is_for_programs() -> None:
    steps = next_steps([_key("admin", "anthropic-admin"), _key("first")], None)
    assert [step.rpartition("keyplan ")[2].partition(" --")[0] for step in steps] == [
        "put admin",
        "put first",
        "status",
        "exec",
    ]
    assert "exec --only first -- " in steps[-1]


@pytest.mark.parametrize(
    ("vendor", "option"), [("anthropic", ""), ("anthropic-admin", " --admin"), ("gateway", " --gateway")]
)
def test_a_first_value_comes_from_the_sandboxs_own_vendor(vendor: str, option: str) -> None:
    step = next_steps([_key("first", vendor)], None)[0]
    made, _, put = step.partition(" | ")
    assert made.endswith(f"-m sandbox console create dev-first-key-20261121{option}")
    assert put.endswith("keyplan put first")


@pytest.mark.parametrize("text", ["91", "", "d", "1.5d", "91D", "１d", "0d", "1 d", "1y", "+1d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_span(text)


def test_time_moves_by_ten_years_at_most() -> None:
    assert parse_span("3650d") == Duration(3650 * 86400)
    with pytest.raises(UsageError, match="ten years"):
        parse_span("3651d")


def test_the_project_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == Project(tmp_path)
    with pytest.raises(UsageError, match=r"no Pulumi\.yaml"):
        find_project(Path("/"))


def test_the_lock_is_free_again_when_its_holder_is_done(tmp_path: Path) -> None:
    project = Project(tmp_path)
    with one_at_a_time(project), pytest.raises(ChangedMeanwhile), one_at_a_time(project):
        pass
    with one_at_a_time(project):
        pass


def test_a_private_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_private(path, "one")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "two\udc80")
    assert path.read_text() == "one"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_whole_numbers_lose_the_point_that_pulumi_gives_them() -> None:
    assert whole_numbers({"a": [30.0, 1.5, True, "30.0", None]}) == {"a": [30, 1.5, True, "30.0", None]}


def test_wiring_cannot_leave_its_directory(tmp_path: Path) -> None:
    project = Project(tmp_path)
    outputs = {"manifest": {}, "wiring": {"../../out": {"x": "1"}, "good": {"../y": "2", "ecs": "3"}}}
    write_outputs(project, outputs, 1)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == [
        ".keyplan/sandbox/manifest.json",
        ".keyplan/sandbox/summary.json",
        ".keyplan/sandbox/wiring/good/ecs",
    ]
    assert read_resources(project) == 1
    remove_outputs(project)
    assert (read_manifest(project), read_resources(project)) == (None, None)


def test_a_program_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyplanError, match="exported no manifest"):
        write_outputs(Project(tmp_path), {"wiring": {}}, 1)
