"""Strangers in the sandbox's AWS account, for the audit to find: planted as people make such mistakes, and
taken away again.

Three ways in: a chain of roles that ends in a listed reader, the secret's own policy, and a grant of its KMS
key. Everything has a name or a Sid of its own, so that taking it away leaves what was there before. Leaves
out what comes of it: `keyplan audit gate` says that.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keyplan.errors import UsageError

SID = "PlantedStranger"
STEP = "stranger-step"
WAYS = ("chain", "policy", "grant")
_READ, _DECRYPT, _ASSUME = "secretsmanager:GetSecretValue", "kms:Decrypt", "sts:AssumeRole"


class Planting:
    """The account of one environment, and who is planted in it."""

    def __init__(self, manifest: Mapping[str, Any], client: Callable[[str], Any]) -> None:
        """
        Args:
            client: service -> boto3 client of the sandbox's account.
        """
        self._manifest, self._aws = manifest, manifest["clouds"]["aws"]
        self._iam, self._secrets, self._kms = map(client, ("iam", "secretsmanager", "kms"))

    def plant(self, key: str, way: str) -> str:
        """Let a stranger read `key` by one of WAYS; planting again changes nothing. Returns: how, in words.

        Raises:
            UsageError: a chain to a key that no role reads.
        """
        plant = {"chain": self._chain, "policy": self._policy, "grant": self._grant}
        return plant[way](key)

    def remove(self, way: str) -> bool:
        """Take whoever came by a way out of every key. Returns: whether there was somebody."""
        found = [self._remove_user(f"stranger-by-{way}")]
        if way == "chain":
            found += [self._restrict(role) for role in set(self._reader_roles())]
            found.append(self._remove_step())
        elif way == "policy":
            found += [self._close(each["aws"]["arn"]) for each in self._manifest["keys"].values()]
        else:
            found += [self._revoke(grant) for grant in list(self._grants())]
        return any(found)

    # ---- the ways in ------------------------------------------------------------------------------------

    def _chain(self, key: str) -> str:
        reader = next(iter(self._reader_roles(key)), None)
        if reader is None:
            raise UsageError(
                f"no role of the catalogue reads {key}, so no chain leads to it",
                "name another key, or take --through policy or grant",
            )
        user = self._user("stranger-by-chain", _allow(_ASSUME, self._arn(f"role/{STEP}")))
        self._step(user, reader)
        self._widen(reader, self._arn(f"role/{STEP}"))
        return f"{user} takes role/{STEP}, whose own trust takes {reader.partition(':role/')[2]}, a reader"

    def _policy(self, key: str) -> str:
        arn = self._manifest["keys"][key]["aws"]["arn"]
        user = self._user("stranger-by-policy", _allow(_DECRYPT, self._aws["kmsKeyArn"]))
        self._open(arn, user)
        return f"{user} is let in by the own policy of {self._manifest['keys'][key]['aws']['name']}"

    def _grant(self, key: str) -> str:
        user = self._user("stranger-by-grant", _allow(_READ, self._manifest["keys"][key]["aws"]["arn"]))
        if next(self._grants(), None) is None:
            self._kms.create_grant(
                KeyId=self._aws["kmsKeyArn"], GranteePrincipal=user, Operations=["Decrypt"], Name=SID
            )
        return f"{user} may ask for the value, and decrypts it by a grant of the environment's KMS key"

    # ---- what they are made of --------------------------------------------------------------------------

    def _arn(self, name: str) -> str:
        return f"arn:{self._aws['partition']}:iam::{self._aws['accountId']}:{name}"

    def _reader_roles(self, key: str | None = None) -> Iterator[str]:
        """ARNs of the roles that read a key, or any."""
        for consumer in self._manifest["consumers"].values():
            if "roleArn" in consumer and (key is None or key in consumer["keys"]):
                yield consumer["roleArn"]

    def _user(self, name: str, statement: dict[str, Any]) -> str:
        with contextlib.suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_user(UserName=name)
        self._iam.put_user_policy(UserName=name, PolicyName="planted", PolicyDocument=_document(statement))
        return self._arn(f"user/{name}")

    def _remove_user(self, name: str) -> bool:
        with contextlib.suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_user_policy(UserName=name, PolicyName="planted")
        with contextlib.suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_user(UserName=name)
            return True
        return False

    def _step(self, user: str, reader: str) -> None:
        trust = _document(_trusting(user))
        with contextlib.suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_role(RoleName=STEP, AssumeRolePolicyDocument=trust)
        self._iam.put_role_policy(
            RoleName=STEP, PolicyName="planted", PolicyDocument=_document(_allow(_ASSUME, reader))
        )

    def _remove_step(self) -> bool:
        with contextlib.suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_role_policy(RoleName=STEP, PolicyName="planted")
        with contextlib.suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.delete_role(RoleName=STEP)
            return True
        return False

    def _widen(self, role: str, by: str) -> None:
        name = role.rpartition("/")[2]
        trust = _without(self._iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
        trust["Statement"].append(_trusting(by))
        self._iam.update_assume_role_policy(RoleName=name, PolicyDocument=_text(trust))

    def _restrict(self, role: str) -> bool:
        name = role.rpartition("/")[2]
        trust = self._iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        if (before := _without(trust)) == trust:
            return False
        self._iam.update_assume_role_policy(RoleName=name, PolicyDocument=_text(before))
        return True

    def _open(self, secret: str, user: str) -> None:
        policy = _without(self._policy_of(secret))
        policy["Statement"].append({**_allow(_READ, "*"), "Sid": SID, "Principal": {"AWS": user}})
        self._secrets.put_resource_policy(SecretId=secret, ResourcePolicy=_text(policy))

    def _close(self, secret: str) -> bool:
        policy = self._policy_of(secret)
        if (before := _without(policy)) == policy:
            return False
        self._secrets.put_resource_policy(SecretId=secret, ResourcePolicy=_text(before))
        return True

    def _policy_of(self, secret: str) -> dict[str, Any]:
        text = self._secrets.get_resource_policy(SecretId=secret).get("ResourcePolicy")
        return dict(json.loads(text)) if text else {"Version": "2012-10-17", "Statement": []}

    def _grants(self) -> Iterator[str]:
        """Ids of the grants that were planted."""
        for grant in self._kms.list_grants(KeyId=self._aws["kmsKeyArn"])["Grants"]:
            if grant.get("Name") == SID:
                yield grant["GrantId"]

    def _revoke(self, grant: str) -> bool:
        self._kms.revoke_grant(KeyId=self._aws["kmsKeyArn"], GrantId=grant)
        return True


def _allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def _trusting(principal: str) -> dict[str, Any]:
    return {"Sid": SID, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": _ASSUME}


def _document(statement: dict[str, Any]) -> str:
    return _text({"Version": "2012-10-17", "Statement": [statement]})


def _text(document: Mapping[str, Any]) -> str:
    """As keyplan's own policies are written, so that what stays is as it was to the letter."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _without(document: Mapping[str, Any]) -> dict[str, Any]:
    """A policy without what was planted in it."""
    return {**document, "Statement": [each for each in document["Statement"] if each.get("Sid") != SID]}
