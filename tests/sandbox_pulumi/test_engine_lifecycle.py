"""What happens to secrets and their values over an environment's life, under Pulumi's real engine.

One sandbox with dev and a protected prod; the tests follow each other, and each begins where the one before
it has ended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from sandbox.pulumi_cli.find import Engine
from tests.end_to_end.project_copy import ProjectCopy
from tests.sandbox_pulumi.engine_copy import (
    WITHOUT_ASKING,
    clients,
    done,
    give_engine,
    planned,
    pulumi,
    resources,
    short,
    up,
)
from tests.sandbox_pulumi.inventory import inventory

VALUE = "sk-or-" + "v1-" + "0123456789abcdef" * 4
UNPROTECT = re.compile(r"cannot be deleted because it is protected\..*?`pulumi state unprotect '(\S+)'`")
DEV: Mapping[str, Any] = {
    "owner": "platform@example.com",
    "protect": False,
    "recoveryWindow": "7d",
    "keys": {
        "openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"},
        "anthropic": {"vendor": "anthropic"},
    },
    "consumers": {
        "workbench": {"runtime": "ec2", "keys": ["openrouter", "anthropic"]},
        "evals": {
            "runtime": "github-actions",
            "repository": "example/evals",
            "repositoryId": "123456789",
            "repositoryOwnerId": "9876543",
            "branches": ["main"],
            "keys": ["anthropic"],
        },
    },
}
PROD: Mapping[str, Any] = {**DEV, "protect": True, "consumers": {}}


@dataclass
class Life:
    """The copy, and the catalogue of dev as it is now."""

    copy: ProjectCopy
    dev: dict[str, Any] = field(default_factory=lambda: yaml.safe_load(yaml.safe_dump(dict(DEV))))

    def write(self, stack: str = "dev", catalogue: Mapping[str, Any] | None = None) -> None:
        named = {f"keyplan:{name}": value for name, value in (catalogue or self.dev).items()}
        document = {"config": {"aws:region": "eu-west-1", **named}}
        (self.copy.directory / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(document, sort_keys=False))

    @property
    def secrets(self) -> Any:
        return clients(self.copy)("secretsmanager")

    def versions(self, name: str) -> dict[str, list[str]]:
        listed = self.secrets.list_secret_version_ids(SecretId=name)["Versions"]
        return {one["VersionId"]: one["VersionStages"] for one in listed}

    def value_is_there(self) -> None:
        program = f"import os, sys; sys.exit(os.environ['OPENROUTER_API_KEY'] != {VALUE!r})"
        (key,) = (name for name, one in self.dev["keys"].items() if one["vendor"] == "generic")
        ran = self.copy.keyplan("exec", "--only", key, "--", "python3", "-c", program)
        assert ran.code == 0, ran.said


@pytest.fixture(scope="module")
def life(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> Life:
    """dev and prod, up; dev has a value."""
    result = Life(give_engine(make_copy(), real_engine))
    result.write("prod", PROD)
    up(result.copy, "prod")
    result.write()
    up(result.copy, "dev")
    put = result.copy.keyplan("put", "openrouter", stdin=VALUE)
    assert put.code == 0, put.said
    return result


def test_a_renamed_key_and_a_renamed_consumer_keep_the_secret_its_versions_and_the_role(life: Life) -> None:
    arn = life.secrets.describe_secret(SecretId="dev/openrouter-api-key")["ARN"]
    versions = life.versions(arn)
    life.dev["keys"]["routes"] = {**life.dev["keys"].pop("openrouter"), "renamedFrom": "openrouter"}
    bench = {**life.dev["consumers"].pop("workbench"), "renamedFrom": "workbench"}
    life.dev["consumers"]["bench"] = {**bench, "keys": ["routes", "anthropic"]}
    life.write()

    changes = planned(life.copy, "dev")
    assert changes == {
        ("update", "Secret dev-aws-routes-secret"),  # its tags and description name the key
        ("update", "Role dev-aws-bench-reader-role"),  # and so do the role's
        ("update", "Function dev-aws-read-alarm-function"),
        ("update", "Function dev-aws-reminders-function"),
        ("update", "MetricAlarm dev-aws-reminders-openrouter-rotation-due"),  # their words do
        ("update", "MetricAlarm dev-aws-reminders-openrouter-rotation-overdue"),
    }
    assert done(up(life.copy, "dev", "--json")) == changes
    assert life.secrets.describe_secret(SecretId="dev/openrouter-api-key")["ARN"] == arn
    assert life.versions(arn) == versions
    life.value_is_there()


def test_the_removal_of_a_key_is_refused_in_prod_until_it_is_unprotected_as_the_message_says(
    life: Life,
) -> None:
    before = inventory(clients(life.copy))
    assert UNPROTECT.search(flat(life.copy.sandbox("pulumi", "destroy", "--stack=prod", "--yes").said))
    life.write("prod", {**PROD, "keys": {"anthropic": {"vendor": "anthropic"}}})
    # Where the preview is skipped, others change before the refusal; the secret stays as closed as it was.
    secret = "secret prod/openrouter-api-key"
    up(life.copy, "prod", code=1)
    assert inventory(clients(life.copy))[secret] == before[secret]
    for name in ("SecretPolicy prod-aws-openrouter-policy", "Secret prod-aws-openrouter-secret"):
        refused = UNPROTECT.search(flat(pulumi(life.copy, "preview", "--stack=prod", code=1).said))
        assert refused is not None
        assert short(refused[1]) == name
        pulumi(life.copy, "state", "unprotect", refused[1], "--stack=prod", "--yes")
    up(life.copy, "prod")
    left = inventory(clients(life.copy))
    assert (secret in left, f"deleted {secret}" in left) == (False, True)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_removal_of_a_key_in_dev_deletes_it_and_its_way_back_keeps_the_value(life: Life) -> None:
    key = life.dev["keys"].pop("routes")
    life.dev["consumers"]["bench"]["keys"] = ["anthropic"]
    life.write()
    assert ("delete", "Secret dev-aws-routes-secret") in done(up(life.copy, "dev", "--json"))
    arn = life.secrets.describe_secret(SecretId="dev/openrouter-api-key")["ARN"]
    assert inventory(clients(life.copy)).keys() & {"secret dev/openrouter-api-key"} == set()

    # The name is taken until the window has passed: the preview says so, and what to do.
    life.dev["keys"]["routes"] = key
    life.dev["consumers"]["bench"]["keys"] = ["anthropic", "routes"]
    life.write()
    told = flat(pulumi(life.copy, "preview", "--stack=dev", code=1).said)
    assert "1 secret of environment dev is pending deletion" in told
    assert "aws secretsmanager restore-secret --secret-id dev/openrouter-api-key" in told
    assert f"adopt: {arn}" in told
    failed = flat(up(life.copy, "dev", code=1).said)
    assert "the name `dev/openrouter-api-key` is pending deletion" in failed
    assert "restore-secret --secret-id dev/openrouter-api-key" in failed

    # Restored, it is somebody's: it is not taken over unasked.
    life.secrets.restore_secret(SecretId=arn)
    assert "does not belong to this stack" in flat(up(life.copy, "dev", code=1).said)
    life.dev["keys"]["routes"] = {**key, "adopt": arn}
    life.write()
    operations = done(up(life.copy, "dev", "--json"))
    assert {(op, name) for op, name in operations if name.startswith("Secret ")} == {
        ("import", "Secret dev-aws-routes-secret")
    }
    assert life.secrets.describe_secret(SecretId="dev/openrouter-api-key")["ARN"] == arn
    life.value_is_there()
    life.dev["keys"]["routes"] = key
    life.write()
    assert {op for op, _ in done(up(life.copy, "dev", "--json"))} <= {"update"}
    up(life.copy, "dev", "--expect-no-changes")
    life.value_is_there()


def test_destroy_leaves_only_what_waits_out_its_window_and_the_accounts_oidc_providers(life: Life) -> None:
    ran = pulumi(life.copy, "destroy", "--stack=dev", *WITHOUT_ASKING)
    assert resources(life.copy, "dev") == {}
    left = {name for name in inventory(clients(life.copy)) if "prod" not in name}
    assert {re.sub(r"kms key .*", "kms key", name) for name in left} == {
        "deleted secret dev/openrouter-api-key",
        "deleted secret dev/anthropic-api-key",
        "deleted kms key",
        # An account has one for all its environments, and others may count on it.
        "oidc provider arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    }
    assert "keyplan's commands do not act on dev any more" in ran.said
    assert life.copy.keyplan("status").code == 2
    pulumi(life.copy, "stack", "rm", "dev", "--yes")
    assert "dev" not in pulumi(life.copy, "stack", "ls", "--json").stdout
