"""Random small accounts whose principals may change things, in the language that the slow evaluator knows."""

from __future__ import annotations

import random
from typing import Any

from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
)
from tests.audit_changers.small_accounts import THROUGH_ACCOUNT, arn

OTHER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:dev/openai-api-key-AbCdEf"
USERS, ROLES = ("ann", "bob"), ("app", "ops", "ci")
TARGETS = ("*", *(arn("user", name) for name in USERS), *(arn("role", name) for name in ROLES))
ON_PRINCIPALS = (
    *("iam:PutUserPolicy", "iam:PutRolePolicy", "iam:DeleteUserPolicy", "iam:CreateAccessKey", "iam:*"),
    *("iam:UpdateAssumeRolePolicy", "sts:AssumeRole", "iam:PassRole", "iam:DeleteRolePermissionsBoundary"),
)
ON_SECRETS = (
    *("secretsmanager:PutResourcePolicy", "secretsmanager:DeleteResourcePolicy", "secretsmanager:*"),
    "secretsmanager:GetSecretValue",
)
ON_OTHERS = ("kms:PutKeyPolicy", "kms:Decrypt", "lambda:*", "kms:*")


def _statement(chance: random.Random, denies: float) -> dict[str, Any]:
    pool, targets = chance.choice(
        [(ON_PRINCIPALS, TARGETS), (ON_SECRETS, ("*", SECRET, OTHER_SECRET)), (ON_OTHERS, ("*",))]
    )
    effect = deny if chance.random() < denies else allow
    return effect(chance.choice(pool), chance.choice(targets))


def account(seed: int) -> dict[str, Any]:
    """The same number gives the same account."""
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it

    def policies() -> list[Any]:
        return [document(_statement(chance, 0.25)) for _ in range(chance.randrange(3))]

    def common() -> dict[str, Any]:
        more: dict[str, Any] = {}
        if chance.random() < 0.2:
            more["AttachedManagedPolicies"] = [attached("lock")]
        if chance.random() < 0.2:
            more["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn("policy", "bound")}
        return more

    def trust() -> Any:
        who = chance.choice([{"Service": "lambda.amazonaws.com"}, {"AWS": ROOT}, {"AWS": TARGETS[1]}])
        return trusting(who)

    def of_secret() -> dict[str, Any]:
        policy = chance.choice(
            [
                None,
                None,
                document({**deny(chance.choice(ON_SECRETS)), "Principal": {"AWS": chance.choice(TARGETS)}}),
                document({**allow(chance.choice(ON_SECRETS)), "Principal": {"AWS": TARGETS[2]}}),
            ]
        )
        return {} if policy is None else {"ResourcePolicy": policy}

    everybody = [
        *(user(name, *policies(), **common()) for name in USERS),
        *(role(name, *policies(), trust=trust(), **common()) for name in ROLES),
    ]
    bound = document(*(_statement(chance, 0) for _ in range(4)), allow("secretsmanager:*"))
    scp = document(_statement(chance, 1))
    scps = {
        ACCOUNT: [{"level": "root", "policies": [_named("full", document(allow("*"))), _named("no", scp)]}]
    }
    return snapshot(
        authorization_details=details(
            *everybody,
            policies=[managed("lock", document(_statement(chance, 1))), managed("bound", bound)],
        ),
        secrets=[
            secret(**of_secret()),
            {**secret(**of_secret()), "ARN": OTHER_SECRET, "Name": "dev/openai-api-key", "KmsKeyId": KEY},
        ],
        kms_keys=[key(chance.choice([THROUGH_ACCOUNT, THROUGH_ACCOUNT, document()]))],
        scps=scps if chance.random() < 0.3 else None,
    )


def _named(name: str, content: Any) -> dict[str, Any]:
    return {"Name": name, "Content": content}
