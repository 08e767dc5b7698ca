"""Small accounts for the audit: one secret with its own key, and principals with one policy each."""

from __future__ import annotations

import json
from typing import Any

from keyplan.audit.estate import Estate
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.snapshot import read_snapshot

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/anthropic-api-key-AbCdEf"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ANN, READER = f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:role/reader"
READ = "secretsmanager:GetSecretValue"
Statement = dict[str, Any]


def document(*statements: Statement, version: str = "2012-10-17") -> Statement:
    return {"Version": version, "Statement": list(statements)}


def allow(action: Any = READ, resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = READ, resource: Any = "*", **more: Any) -> Statement:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def when(**lines: Any) -> Statement:
    """A condition block: `when(StringEquals={"aws:x": "y"})`."""
    return {"Condition": lines}


def inline(*policies: Any) -> list[Statement]:
    return [{"PolicyName": f"p{number}", "PolicyDocument": each} for number, each in enumerate(policies)]


def user(name: str, *policies: Any, account: str = ACCOUNT, **more: Any) -> Statement:
    return {
        "UserName": name,
        "UserId": f"AIDA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:user/{name}",
        "Path": "/",
        "UserPolicyList": inline(*policies),
        "AttachedManagedPolicies": [],
        "GroupList": [],
        **more,
    }


def role(name: str, *policies: Any, trust: Any = None, account: str = ACCOUNT, **more: Any) -> Statement:
    path = more.get("Path", "/")
    return {
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": f"arn:aws:iam::{account}:role{path}{name}",
        "Path": "/",
        "AssumeRolePolicyDocument": trust or trusting({"Service": "ecs-tasks.amazonaws.com"}),
        "RolePolicyList": inline(*policies),
        "AttachedManagedPolicies": [],
        **more,
    }


def trusting(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> Statement:
    return document({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def managed(name: str, policy: Any, account: str = ACCOUNT) -> Statement:
    return {
        "Arn": f"arn:aws:iam::{account}:policy/{name}",
        "PolicyName": name,
        "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": True, "Document": policy}],
    }


def attached(name: str, account: str = ACCOUNT) -> Statement:
    return {"PolicyName": name, "PolicyArn": f"arn:aws:iam::{account}:policy/{name}"}


def details(*principals: Statement, groups: Any = (), policies: Any = ()) -> Statement:
    return {
        "UserDetailList": [each for each in principals if "UserName" in each],
        "RoleDetailList": [each for each in principals if "RoleName" in each],
        "GroupDetailList": list(groups),
        "Policies": list(policies),
    }


OPEN_KEY_POLICY = document(
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}
)


def key(policy: Any = OPEN_KEY_POLICY, **more: Any) -> Statement:
    return {
        "Arn": KEY,
        "KeyId": "0a1b2c3d",
        "KeyManager": "CUSTOMER",
        "KeyState": "Enabled",
        "KeyPolicy": policy,
        "Grants": [],
        "Tags": [],
        "Aliases": [],
        **more,
    }


def secret(policy: Any = None, **more: Any) -> Statement:
    entry = {"ARN": SECRET, "Name": "prod/anthropic-api-key", "Tags": [], **more}
    return entry if policy is None else {**entry, "ResourcePolicy": json.dumps(policy)}


def snapshot(*principals: Statement, **more: Any) -> Statement:
    return {
        "format": "keyplan-snapshot/1",
        "account_id": ACCOUNT,
        "partition": "aws",
        "region": REGION,
        "context": {"aws:CurrentTime": "2026-11-21T12:00:00Z"},
        "authorization_details": details(*principals),
        "secrets": [secret()],
        "kms_keys": [],
        "organization": None,
        "scps": None,
        "rcps": None,
        **more,
    }


def estate_of(*principals: Statement, **more: Any) -> Estate:
    return Estate(read_snapshot(snapshot(*principals, **more)))


def verdict_of(*principals: Statement, **more: Any) -> Verdict:
    """What the first principal can do with the first secret."""
    estate = estate_of(*principals, **more)
    return estate.reads(estate.callers[0]).verdict(1)
