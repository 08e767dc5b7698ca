"""Who can read which key, proved from the policies that stand in the account, for every shipped catalogue.

The policies are read back through the AWS APIs and judged by tests/evaluator, which never saw the code that
wrote them; what should be allowed is read from the configuration files. moto decides nothing here.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import pytest

from tests.end_to_end.ci_tokens import CI_RUNTIMES, tokens_for
from tests.end_to_end.principals import (
    ADMINISTRATOR,
    STRANGER_ACCOUNT,
    locked,
    readable,
    reader,
    role_of,
    secrets_of,
    somebody,
)
from tests.end_to_end.project_copy import ProjectCopy
from tests.end_to_end.stack_copy import (
    ENVIRONMENT,
    MOTO_ACCOUNT,
    Stack,
    bring_up,
    configuration_of,
    existing_roles,
    look_at,
    make_roles,
    write_configuration,
)
from tests.evaluator.policy_evaluator import (
    Principal,
    Secret,
    can,
    can_assume,
    can_assume_with_token,
    can_get_secret_value,
    can_service_assume,
    can_use_key,
    refused_by_iam,
)

ROOT = Principal(f"arn:aws:iam::{MOTO_ACCOUNT}:root")
EXAMPLE_ACCOUNT = "111122223333"  # the account in the shipped configuration files


CATALOGUES = ("sandbox", "dev", "prod")


@pytest.fixture(scope="session", params=CATALOGUES)
def stack(request: pytest.FixtureRequest, make_copy: Callable[[], ProjectCopy]) -> Stack:
    """Each shipped catalogue, made in a sandbox of its own; roles that it refers to exist beforehand."""
    copy = make_copy()
    if request.param != ENVIRONMENT:
        shipped = (copy.directory / f"Pulumi.{request.param}.yaml").read_text()
        target = copy.directory / f"Pulumi.{ENVIRONMENT}.yaml"
        simple = target.read_text()
        target.write_text(shipped.replace(EXAMPLE_ACCOUNT, MOTO_ACCOUNT))
        config = configuration_of(copy.directory, ENVIRONMENT)
        if existing_roles(config):
            target.write_text(simple)
            bring_up(copy)
            make_roles(copy, existing_roles(config))
            write_configuration(copy, config)
    bring_up(copy)
    return look_at(copy)


def secretsmanager_actions() -> list[str]:
    """Every action of Secrets Manager that has an API operation."""
    folder = Path(botocore.__file__).parent / "data/secretsmanager/2017-10-17"
    model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    return [f"secretsmanager:{name}" for name in model["operations"]]


def may(stack: Stack, principal: Principal, secret: Secret) -> set[str]:
    """Everything that a principal may do to a secret."""
    actions = secretsmanager_actions()
    return {action.partition(":")[2] for action in actions if can(stack.account, principal, action, secret)}


# ---- readers --------------------------------------------------------------------------------------------


def test_each_consumer_can_read_its_keys_and_no_other(stack: Stack) -> None:
    expected = {name: set(consumer["keys"]) for name, consumer in stack.consumers.items()}
    assert expected == {name: readable(stack, reader(stack, name)) for name in stack.consumers}
    assert any(expected.values())


def test_a_reader_may_read_and_describe_and_do_nothing_else(stack: Stack) -> None:
    for name, consumer in stack.consumers.items():
        for key, secret in secrets_of(stack):
            expected = {"DescribeSecret", "GetSecretValue"} if key in consumer["keys"] else set()
            assert may(stack, reader(stack, name), secret) == expected, (name, key)


def test_a_reader_cannot_use_the_encryption_key_without_secrets_manager(stack: Stack) -> None:
    for name in stack.consumers:
        for action in (
            "kms:Decrypt",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:CreateGrant",
        ):
            for key_arn in stack.account.key_policies:
                assert not can_use_key(stack.account, reader(stack, name), action, key_arn, via_secret=None)


def test_no_other_role_of_the_account_can_read_anything(stack: Stack) -> None:
    readers = {
        role_of(stack, name).arn for name in stack.consumers if stack.consumers[name]["runtime"] != "people"
    }
    others = {name: role for name, role in stack.account.roles.items() if role.arn not in readers}
    able = {name: readable(stack, role.as_principal()) for name, role in others.items()}
    assert able == {name: set() for name in others}
    assert f"{ENVIRONMENT}-keyplan-auditor" in others


@pytest.mark.parametrize(
    "who", ["anonymous", "a role without a policy", "an administrator of another account"]
)
def test_a_stranger_can_do_nothing(stack: Stack, who: str) -> None:
    stranger = {
        "anonymous": Principal(""),
        "a role without a policy": somebody("stranger"),
        "an administrator of another account": somebody("admin", ADMINISTRATOR, account=STRANGER_ACCOUNT),
    }[who]
    for key, secret in secrets_of(stack):
        assert may(stack, stranger, secret) == set(), key
    for role in stack.account.roles.values():
        assert not can_assume(stack.account, stranger, role), role.name


def test_every_secret_has_the_encryption_key_of_the_environment(stack: Stack) -> None:
    keys = {secret.kms_key_arn for _, secret in secrets_of(stack)}
    assert keys == {stack.manifest["clouds"]["aws"]["kmsKeyArn"]}


# ---- operators, auditors, administrators ----------------------------------------------------------------


def test_an_operator_can_store_and_stage_and_not_read(stack: Stack) -> None:
    arns = stack.manifest["clouds"]["aws"]["operatorPolicyArns"]
    operator = somebody("an-operator", *(stack.account.managed_policies[arn] for arn in arns))
    operators = [operator, *(stack.account.roles[arn.rsplit("/", 1)[1]].as_principal()
                             for arn in stack.settings.get("operators", ()))]  # fmt: skip
    for principal in operators:
        for key, secret in secrets_of(stack):
            assert may(stack, principal, secret) == {
                "DescribeSecret",
                "ListSecretVersionIds",
                "PutSecretValue",
                "RestoreSecret",
                "UpdateSecretVersionStage",
            }, key


def test_the_auditor_sees_metadata_and_never_a_value_even_with_everything_allowed(stack: Stack) -> None:
    auditor = stack.account.roles[f"{ENVIRONMENT}-keyplan-auditor"].as_principal()
    almighty = auditor.with_policies(ADMINISTRATOR)
    assert stack.manifest["clouds"]["aws"]["auditorRoleArn"] == auditor.arn
    for key, secret in secrets_of(stack):
        assert may(stack, auditor, secret) == {
            "DescribeSecret",
            "GetResourcePolicy",
            "ListSecretVersionIds",
            "ListSecrets",
        }, key
        assert not can_get_secret_value(stack.account, almighty, secret)
        assert not can(stack.account, almighty, "secretsmanager:BatchGetSecretValue", secret)
        assert not can_use_key(
            stack.account, almighty, "kms:Decrypt", secret.kms_key_arn or "", via_secret=secret
        )


def test_listed_auditors_alone_take_the_auditor_role(stack: Stack) -> None:
    role = stack.account.roles[f"{ENVIRONMENT}-keyplan-auditor"]
    administrator, listed = somebody("admin", ADMINISTRATOR), stack.settings.get("auditors", [])
    assert bool(can_assume(stack.account, administrator, role)) is not bool(listed)
    assert not can_assume(stack.account, somebody("stranger"), role)
    for arn in listed:
        assert can_assume(stack.account, somebody(arn.rsplit("/", 1)[1]), role)


def test_under_lockdown_an_administrator_reads_nothing_and_break_glass_does(stack: Stack) -> None:
    administrator = somebody("admin", ADMINISTRATOR)
    assert readable(stack, administrator) == set(stack.keys) - locked(stack)
    if not locked(stack):
        return
    break_glass = somebody(stack.settings["breakGlassRole"].rsplit("/", 1)[1], ADMINISTRATOR)
    assert readable(stack, break_glass) == set(stack.keys)
    for name, consumer in stack.consumers.items():
        almighty = reader(stack, name).with_policies(ADMINISTRATOR)
        assert readable(stack, almighty) & locked(stack) == set(consumer["keys"]) & locked(stack), name


def test_under_lockdown_the_account_still_manages_the_secret(stack: Stack) -> None:
    managing = {
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetResourcePolicy",
        "PutResourcePolicy",
        "PutSecretValue",
        "RestoreSecret",
        "TagResource",
        "UpdateSecretVersionStage",
    }
    for who in (ROOT, somebody("admin", ADMINISTRATOR)):
        for key, secret in secrets_of(stack):
            assert managing <= may(stack, who, secret), key


def test_the_account_can_always_mend_the_encryption_key_and_nobody_else(stack: Stack) -> None:
    stranger = somebody("admin", ADMINISTRATOR, account=STRANGER_ACCOUNT)
    for key_arn in stack.account.key_policies:
        for action in (
            "kms:PutKeyPolicy",
            "kms:DescribeKey",
            "kms:EnableKeyRotation",
            "kms:ScheduleKeyDeletion",
        ):
            assert can_use_key(stack.account, ROOT, action, key_arn, via_secret=None)
            assert not can_use_key(stack.account, stranger, action, key_arn, via_secret=None)
            assert not can_use_key(stack.account, somebody("x"), action, key_arn, via_secret=None)


# ---- who becomes a reader -------------------------------------------------------------------------------

OWN = {
    "aws:SourceAccount": MOTO_ACCOUNT,
    "aws:SourceArn": f"arn:aws:ecs:eu-west-1:{MOTO_ACCOUNT}:task/main/0a1b2c",
}
SERVICES = ("ecs-tasks", "lambda", "ec2", "pods.eks", "codebuild", "states", "glue")


def request_of(consumer: dict[str, Any]) -> tuple[str, dict[str, str]] | None:
    """The service that starts a consumer, and what it says when it takes the role."""
    runtime = consumer["runtime"]
    if runtime == "eks" and consumer.get("identity", "pod-identity") == "pod-identity":
        tags = {
            "aws:RequestTag/eks-cluster-name": consumer["cluster"],
            "aws:RequestTag/kubernetes-namespace": consumer["namespace"],
            "aws:RequestTag/kubernetes-service-account": consumer["serviceAccount"],
        }
        source = f"arn:aws:eks:eu-west-1:{MOTO_ACCOUNT}:cluster/{consumer['cluster']}"
        return "pods.eks", {**tags, "aws:SourceAccount": MOTO_ACCOUNT, "aws:SourceArn": source}
    if runtime == "ecs":
        # The execution role is taken before the task is there.
        return "ecs-tasks", OWN if consumer.get("readAt") == "run" else {}
    if runtime == "codebuild":
        source = f"arn:aws:codebuild:eu-west-1:{MOTO_ACCOUNT}:project/{consumer['projectName']}"
        return "codebuild", {"aws:SourceAccount": MOTO_ACCOUNT, "aws:SourceArn": source}
    return {"lambda": ("lambda", {}), "ec2": ("ec2", {})}.get(runtime)


def test_a_service_role_is_taken_by_its_own_service_for_its_own_account(stack: Stack) -> None:
    for name, consumer in stack.consumers.items():
        request = request_of(dict(consumer))
        if request is None or "roleArn" in consumer:
            continue
        role, (service, context) = role_of(stack, name), request
        assert can_service_assume(stack.account, f"{service}.amazonaws.com", role, **context), name
        for other in SERVICES:
            if other != service:
                assert not can_service_assume(stack.account, f"{other}.amazonaws.com", role, **context), other
        for changed in context:
            foreign = {**context, changed: context[changed].replace(MOTO_ACCOUNT, STRANGER_ACCOUNT)}
            if foreign == context:
                foreign = {**context, changed: "stranger"}
            if changed != "aws:SourceArn" or service != "pods.eks":
                assert not can_service_assume(stack.account, f"{service}.amazonaws.com", role, **foreign), (
                    changed
                )


def test_no_reader_made_here_is_taken_by_an_administrator(stack: Stack) -> None:
    administrator = somebody("admin", ADMINISTRATOR)
    for name, consumer in stack.consumers.items():
        if consumer["runtime"] != "people":
            assert not can_assume(stack.account, administrator, role_of(stack, name)), name


def test_exactly_the_named_ci_jobs_become_readers(stack: Stack) -> None:
    runners = {name: c for name, c in stack.consumers.items() if c["runtime"] in CI_RUNTIMES}
    assert runners
    for name, consumer in runners.items():
        role, tokens = role_of(stack, name), tokens_for(consumer)
        welcome, strangers = tokens.welcome.items(), tokens.strangers.items()
        kept_out = {
            what for what, claims in welcome if not can_assume_with_token(stack.account, role, claims)
        }
        let_in = {what for what, claims in strangers if can_assume_with_token(stack.account, role, claims)}
        assert (kept_out, let_in) == (set(), set()), name


def test_a_ci_job_becomes_its_own_reader_and_no_other_role(stack: Stack) -> None:
    for name, consumer in stack.consumers.items():
        if consumer["runtime"] not in CI_RUNTIMES:
            continue
        for claims in tokens_for(consumer).welcome.values():
            taken = {
                role.name for role in stack.account.roles.values()
                if can_assume_with_token(stack.account, role, claims)
            }  # fmt: skip
            assert taken == {f"{ENVIRONMENT}-{name}-reader"}


def test_a_ci_job_that_reads_nothing_becomes_nobody(stack: Stack) -> None:
    for name, consumer in stack.settings["consumers"].items():
        if consumer["runtime"] in CI_RUNTIMES and not consumer.get("keys"):
            assert f"{ENVIRONMENT}-{name}-reader" not in stack.account.roles
            for claims in tokens_for(consumer).welcome.values():
                able = [
                    role.name for role in stack.account.roles.values()
                    if can_assume_with_token(stack.account, role, claims)
                ]  # fmt: skip
                assert able == [], name


def test_iam_would_store_every_trust(stack: Stack) -> None:
    assert {name: refused_by_iam(role.trust) for name, role in stack.account.roles.items()} == dict.fromkeys(
        stack.account.roles
    )
