"""Which principals a consumer's reads come from, and the roles that the catalogue refers to by ARN. Pure.

The ARNs of roles that keyplan makes follow from their names, so that policies which list them can be
rendered and measured before anything exists.
"""

from __future__ import annotations

from components.aws.account import Account
from keyplan.catalogue import Consumer, PeopleSettings
from keyplan.errors import UsageError
from keyplan.names import reader_name

# IAM Identity Center appends 16 characters to the role of a permission set, and puts its region into the
# path unless it is us-east-1.
# Source: IAM Identity Center User Guide, "Referencing permission sets in resource policies" (2026-11-21).
_PERMISSION_SET_SUFFIX = "?" * 16
_PERMISSION_SET_PATHS = ("aws-reserved/sso.amazonaws.com", "aws-reserved/sso.amazonaws.com/*")


def own_role_arn(account: Account, environment: str, consumer: Consumer) -> str:
    """The ARN of the role that keyplan makes for a consumer."""
    return account.arn("iam", f"role/{reader_name(environment, consumer.lasting_name)}", region="")


def existing_role_arn(consumer: Consumer) -> str | None:
    """The ARN of the role that the catalogue names for a consumer, or None where keyplan makes one."""
    found: str | None = getattr(consumer.settings, "role_arn", None)
    return found


def permission_set_patterns(account: Account, permission_set: str) -> tuple[str, ...]:
    """ARN patterns of the role that a permission set becomes in this account."""
    return tuple(
        account.arn("iam", f"role/{path}/AWSReservedSSO_{permission_set}_{_PERMISSION_SET_SUFFIX}", region="")
        for path in _PERMISSION_SET_PATHS
    )


def reader_principals(account: Account, environment: str, consumer: Consumer) -> tuple[str, ...]:
    """ARNs, or ARN patterns, of a consumer's roles; none for people without a permission set."""
    if isinstance(consumer.settings, PeopleSettings):
        permission_set = consumer.settings.permission_set
        return () if permission_set is None else permission_set_patterns(account, permission_set)
    return (existing_role_arn(consumer) or own_role_arn(account, environment, consumer),)


def role_name_of(account: Account, role_arn: str, whose: str) -> str:
    """The name of an existing role, without its path.

    Args:
        whose: what refers to the role, for the message: "consumer `chat-api`".

    Raises:
        UsageError: the role is of another account or partition, where no policy can be attached to it.
    """
    prefix = account.arn("iam", "role/", region="")
    if not role_arn.startswith(prefix):
        raise UsageError(
            f"the role of {whose} is `{role_arn}`, and this environment is built in account "
            f"{account.account_id} ({account.partition})",
            f"name a role that starts with `{prefix}`, or select the stack and credentials of that account",
        )
    return role_arn.rpartition("/")[2]
