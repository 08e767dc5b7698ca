"""Ways by roles that services run as. Each case names the document of AWS that says so."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    allow,
    document,
    role,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import READS, Case, can, found

LAMBDA = trusting({"Service": "lambda.amazonaws.com"})
SERVICES = {
    "a role that reads may be passed to a function that one makes": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (
            user("ann", can("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")),
            role("reader", READS, trust=LAMBDA),
        ),
        {("ann", "allow", "pass-role")},
    ),
    "a role that does not trust the service cannot be passed to it": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (
            user("ann", can("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction")),
            role("reader", READS),
        ),
        set(),
    ),
    "a role may be passed to another service alone": Case(
        "IAM User Guide, iam:PassedToService",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole", **when(StringEquals={"iam:PassedToService": "ec2.amazonaws.com"})),
                    allow(["lambda:CreateFunction", "lambda:InvokeFunction"]),
                ),
            ),
            role("reader", READS, trust=LAMBDA),
        ),
        set(),
    ),
    "a role may be passed and nothing may be made": Case(
        "IAM User Guide, Grant a user permissions to pass a role to an AWS service",
        (user("ann", can("iam:PassRole")), role("reader", READS, trust=LAMBDA)),
        set(),
    ),
    "functions of certain names alone may be made": Case(
        "Service Authorization Reference, AWS Lambda",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole"),
                    allow("lambda:*", f"arn:aws:lambda:*:{ACCOUNT}:function:dev-*"),
                ),
            ),
            role("reader", READS, trust=LAMBDA),
        ),
        {("ann", "allow", "pass-role"), ("ann", "conditional", "running-code")},
    ),
    "machines of one kind alone may be started": Case(
        "Service Authorization Reference, Amazon EC2",
        (
            user(
                "ann",
                document(
                    allow("iam:PassRole"),
                    allow("ec2:RunInstances", **when(StringEquals={"ec2:InstanceType": "t3.micro"})),
                ),
            ),
            role("reader", READS, trust=trusting({"Service": "ec2.amazonaws.com"})),
        ),
        {("ann", "conditional", "pass-role")},
    ),
    "a trust for what runs in one's own account": Case(
        "IAM User Guide, The confused deputy problem",
        (
            user("ann", can("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask")),
            role(
                "reader",
                READS,
                trust=trusting(
                    {"Service": "ecs-tasks.amazonaws.com"},
                    **when(StringEquals={"aws:SourceAccount": ACCOUNT}),
                ),
            ),
        ),
        {("ann", "allow", "pass-role")},
    ),
    "code may be put into functions, and which there are is not known": Case(
        "Lambda API Reference, UpdateFunctionCode",
        (user("ann", can("lambda:UpdateFunctionCode")), role("reader", READS, trust=LAMBDA)),
        {("ann", "conditional", "running-code")},
    ),
    "commands may be sent to machines": Case(
        "Systems Manager API Reference, SendCommand",
        (
            user("ann", can("ssm:SendCommand")),
            role("reader", READS, trust=trusting({"Service": "ec2.amazonaws.com"})),
        ),
        {("ann", "conditional", "running-code")},
    ),
}


@pytest.mark.parametrize("case", SERVICES.values(), ids=SERVICES)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected
