"""A secret that exists is taken over with its values: first as it is, then as the catalogue has it."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox_builtin.stack import Stack, kinds

VALUE = json.dumps({"ANTHROPIC_API_KEY": "made up for this test"})
HEAD = """
import sys
sys.path.insert(0, {root!r})
from components.aws.secrets import KeySecret, KeySecretArgs
from keyplan.checks import parse_catalogue

key = parse_catalogue(
    {{"owner": "platform@example.com", "keys": {{"anthropic": {key!r}}}}}, "prod", region="eu-west-1"
).keys["anthropic"]
kms_key = aws.kms.Key("encryption")
secret = KeySecret("prod-aws-anthropic", KeySecretArgs(
    key=key, environment="prod", encryption_key_arn=kms_key.arn, policy={policy!r},
    recovery_window_days=7, protect=True, tags={{"managed-by": "keyplan"}}))
pulumi.export("arn", secret.arn)
"""
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
        ],
    }
)


def program(root: str, **fields: Any) -> str:
    return HEAD.format(root=root, policy=POLICY, key={"vendor": "anthropic", **fields})


def made_by_hand(client: Any) -> str:
    """A secret with a value, a copy, a description, tags and no key of its own; its ARN."""
    answer = client.create_secret(
        Name="prod/anthropic-api-key",
        Description="made by hand",
        SecretString=VALUE,
        Tags=[{"Key": "team", "Value": "ml"}],
        AddReplicaRegions=[{"Region": "eu-central-1"}],
    )
    return str(answer["ARN"])


def shown(client: Any, arn: str) -> dict[str, Any]:
    """What the program would change of a secret."""
    found = client.describe_secret(SecretId=arn)
    return {
        "description": found.get("Description"),
        "key": found.get("KmsKeyId"),
        "tags": {tag["Key"]: tag["Value"] for tag in found["Tags"]},
        "copies": [copy["Region"] for copy in found.get("ReplicationStatus", ())],
    }


def test_a_secret_is_taken_over_as_it_is_and_shaped_when_the_field_is_gone(
    stack: Stack, aws: Any, pytestconfig: Any
) -> None:
    root = str(pytestconfig.rootpath)
    client = aws("secretsmanager")
    arn = made_by_hand(client)
    before = shown(client, arn)
    version = client.get_secret_value(SecretId=arn)["VersionId"]

    taken = stack.up(program(root, adopt=arn))
    assert kinds(taken)["prod-aws-anthropic-secret"] == "adopted"
    assert taken.outputs["arn"] == arn
    assert shown(client, arn) == before
    assert kinds(stack.up(program(root, adopt=arn)))["prod-aws-anthropic-secret"] == "kept"
    assert shown(client, arn) == before

    assert kinds(stack.up(program(root)))["prod-aws-anthropic-secret"] == "updated"
    after = shown(client, arn)
    assert after.pop("key").startswith("arn:aws:kms:")
    assert after == {
        "description": "keyplan: anthropic API key `anthropic` of prod, as ANTHROPIC_API_KEY; "
        "owner platform@example.com; rotate every 90d",
        "tags": {"managed-by": "keyplan"},
        "copies": [],
    }
    assert set(kinds(stack.up(program(root))).values()) == {"kept"}
    found = client.get_secret_value(SecretId=arn)
    assert (found["SecretString"], found["VersionId"]) == (VALUE, version)


def test_a_secret_that_was_restored_after_its_deletion_is_taken_over_by_another_stack(
    stack: Stack, aws: Any, pytestconfig: Any
) -> None:
    client = aws("secretsmanager")
    arn = made_by_hand(client)
    client.remove_regions_from_replication(SecretId=arn, RemoveReplicaRegions=["eu-central-1"])
    client.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    client.restore_secret(SecretId=arn)

    result = stack.up(program(str(pytestconfig.rootpath), adopt=arn))

    assert kinds(result)["prod-aws-anthropic-secret"] == "adopted"
    assert client.get_secret_value(SecretId=arn)["SecretString"] == VALUE


def test_a_preview_takes_nothing_over(stack: Stack, aws: Any, pytestconfig: Any) -> None:
    client = aws("secretsmanager")
    arn = made_by_hand(client)
    before = shown(client, arn)
    stack.write(program(str(pytestconfig.rootpath), adopt=arn))

    assert kinds(stack.run("preview"))["prod-aws-anthropic-secret"] == "adopted"
    assert shown(client, arn) == before
    assert "ResourcePolicy" not in client.get_resource_policy(SecretId=arn)
    assert not stack.state_file.exists()
