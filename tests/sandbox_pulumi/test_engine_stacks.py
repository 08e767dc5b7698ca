"""Pulumi's real engine builds every environment from nothing, sees every drift, and puts it right.

One sandbox with the three stacks of the checkout; each test leaves it as it found it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.project import Project
from sandbox.pulumi_cli.find import Engine
from sandbox.server.record import read_record
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import MOTO_ACCOUNT, configuration_of, existing_roles
from tests.sandbox_pulumi.engine_copy import (
    WITHOUT_ASKING,
    clients,
    done,
    give_engine,
    planned,
    pulumi,
    resources,
    up,
)
from tests.sandbox_pulumi.inventory import Inventory, inventory

STACKS = ("dev", "prod", "sandbox")
EXAMPLE_ACCOUNT = "111122223333"
GOOGLE_SECRETS = {
    f"projects/123456789012/secrets/sandbox-{key}-api-key" for key in ("anthropic", "anthropic-admin")
}
HALVES = ("create-replacement", "delete-replaced")  # of a `replace`
REPLICA_REGION = "eu-central-1"
NOBODY = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}]})


@dataclass
class Built:
    """The project with its three environments, and what was there before."""

    copy: ProjectCopy
    files_before: dict[str, bytes]
    home_before: dict[str, bytes]

    def cloud(self) -> Inventory:
        return {
            **inventory(clients(self.copy)),
            **{f"{REPLICA_REGION} {name}": one for name, one in self._replicas().items()},
        }

    def _replicas(self) -> Inventory:
        found = inventory(clients(self.copy, REPLICA_REGION))
        return {name: one for name, one in found.items() if not name.startswith(("iam", "oidc"))}

    def client(self, service: str) -> Any:
        return clients(self.copy)(service)


def files_of(directory: Path, pattern: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.glob(pattern)) if path.is_file()}


@pytest.fixture(scope="module")
def built(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> Built:
    """Every stack of the checkout, up."""
    copy = give_engine(make_copy(), real_engine)
    prod = copy.directory / "Pulumi.prod.yaml"
    prod.write_text(prod.read_text().replace(EXAMPLE_ACCOUNT, MOTO_ACCOUNT))
    users = copy.home / ".pulumi"
    users.mkdir()
    (users / "credentials.json").write_text('{"current": "https://pulumi.invalid"}')
    result = Built(copy, files_of(copy.directory, "*"), files_of(copy.home, "**/*"))
    pulumi(copy, "stack", "ls")  # starts the cloud, in which prod expects roles that keyplan does not make
    for arn in sorted(existing_roles(configuration_of(copy.directory, "prod"))):
        result.client("iam").create_role(RoleName=arn.rsplit("/", 1)[1], AssumeRolePolicyDocument=NOBODY)
    for stack in STACKS:
        up(copy, stack)
    return result


def test_a_second_up_and_a_refresh_find_nothing_to_change_in_any_environment(built: Built) -> None:
    for stack in STACKS:
        up(built.copy, stack, "--expect-no-changes")
        pulumi(built.copy, "refresh", f"--stack={stack}", *WITHOUT_ASKING, "--expect-no-changes")
    pulumi(built.copy, "preview", "--stack=prod", "--diff", "--refresh", "--expect-no-changes")


def test_the_users_own_pulumi_and_the_checkout_stay_as_they_were(built: Built) -> None:
    assert files_of(built.copy.home, "**/*") == built.home_before
    assert files_of(built.copy.directory, "*") == built.files_before


def test_each_environment_has_a_state_of_its_own_and_what_it_says_is_in_the_cloud(built: Built) -> None:
    secrets = {name.removeprefix("secret ") for name in built.cloud() if name.startswith("secret ")}
    said = {
        stack: {
            one["outputs"]["name"]
            for name, one in resources(built.copy, stack).items()
            if name.startswith("Secret ")
        }
        for stack in STACKS
    }
    assert said == {
        "dev": {"dev/anthropic-api-key", "dev/openrouter-api-key"},
        "prod": {"prod/anthropic-api-key", "prod/anthropic-evals-api-key", "prod/openrouter-api-key"},
        "sandbox": {"sandbox/anthropic-api-key", "sandbox/anthropic-admin-api-key", *GOOGLE_SECRETS},
    }
    assert secrets == set().union(*said.values()) - GOOGLE_SECRETS


def test_the_commands_of_every_environment_ask_the_sandboxs_vendor(built: Built) -> None:
    record = read_record(Project(built.copy.directory).directory)
    assert record is not None
    for stack in STACKS:
        manifest = json.loads(pulumi(built.copy, "stack", "output", "manifest", f"--stack={stack}").stdout)
        assert manifest["vendorEndpoints"] == {"anthropic": record.vendor_url}


def test_what_was_changed_behind_its_back_is_seen_by_refresh_and_put_right_by_up(built: Built) -> None:
    before = built.cloud()
    iam, kms, secretsmanager = (built.client(name) for name in ("iam", "kms", "secretsmanager"))
    open_document = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
    role, key = "prod-chat-api-reader", "alias/keyplan-prod"
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    grants = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}], "Version": "2012-10-17"}
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(grants))
    iam.tag_role(RoleName=role, Tags=[{"Key": "owner", "Value": "somebody@example.com"}])
    secret = "prod/anthropic-api-key"
    secretsmanager.put_resource_policy(SecretId=secret, ResourcePolicy=json.dumps(open_document))
    secretsmanager.tag_resource(SecretId=secret, Tags=[{"Key": "added", "Value": "by hand"}])
    secretsmanager.untag_resource(SecretId="prod/openrouter-api-key", TagKeys=["owner"])
    key_id = kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key_id, PolicyName="default", Policy=json.dumps(open_document))
    built.client("cloudwatch").delete_alarms(AlarmNames=["prod-reminder-silent"])
    built.client("sns").unsubscribe(SubscriptionArn=subscription_of(built, "prod-"))
    assert built.cloud() != before

    changed = {
        ("update", "Key prod-aws-encryption-key"),
        ("update", "Role prod-aws-chat-api-reader-role"),
        ("update", "RolePolicy prod-aws-chat-api-reader-policy"),
        ("update", "Secret prod-aws-anthropic-secret"),
        ("update", "Secret prod-aws-openrouter-secret"),
        ("update", "SecretPolicy prod-aws-anthropic-policy"),
    }
    gone = {
        "MetricAlarm prod-aws-reminders-reminder-silent",
        "TopicSubscription prod-aws-owners-ml-example-com-7196167c-email",
    }
    refreshed = pulumi(built.copy, "refresh", "--stack=prod", *WITHOUT_ASKING, "--json")
    assert done(refreshed) == changed | {("delete", name) for name in gone}
    assert done(up(built.copy, "prod", "--json")) == changed | {("create", name) for name in gone}
    assert built.cloud() == before
    up(built.copy, "prod", "--expect-no-changes")


def subscription_of(built: Built, start: str) -> str:
    found = [one["SubscriptionArn"] for one in built.client("sns").list_subscriptions()["Subscriptions"]]
    return min(arn for arn in found if f":{start}" in arn)


def test_a_second_reader_changes_exactly_what_it_needs(built: Built) -> None:
    path = built.copy.directory / "Pulumi.sandbox.yaml"
    as_it_was = path.read_text()
    document = yaml.safe_load(as_it_was)
    document["config"]["keyplan:consumers"]["batch"] = {"runtime": "ec2", "keys": ["anthropic"]}
    path.write_text(yaml.safe_dump(document))
    try:
        wanted = planned(built.copy, "sandbox")
        assert wanted == {
            ("create", "Reader sandbox-aws-batch-reader"),
            ("create", "Role sandbox-aws-batch-reader-role"),
            ("create", "RolePolicy sandbox-aws-batch-reader-policy"),
            ("create", "InstanceProfile sandbox-aws-batch-reader-instance-profile"),
            # Both know who is listed: one warns of other readers, one counts the last reads of these.
            ("update", "Function sandbox-aws-read-alarm-function"),
            ("update", "Function sandbox-aws-reminders-function"),
            # So does the reminder on Google Cloud, with its code; a mail names every reader of a key.
            ("replace", "BucketObject sandbox-gcp-reminders-source"),
            ("update", "Function sandbox-gcp-reminders-function"),
        }
        before = built.cloud()
        changed = done(up(built.copy, "sandbox", "--json"))
        assert {(op, name) for op, name in changed if op not in HALVES} == wanted
        after = built.cloud()
        assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == {
            f"iam arn:aws:iam::{MOTO_ACCOUNT}:role/sandbox-batch-reader",
            f"iam arn:aws:iam::{MOTO_ACCOUNT}:instance-profile/sandbox-batch-reader",
            "function sandbox-keyplan-read-alarm",
            "function sandbox-keyplan-value-age",
        }
    finally:
        path.write_text(as_it_was)
    back = done(up(built.copy, "sandbox", "--json"))
    assert {op for op, name in back if op not in HALVES} == {"delete", "update", "replace"}
    assert built.cloud() == before
