"""What an update does: create, keep, change, replace, remove, preview, destroy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keyplan.errors import ChangedMeanwhile
from sandbox.builtin import ResourceFailed
from tests.sandbox_builtin.stack import Stack, kinds

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
SECRET_AND_READER = """
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    secret = aws.secretsmanager.Secret("secret", name="dev/a-api-key", recovery_window_in_days=7)
    role = aws.iam.Role("role", name="dev-reader", assume_role_policy=trust)
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret.arn}
    policy = aws.iam.RolePolicy("policy", role=role.name, name="read",
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]}))
    hidden = pulumi.Output.secret("x")
    pulumi.export("manifest", {"arn": secret.arn, "days": 7, "ratio": 0.5, "hidden": hidden})
"""


def names_of_secrets(aws: Any) -> list[str]:
    return [found["Name"] for found in aws("secretsmanager").list_secrets()["SecretList"]]


def test_the_first_run_creates_and_exports_and_the_second_changes_nothing(stack: Stack, aws: Any) -> None:
    first = stack.up(SECRET_AND_READER)
    arn = aws("secretsmanager").describe_secret(SecretId="dev/a-api-key")["ARN"]
    document = aws("iam").get_role_policy(RoleName="dev-reader", PolicyName="read")["PolicyDocument"]

    assert kinds(first) == dict.fromkeys(("secret", "role", "policy"), "created")
    assert first.changes == stack.reported
    assert document["Statement"][0]["Resource"] == arn
    assert first.outputs == {"manifest": {"arn": arn, "days": 7, "ratio": 0.5, "hidden": "[secret]"}}
    assert type(first.outputs["manifest"]["days"]) is int

    written = stack.state_file.read_bytes()
    second = stack.up()

    assert kinds(second) == dict.fromkeys(("secret", "role", "policy"), "kept")
    assert second.outputs == first.outputs
    assert stack.state_file.read_bytes() == written


def test_a_changed_tag_and_a_changed_policy_change_only_these_resources(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)
    changed = SECRET_AND_READER.replace(
        "recovery_window_in_days=7", 'recovery_window_in_days=7, tags={"owner": "a@example.com"}'
    ).replace("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret")

    result = stack.up(changed)

    assert kinds(result) == {"secret": "updated", "role": "kept", "policy": "updated"}
    assert aws("secretsmanager").describe_secret(SecretId="dev/a-api-key")["Tags"] == [
        {"Key": "owner", "Value": "a@example.com"}
    ]
    document = aws("iam").get_role_policy(RoleName="dev-reader", PolicyName="read")["PolicyDocument"]
    assert document["Statement"][0]["Action"] == "secretsmanager:DescribeSecret"


def test_a_policy_that_is_only_written_differently_is_no_change(stack: Stack) -> None:
    program = 'aws.iam.Policy("p", name="p", policy={text!r})'
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    stack.up(program.format(text=json.dumps(document)))

    result = stack.up(program.format(text=json.dumps(document, indent=2, sort_keys=True)))

    assert kinds(result) == {"p": "kept"}


def test_a_renamed_role_is_made_anew_and_what_hangs_on_it_moves(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)

    result = stack.up(SECRET_AND_READER.replace("dev-reader", "dev-second-reader"))

    assert kinds(result) == {"secret": "kept", "role": "replaced", "policy": "replaced"}
    roles = {role["RoleName"] for role in aws("iam").list_roles()["Roles"]}
    assert roles == {"dev-second-reader"}
    assert aws("iam").list_role_policies(RoleName="dev-second-reader")["PolicyNames"] == ["read"]


def test_a_role_whose_name_stays_goes_first_and_its_policies_with_it(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)

    result = stack.up(SECRET_AND_READER.replace('name="dev-reader"', 'name="dev-reader", path="/keyplan/"'))

    assert kinds(result) == {"secret": "kept", "role": "replaced", "policy": "replaced"}
    assert aws("iam").get_role(RoleName="dev-reader")["Role"]["Path"] == "/keyplan/"
    assert aws("iam").list_role_policies(RoleName="dev-reader")["PolicyNames"] == ["read"]


def test_what_leaves_the_program_is_deleted_before_what_it_needs(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)

    result = stack.up('aws.sns.Topic("topic", name="owners")')

    assert [change.name for change in result.changes[:2]] == ["topic", "policy"]
    assert kinds(result) == {
        "topic": "created",
        **dict.fromkeys(("policy", "role", "secret"), "deleted"),
    }
    assert aws("iam").list_roles()["Roles"] == []
    assert names_of_secrets(aws) == []


def test_automatic_names_begin_with_the_resource_and_stay(stack: Stack, aws: Any) -> None:
    program = f'aws.iam.Role("reader", assume_role_policy={TRUST!r}, description="%s")'
    stack.up(program % "one")
    before = aws("iam").list_roles()["Roles"][0]["RoleName"]

    result = stack.up(program % "two")

    assert kinds(result) == {"reader": "updated"}
    assert before.startswith("reader-")
    assert [role["RoleName"] for role in aws("iam").list_roles()["Roles"]] == [before]


def test_a_preview_tells_everything_and_does_nothing(stack: Stack, aws: Any) -> None:
    stack.write(SECRET_AND_READER)
    first = stack.run("preview")

    assert kinds(first) == dict.fromkeys(("secret", "role", "policy"), "created")
    assert first.outputs["manifest"]["arn"] == "[known after the update]"
    assert names_of_secrets(aws) == []
    assert not stack.state_file.parent.exists()

    stack.run()
    written = stack.state_file.read_bytes()
    stack.write('aws.iam.Role("role", name="other", assume_role_policy="{}")')
    second = stack.run("preview")

    assert kinds(second) == {"role": "replaced", "policy": "deleted", "secret": "deleted"}
    assert names_of_secrets(aws) == ["dev/a-api-key"]
    assert stack.state_file.read_bytes() == written


def test_a_preview_after_an_update_knows_what_exists(stack: Stack) -> None:
    known = stack.up(SECRET_AND_READER).outputs

    assert stack.run("preview").outputs == known


def test_destroy_deletes_everything_and_a_second_one_nothing(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)

    result = stack.run("destroy")

    assert result.changes[0].name == "policy"
    assert kinds(result) == dict.fromkeys(("policy", "role", "secret"), "deleted")
    assert names_of_secrets(aws) == []
    assert aws("iam").list_roles()["Roles"] == []
    assert stack.run("destroy").changes == []


def test_a_state_of_another_server_is_forgotten(stack: Stack, aws: Any) -> None:
    stack.up(SECRET_AND_READER)
    aws("iam").delete_role_policy(RoleName="dev-reader", PolicyName="read")
    aws("iam").delete_role(RoleName="dev-reader")
    aws("secretsmanager").delete_secret(SecretId="dev/a-api-key", ForceDeleteWithoutRecovery=True)
    stack.instance = "second"

    result = stack.up()

    assert kinds(result) == dict.fromkeys(("secret", "role", "policy"), "created")
    assert result.state_discarded
    assert not stack.up().state_discarded


def test_code_of_a_function_is_compared_by_what_it_says(stack: Stack, aws: Any) -> None:
    program = """
    role = aws.iam.Role("role", name="r", assume_role_policy="{}")
    aws.lambda_.Function("function", name="f", role=role.arn, handler="m.f", runtime="python3.12",
        code=pulumi.AssetArchive({"m.py": pulumi.FileAsset("m.py"), "d.json": pulumi.StringAsset("{}")}))
    """
    source = stack.folder / "m.py"
    source.write_text("f = 1\n")
    stack.up(program)
    before = aws("lambda").get_function(FunctionName="f")["Configuration"]["CodeSha256"]
    source.touch()

    assert kinds(stack.up()) == {"role": "kept", "function": "kept"}

    source.write_text("f = 2\n")

    assert kinds(stack.up()) == {"role": "kept", "function": "updated"}
    assert aws("lambda").get_function(FunctionName="f")["Configuration"]["CodeSha256"] != before


def test_ignored_changes_stay_as_they_are_and_others_are_made(stack: Stack, aws: Any) -> None:
    program = """
    aws.iam.Role("role", name="r", assume_role_policy="{{}}", description="{0}",
        tags={{"a": "{0}", "b": "{0}"}},
        opts=pulumi.ResourceOptions(ignore_changes=["description", "tags.a"]))
    """
    stack.up(program.format("one"))

    assert kinds(stack.up(program.format("two"))) == {"role": "updated"}

    role = aws("iam").get_role(RoleName="r")["Role"]
    assert role["Description"] == "one"
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"a": "one", "b": "two"}


def test_an_explicit_provider_says_where_its_resources_are(stack: Stack, aws: Any) -> None:
    stack.up("""
    provider = aws.Provider("elsewhere", region="us-east-1", access_key="any", secret_key="any",
        default_tags={"tags": {"managed-by": "keyplan"}})
    aws.secretsmanager.Secret("there", name="a", opts=pulumi.ResourceOptions(provider=provider))
    aws.secretsmanager.Secret("here", name="a")
    """)

    there = stack_client(aws, "us-east-1").describe_secret(SecretId="a")
    assert there["Tags"] == [{"Key": "managed-by", "Value": "keyplan"}]
    assert "Tags" not in aws("secretsmanager").describe_secret(SecretId="a")

    assert kinds(stack.up("")) == {"there": "deleted", "here": "deleted"}
    assert stack_client(aws, "us-east-1").list_secrets()["SecretList"] == []


def stack_client(aws: Any, region: str) -> Any:
    return aws("secretsmanager", region)


def test_a_replacement_that_fails_leaves_the_old_resource(stack: Stack, aws: Any) -> None:
    program = 'aws.cloudwatch.LogGroup("group", name="{0}")'
    stack.up(program.format("one"))
    aws("logs").create_log_group(logGroupName="taken")

    with pytest.raises(ResourceFailed, match="ResourceAlreadyExistsException to CreateLogGroup"):
        stack.up(program.format("taken"))

    assert kinds(stack.up(program.format("one"))) == {"group": "kept"}


def test_two_runs_at_once_are_refused(stack: Stack) -> None:
    from sandbox.builtin.state import opened

    stack.write("")
    with (
        opened(stack.state_file, "trial", "dev", "first", preview=False),
        pytest.raises(ChangedMeanwhile, match="another run"),
    ):
        stack.run()
