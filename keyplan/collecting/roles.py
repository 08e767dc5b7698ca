"""The roles that are assumed, one for an account, each with the external id that its trust may ask for.

An external id is not a secret to AWS, but it is agreed between two parties: it goes to AWS's Security Token
Service alone, and into no message, journal or snapshot. Other things that a trust may ask of who assumes the
role (MFA, a session's name) are a profile's settings, which botocore knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from keyplan.errors import UsageError

# What CloudTrail shows of whoever assumed a role to collect; a name is one of AWS's form.
SESSION_NAME = "keyplan-audit-collect"
_ROLE_FORM = r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/[A-Za-z0-9+=,.@_/-]{1,576}"
# Source: STS API Reference, AssumeRole, ExternalId (2 to 1,224 characters); checked 2026-11-22.
_EXTERNAL_ID_FORM = r"[A-Za-z0-9_+=,.@:/-]{2,1224}"
# AWS tells neither which of these it was: said with every refusal.
REFUSED = (
    "the role's trust has to name you, with the --external-id and the MFA that it asks for, and your own "
    "policies have to allow sts:AssumeRole"
)


@dataclass(frozen=True)
class Role:
    """A role to assume, in the account that its ARN names."""

    arn: str
    external_id: str | None = field(default=None, repr=False)

    @property
    def account(self) -> str:
        """The account that is collected with it."""
        return self.arn.split(":")[4]

    @property
    def partition(self) -> str:
        """`aws`, `aws-us-gov`, `aws-cn` …"""
        return self.arn.split(":")[1]

    def request(self) -> Mapping[str, str]:
        """The parameters of AssumeRole."""
        external = {} if self.external_id is None else {"ExternalId": self.external_id}
        return {"RoleArn": self.arn, "RoleSessionName": SESSION_NAME, **external}


def roles_of(arns: Sequence[str], external_ids: Sequence[str]) -> tuple[Role, ...]:
    """The roles of a command line.

    Args:
        arns: of --role, in their order.
        external_ids: of --external-id: none, one for all roles, or one for each in the same order.

    Raises:
        UsageError: an ARN or an external id has not the form of one, two roles are of one account, or it is
            not told which external id belongs to which role.
    """
    ids = _one_each(arns, external_ids)
    roles = tuple(map(Role, map(_arn, arns), ids))
    seen: dict[str, str] = {}
    for role in roles:
        if seen.setdefault(role.account, role.arn) != role.arn:
            raise UsageError(f"two roles of account {role.account}: one is enough to collect it")
    return roles


def _one_each(arns: Sequence[str], external_ids: Sequence[str]) -> Sequence[str | None]:
    for each in external_ids:
        if re.fullmatch(_EXTERNAL_ID_FORM, each) is None:
            raise UsageError(
                "--external-id takes 2 to 1,224 letters, digits and characters of _+=,.@:/-",
                "it is what the trust of the role has at sts:ExternalId; was a variable of it empty?",
            )
    if external_ids and not arns:
        raise UsageError("--external-id goes with a role", "name the role too: --role ARN --external-id ID")
    if len(external_ids) <= 1:
        return [*external_ids, None][:1] * len(arns)
    if len(external_ids) != len(arns):
        raise UsageError(
            f"{len(external_ids)} external ids, and {len(arns)} role{'' if len(arns) == 1 else 's'}: "
            "which is for which is not clear",
            "give one --external-id for all roles, or one for each --role in the same order",
        )
    return external_ids


def _arn(text: str) -> str:
    if re.fullmatch(_ROLE_FORM, text) is None:
        raise UsageError(
            "--role takes the ARN of a role",
            "for instance arn:aws:iam::123456789012:role/prod-keyplan-auditor",
        )
    return text


def require_partition(roles: Sequence[Role], partition: str) -> None:
    """See that the roles are in the caller's partition: no credentials are good in two.

    Raises:
        UsageError: one is not.
    """
    for role in roles:
        if role.partition != partition:
            raise UsageError(
                f"the role of account {role.account} is in {role.partition}, and your AWS credentials are in "
                f"{partition}: no role of one can be assumed from the other",
                "make a snapshot for each, with credentials and a --region of its own",
            )
