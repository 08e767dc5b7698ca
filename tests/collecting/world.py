"""Accounts in moto to collect: two of them, with secrets in two regions, and the command on them."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from keyplan import cli
from keyplan.collecting.access import Access
from keyplan.collecting.calls import Call

ACCOUNT, OTHER = "123456789012", "444455556666"
REGION, SECOND = "eu-west-1", "us-east-1"
AUDITOR = f"arn:aws:iam::{OTHER}:role/auditor"
CANARY = "canary-value-that-nobody-may-see"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trusting(principal: str) -> str:
    return document({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"})


@dataclass
class Made:
    """The ARNs of what `furnish` made."""

    secret: str = ""
    key: str = ""
    reader: str = ""
    stranger: str = ""
    elsewhere: str = ""  # a secret in the second region
    deleted: str = ""
    of_other: str = ""  # a secret of the other account


def clients(account: str = ACCOUNT) -> Callable[..., Any]:
    """Makes clients in an account."""
    given: dict[str, Any] = {}
    if account != ACCOUNT:
        role = f"arn:aws:iam::{account}:role/auditor"
        assumed = boto3.client("sts", REGION).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        given = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
    return lambda service, region=REGION: boto3.client(service, region_name=region, **given)


def furnish() -> Made:
    """A reader by its own policy and a key's grant, one by a boundary of AWS's, a stranger in another account
    who becomes the reader; a deleted secret, and one in another region.
    """
    made, client = Made(), clients()
    secrets, kms, iam = client("secretsmanager"), client("kms"), client("iam")
    key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "a"}])["KeyMetadata"]
    made.key = key["Arn"]
    kms.create_alias(AliasName="alias/keys", TargetKeyId=key["KeyId"])
    made.secret = secrets.create_secret(
        Name="prod/anthropic-api-key",
        SecretString=CANARY,
        Description=CANARY,
        KmsKeyId="alias/keys",
        Tags=[{"Key": "team", "Value": "a"}],
    )["ARN"]
    made.deleted = secrets.create_secret(Name="prod/old", SecretString=CANARY)["ARN"]
    secrets.delete_secret(SecretId=made.deleted, RecoveryWindowInDays=7)
    made.elsewhere = client("secretsmanager", SECOND).create_secret(Name="prod/far", SecretString=CANARY)[
        "ARN"
    ]
    made.reader, made.stranger = f"arn:aws:iam::{ACCOUNT}:role/reader", f"arn:aws:iam::{OTHER}:user/stranger"
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trusting(made.stranger))
    policy = iam.create_policy(
        PolicyName="read", PolicyDocument=document(allow(["secretsmanager:GetSecretValue", "kms:Decrypt"]))
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="reader", PolicyArn=policy)
    iam.put_role_permissions_boundary(
        RoleName="reader", PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    kms.create_grant(KeyId=made.key, GranteePrincipal=made.reader, Operations=["Decrypt"])
    read = document(allow("secretsmanager:GetSecretValue", Principal={"AWS": made.reader}))
    secrets.put_resource_policy(SecretId=made.secret, ResourcePolicy=read)
    elsewhere = clients(OTHER)
    elsewhere("iam").create_user(UserName="stranger")
    elsewhere("iam").put_user_policy(
        UserName="stranger", PolicyName="become", PolicyDocument=document(allow("sts:AssumeRole"))
    )
    made.of_other = elsewhere("secretsmanager").create_secret(Name="theirs", SecretString=CANARY)["ARN"]
    return made


@dataclass(frozen=True)
class Ended:
    """How the command ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass
class Collector:
    """The command in a folder of its own; `fault` may raise before a call is sent."""

    directory: Path
    sent: list[Call] = field(default_factory=list)
    fault: Callable[[Call], None] = lambda _call: None

    @property
    def file(self) -> Path:
        return self.directory / "accounts.json"

    @property
    def work_file(self) -> Path:
        return self.directory / "accounts.json.collecting"

    @property
    def snapshot(self) -> Any:
        return json.loads(self.file.read_text())

    def run(self, *arguments: str, out: str = "accounts.json") -> Ended:
        return self.audit("collect", "--out", out, *arguments)

    def audit(self, *arguments: str) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.directory),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = cli.run(["audit", *arguments])
        return Ended(code, out.getvalue(), err.getvalue())

    def reach(self) -> dict[tuple[str, str], str]:
        """Verdicts by principal and secret, chains included."""
        done = self.audit("matrix", "--snapshot", "accounts.json", "--format", "json")
        return {
            (each["principal"], each["secret"]): each["verdict"] for each in json.loads(done.out)["reach"]
        }

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Note every call, and let `fault` come before it."""
        original = Access.send

        def send(access: Access, call: Call) -> Any:
            self.sent.append(call)
            self.fault(call)
            return original(access, call)

        Access.send = send  # type: ignore[method-assign]
        try:
            yield
        finally:
            Access.send = original  # type: ignore[method-assign]


def refusing(action: str, code: str = "AccessDeniedException") -> Callable[[Call], None]:
    """A fault: AWS refuses one action."""

    def fault(call: Call) -> None:
        if call.action == action:
            raise client_error(code, call.operation)

    return fault


def client_error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"text with {CANARY}"}}, operation)


def in_environment() -> None:
    """For a process of its own: what the fixtures give to tests."""
    os.environ.update(ENVIRONMENT)
