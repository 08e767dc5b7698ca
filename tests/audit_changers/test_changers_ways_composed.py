"""Ways one after the other, and who stands in the list once or not at all; sources as in each case."""

from __future__ import annotations

import pytest

from tests.audit.accounts import (
    ACCOUNT,
    ROOT,
    attached,
    deny,
    document,
    managed,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit_changers.small_accounts import CUSTOMER, READER, READS, Case, arn, can, found

COMPOSED = {
    "who may become a changer is one": Case(
        "STS API Reference, AssumeRole",
        (
            user("ann"),
            role(
                "ops",
                can("secretsmanager:PutResourcePolicy"),
                trust=trusting({"AWS": arn("user", "ann")}),
            ),
        ),
        {("ann", "allow", "secret-policy"), ("ops", "allow", "secret-policy")},
    ),
    "a chain of roles that somebody has to be able to assume": Case(
        "STS API Reference, AssumeRole",
        (
            user("ann"),
            role(
                "ops",
                can("secretsmanager:PutResourcePolicy"),
                trust=trusting({"AWS": ROOT}),
            ),
        ),
        {("ops", "allow", "secret-policy")},
    ),
    "who changes a trust takes what the role may change": Case(
        "IAM API Reference, UpdateAssumeRolePolicy",
        (
            user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "ops"))),
            role("ops", can("secretsmanager:PutResourcePolicy")),
        ),
        {("ann", "allow", "role-trust"), ("ops", "allow", "secret-policy")},
    ),
    "who takes a role gives it policies, and puts the secret's with them": Case(
        "IAM API Reference, UpdateAssumeRolePolicy, PutRolePolicy",
        (
            user("ann", can("iam:UpdateAssumeRolePolicy", resource=arn("role", "ops"))),
            role("ops", can("iam:PutRolePolicy", resource=arn("role", "ops"))),
        ),
        {("ann", "allow", "role-trust"), ("ops", "allow", "own-policies")},
        {"secrets": [secret(document({**deny(), "Principal": "*"}))]},
    ),
    "under MFA": Case(
        "IAM User Guide, aws:MultiFactorAuthPresent",
        (
            user(
                "ann",
                can(
                    "secretsmanager:PutResourcePolicy",
                    **when(Bool={"aws:MultiFactorAuthPresent": "true"}),
                ),
            ),
        ),
        {("ann", "conditional", "secret-policy")},
    ),
    "two changes that only together give access": Case(
        "Secrets Manager User Guide, Permissions for the KMS key",
        (
            user("ann", can("sts:AssumeRole")),
            role("one", can("secretsmanager:PutResourcePolicy"), trust=trusting({"AWS": ROOT})),
            role("two", can("kms:PutKeyPolicy"), trust=trusting({"AWS": ROOT})),
        ),
        {("ann", "allow", "several-changes")},
        CUSTOMER,
    ),
    "an administrator stands once": Case(
        "IAM User Guide, AdministratorAccess",
        (user("ann", can("*")), READER, user("bob", READS)),
        {("ann", "allow", "administrator")},
    ),
    "an administrator whom a boundary holds is none": Case(
        "IAM User Guide, Permissions boundaries for IAM entities",
        (
            user(
                "ann",
                can("*"),
                PermissionsBoundary={"PermissionsBoundaryArn": arn("policy", "bound")},
            ),
        ),
        {("ann", "allow", "secret-policy")},
        {"policies": [managed("bound", can("secretsmanager:*"))]},
    ),
    "a policy that is missing may allow anything": Case(
        "docs/audit.md, Verdicts",
        (user("ann", AttachedManagedPolicies=[attached("gone")]),),
        {("ann", "unknown", "unread-policies")},
    ),
    "a policy that is missing allows nothing that an SCP denies": Case(
        "AWS Organizations User Guide, SCP evaluation",
        (user("ann", AttachedManagedPolicies=[attached("gone")]),),
        set(),
        {
            "scps": {
                ACCOUNT: [{"level": "root", "policies": [{"Name": "no", "Content": document(deny("*"))}]}]
            }
        },
    ),
    "a policy that is missing may also deny, so that nothing is sure": Case(
        "docs/audit.md, Verdicts",
        (
            user(
                "ann",
                can("secretsmanager:PutResourcePolicy"),
                AttachedManagedPolicies=[attached("gone")],
            ),
        ),
        {("ann", "unknown", "unread-policies")},
    ),
    "who only reads changes nothing": Case(
        "Secrets Manager API Reference, GetSecretValue",
        (user("ann", READS), READER),
        set(),
    ),
}


@pytest.mark.parametrize("case", COMPOSED.values(), ids=COMPOSED)
def test_a_way_is_found_where_there_is_one_and_nowhere_else(case: Case) -> None:
    assert found(*case.principals, **case.more) == case.expected
