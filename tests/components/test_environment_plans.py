"""What an environment's principals get, decided before anything exists."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.aws.plans import EnvironmentPlan, ReaderPlan, plan_environment
from components.aws.policy.principals import role_name_of
from components.aws.policy.quotas import QuotaExceeded
from keyplan.catalogue import Consumer, EcsSettings, PeopleSettings, ReadAt, RoleSettings, Runtime
from keyplan.errors import UsageError
from tests.components.catalogues import (
    ACCOUNT,
    CHINA,
    EVERY_RUNTIME,
    ROLE,
    catalogue,
    consumer,
    github,
    key,
    many,
)

SERVICE_ROLES = "arn:aws:iam::aws:policy/service-role/"


def plan_of(*consumers: Consumer, **fields: Any) -> EnvironmentPlan:
    return plan_environment(catalogue(consumers=list(consumers), **fields), ACCOUNT)


def shape(plan: ReaderPlan) -> tuple[object, ...]:
    """What tells runtimes apart: own trust, role, runtime policies, instance profile, inline, managed."""
    return (
        plan.trust is not None,
        plan.role_arn,
        plan.runtime_policies,
        plan.instance_profile,
        len(plan.grants.inline),
        len(plan.grants.managed),
    )


SHAPES: dict[str, tuple[object, ...]] = {
    "start": (
        True,
        f"{ROLE}prod-start-reader",
        (f"{SERVICE_ROLES}AmazonECSTaskExecutionRolePolicy",),
        False,
        1,
        0,
    ),
    "run": (True, f"{ROLE}prod-run-reader", (), False, 1, 0),
    "lambda": (
        True,
        f"{ROLE}prod-lambda-reader",
        (f"{SERVICE_ROLES}AWSLambdaBasicExecutionRole",),
        False,
        1,
        0,
    ),
    "vm": (True, f"{ROLE}prod-vm-reader", (), True, 1, 0),
    "pods": (True, f"{ROLE}prod-pods-reader", (), False, 1, 0),
    "irsa": (True, f"{ROLE}prod-irsa-reader", (), False, 1, 0),
    "batch": (False, f"{ROLE}jobs/nightly", (), False, 0, 1),
    "research": (False, None, (), False, 0, 1),
    "evals": (True, f"{ROLE}prod-evals-reader", (), False, 1, 0),
    "gitlab": (True, f"{ROLE}prod-gitlab-reader", (), False, 1, 0),
    "circle": (True, f"{ROLE}prod-circle-reader", (), False, 1, 0),
    "kite": (True, f"{ROLE}prod-kite-reader", (), False, 1, 0),
    "builds": (True, f"{ROLE}prod-builds-reader", (), False, 1, 0),
    "stack": (True, f"{ROLE}prod-stack-reader", (), False, 1, 0),
}


def test_every_runtime_gets_the_principal_that_reads_in_it() -> None:
    plan = plan_of(*EVERY_RUNTIME)
    assert {name: shape(each) for name, each in plan.readers.items()} == SHAPES


def test_an_existing_role_takes_no_inline_policy_and_no_runtime_policy() -> None:
    plan = plan_of(
        consumer("chat", Runtime.ECS, EcsSettings(ReadAt.START, ROLE + "team/chat-execution")),
    ).readers["chat"]
    assert shape(plan) == (False, ROLE + "team/chat-execution", (), False, 0, 1)
    assert plan.existing_role_name == "chat-execution"


def test_two_consumers_of_one_existing_role_share_its_quota() -> None:
    batch = consumer("batch", Runtime.IAM_ROLE, RoleSettings(ROLE + "nightly"))
    both = many(300, [batch, replace(batch, name="batch-two")])
    with pytest.raises(QuotaExceeded) as error:
        plan_environment(both, ACCOUNT)
    assert "consumer `batch-two` of prod has 300 keys and " in error.value.message


def test_a_role_of_another_account_is_refused() -> None:
    with pytest.raises(UsageError) as error:
        plan_of(consumer("batch", Runtime.IAM_ROLE, RoleSettings("arn:aws:iam::999999999999:role/nightly")))
    assert error.value.message == (
        "the role of consumer `batch` is `arn:aws:iam::999999999999:role/nightly`, and this environment is "
        "built in account 123456789012 (aws)"
    )
    assert error.value.hint == (
        "name a role that starts with `arn:aws:iam::123456789012:role/`, or select the stack and credentials "
        "of that account"
    )


@pytest.mark.parametrize("field", ["operators"])
def test_an_operator_of_another_account_is_refused(field: str) -> None:
    with pytest.raises(UsageError, match=r"the role of an operator is"):
        plan_of(**{field: ("arn:aws:iam::999999999999:role/ops",)})


def test_a_secret_of_another_account_is_not_adopted() -> None:
    theirs = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:prod/anthropic-api-key-AbCdEf"
    with pytest.raises(UsageError) as caught:
        plan_environment(catalogue([key(adopt=theirs)]), ACCOUNT)
    assert caught.value.message == (
        f"key `anthropic` of prod adopts `{theirs}`, and this environment is built in account 123456789012 "
        "(aws, eu-west-1)"
    )
    assert caught.value.hint == (
        "name a secret whose ARN starts with `arn:aws:secretsmanager:eu-west-1:123456789012:secret:`, or "
        "select the stack and credentials of that account"
    )
    plan_environment(catalogue([key(adopt=theirs.replace("999999999999", "123456789012"))]), ACCOUNT)


def test_a_roles_name_is_the_end_of_its_arn() -> None:
    assert role_name_of(ACCOUNT, ROLE + "a/b/chat", "an operator") == "chat"
    with pytest.raises(UsageError):
        role_name_of(CHINA, ROLE + "chat", "an operator")


def lockdown_of(*consumers: Consumer, **fields: Any) -> list[str]:
    plan = plan_of(
        *consumers,
        **{"keys": [key(lockdown=True)], "break_glass_role": ROLE + "emergency", **fields},
    )
    statement = json.loads(plan.secret_policies["anthropic"])["Statement"][0]
    principals: list[str] = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    return principals


def test_lockdown_lets_readers_operators_and_the_break_glass_role_through() -> None:
    found = lockdown_of(
        consumer("chat", Runtime.LAMBDA, RoleSettings(None)),
        consumer("batch", Runtime.IAM_ROLE, RoleSettings(ROLE + "jobs/nightly")),
        consumer("evals", Runtime.GITHUB_ACTIONS, github()),
        consumer("research", Runtime.PEOPLE, PeopleSettings("Research")),
        operators=(ROLE + "ops",),
    )
    assert found == sorted(
        [
            ROLE + "prod-chat-reader",
            ROLE + "jobs/nightly",
            ROLE + "prod-evals-reader",
            ROLE + "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Research_????????????????",
            ROLE + "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Research_????????????????",
            ROLE + "ops",
            ROLE + "emergency",
        ]
    )


def test_a_consumer_of_other_keys_stays_locked_out() -> None:
    other = consumer("other", Runtime.LAMBDA, RoleSettings(None), "openrouter")
    found = lockdown_of(other, keys=[key(lockdown=True), key("openrouter")])
    assert found == [ROLE + "emergency"]


def test_lockdown_without_a_break_glass_role_is_refused() -> None:
    with pytest.raises(UsageError) as error:
        lockdown_of(break_glass_role=None)
    assert error.value.message == "key `anthropic` of prod has lockdown and there is no break-glass role"


def test_people_whose_principal_nobody_knows_cannot_pass_a_lockdown() -> None:
    with pytest.raises(UsageError) as error:
        lockdown_of(consumer("research", Runtime.PEOPLE, PeopleSettings(None)))
    assert error.value.hint == "add `permissionSet: NAME` to consumer `research`"


def test_a_key_without_lockdown_keeps_other_accounts_out() -> None:
    statement = json.loads(plan_of().secret_policies["anthropic"])["Statement"][0]
    assert statement["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}}


def test_the_encryption_key_works_for_secrets_manager_where_the_copies_are_too() -> None:
    plan = plan_of(keys=[key(replicas=("us-east-1", "eu-central-1")), key("b", replicas=("us-east-1",))])
    denied = json.loads(plan.encryption_policy)["Statement"][1]["Condition"]["StringNotEquals"]
    assert denied == {
        "kms:ViaService": [
            "secretsmanager.eu-central-1.amazonaws.com",
            "secretsmanager.eu-west-1.amazonaws.com",
            "secretsmanager.us-east-1.amazonaws.com",
        ]
    }


def test_a_trust_that_is_too_long_names_its_quota() -> None:
    branches = tuple(f"release/{number:03}" for number in range(60))
    with pytest.raises(QuotaExceeded) as error:
        plan_of(consumer("evals", Runtime.GITHUB_ACTIONS, github(branches=branches)))
    assert error.value.message.startswith("the trust policy of consumer `evals` of prod would need ")
    assert error.value.message.endswith(" characters, and the quota `Role trust policy length` allows 2,048")


def test_a_lockdown_that_is_too_long_names_its_quota() -> None:
    crowd = [consumer(f"consumer-{number:03}", Runtime.LAMBDA, RoleSettings(None)) for number in range(400)]
    with pytest.raises(QuotaExceeded, match=r"the quota `Resource-based policy length` allows 20,480"):
        lockdown_of(*crowd)


@pytest.mark.parametrize("count", [1, 50, 500])
def test_a_consumer_of_each_runtime_reads_many_keys(count: int) -> None:
    plan = plan_environment(many(count, EVERY_RUNTIME), ACCOUNT)
    for reader in plan.readers.values():
        patterns = [secret for chunk in reader.grants.chunks for grant in chunk for secret in grant.secrets]
        assert len(patterns) == len(set(patterns)) == count
        assert len(reader.grants.managed) + len(reader.runtime_policies) <= 10
