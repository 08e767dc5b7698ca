"""A realistic account for the audit: teams that share policies, tags that decide, chains, locked secrets.

The same numbers give the same account. A third of the principals read by their team's policy, some by tags,
one in two hundred administers; a third may assume roles, and as many are held to an office's addresses.
"""

from __future__ import annotations

import json
import random
from typing import Any

ACCOUNT, REGION = "111122223333", "eu-west-1"
KEYS = 10
PRINCIPALS_A_TEAM = 50
ONE_USER_IN = 5  # the others are roles
LETTERS = "abcdefghijABCDEFGHIJ"
Document = dict[str, Any]


def snapshot(principals: int, secrets: int, seed: int = 1) -> Document:
    """A snapshot of one account with so many principals and secrets."""
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it
    teams = [f"team{number}" for number in range(max(5, principals // PRINCIPALS_A_TEAM))]
    keys = [_key(number) for number in range(KEYS)]
    stored = [_secret(chance, number, teams, keys, principals) for number in range(secrets)]
    policies = _policies(chance, teams, principals)
    everybody = [_principal(chance, number, teams, stored, keys) for number in range(principals)]
    return {
        "format": "keyplan-snapshot/1",
        "account_id": ACCOUNT,
        "partition": "aws",
        "region": REGION,
        "context": {"aws:CurrentTime": "2026-11-21T00:00:00Z"},
        "authorization_details": {
            "UserDetailList": [each for each in everybody if "UserName" in each],
            "RoleDetailList": [each for each in everybody if "RoleName" in each],
            "GroupDetailList": [],
            "Policies": policies,
        },
        "secrets": stored,
        "kms_keys": keys,
        "organization": None,
        "scps": None,
        "rcps": None,
    }


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(action: Any, resource: Any = "*", **more: Any) -> Document:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def _key(number: int) -> Document:
    account = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    return {
        "Arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k{number}",
        "KeyId": f"k{number}",
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "KeyPolicy": json.dumps(_document({**_allow("kms:*"), "Principal": account})),
        "Grants": [],
        "Tags": [],
        "Aliases": [],
    }


def _secret(
    chance: random.Random, number: int, teams: list[str], keys: list[Document], principals: int
) -> Document:
    team = chance.choice(teams)
    name = f"prod/{team}/s{number}"
    suffix = "".join(chance.choice(LETTERS) for _ in range(6))
    entry: Document = {
        "ARN": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-{suffix}",
        "Name": name,
        "Tags": [{"Key": "team", "Value": team}],
    }
    if chance.random() < 0.7:
        entry["KmsKeyId"] = chance.choice(keys)["Arn"]
    if chance.random() < 0.4:
        readers = [_arn("role", f"r{chance.randrange(principals)}") for _ in range(3)]
        lock = {
            **_allow("secretsmanager:GetSecretValue"),
            "Effect": "Deny",
            "Principal": "*",
            "Condition": {"ArnNotEquals": {"aws:PrincipalArn": readers}},
        }
        entry["ResourcePolicy"] = json.dumps(_document(lock))
    return entry


def _policies(chance: random.Random, teams: list[str], principals: int) -> list[Document]:
    through = {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}
    by_tag = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    outside = {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}
    read = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    found = {
        "by-tag": _document(_allow(read[0], Condition=by_tag), _allow("kms:Decrypt")),
        "office": _document({**_allow("*", Condition=outside), "Effect": "Deny"}),
        "admin": _document(_allow("*")),
    }
    for team in teams:
        place = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/{team}/*"
        roles = [_arn("role", f"r{chance.randrange(principals)}") for _ in range(3)]
        decrypt = _allow("kms:Decrypt", Condition=through)
        found[f"read-{team}"] = _document(_allow(read, place), decrypt)
        found[f"assume-{team}"] = _document(_allow("sts:AssumeRole", roles))
    return [
        {
            "Arn": _arn("policy", name),
            "PolicyName": name,
            "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": document}],
        }
        for name, document in found.items()
    ]


def _principal(
    chance: random.Random, number: int, teams: list[str], secrets: list[Document], keys: list[Document]
) -> Document:
    team, kind = chance.choice(teams), chance.random()
    names = (
        [f"read-{team}"] if kind < 0.35 else ["by-tag"] if kind < 0.5 else ["admin"] if kind < 0.505 else []
    )
    names += [name for name in ("office", f"assume-{team}") if chance.random() < 0.3]
    own = [_own_policy(chance, secrets, keys)] if chance.random() < 0.4 else []
    common = {
        "Path": "/",
        "AttachedManagedPolicies": [
            {"PolicyName": each, "PolicyArn": _arn("policy", each)} for each in names
        ],
        "Tags": [{"Key": "team", "Value": team}],
    }
    if number % ONE_USER_IN == 0:
        name = f"u{number}"
        user = {"UserName": name, "UserId": f"AIDA{number}", "Arn": _arn("user", name)}
        return {**user, "UserPolicyList": own, "GroupList": [], **common}
    trusted = (
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        if chance.random() < 0.3
        else {"Service": "ecs-tasks.amazonaws.com"}
    )
    trust = _document({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
    name = f"r{number}"
    role = {"RoleName": name, "RoleId": f"AROA{number}", "Arn": _arn("role", name)}
    return {**role, "AssumeRolePolicyDocument": trust, "RolePolicyList": own, **common}


def _own_policy(chance: random.Random, secrets: list[Document], keys: list[Document]) -> Document:
    """What keyplan itself gives a reader: one secret, and its key for that secret alone."""
    pattern = chance.choice(secrets)["ARN"][:-6] + "??????"
    context = {"StringLike": {"kms:EncryptionContext:SecretARN": pattern}}
    decrypt = _allow("kms:Decrypt", chance.choice(keys)["Arn"], Condition=context)
    document = _document(_allow("secretsmanager:GetSecretValue", pattern), decrypt)
    return {"PolicyName": "own", "PolicyDocument": document}
