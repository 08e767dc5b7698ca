"""How things are named: secrets, roles, policies and the suggested names of vendor keys. Pure."""

from __future__ import annotations

import re

# IAM: role names up to 64, managed policy names up to 128 characters of A-Za-z0-9+=,.@_-
# Source: IAM User Guide, "IAM and AWS STS quotas" (checked 2026-11-21).
ROLE_NAME_MAX = 64
POLICY_NAME_MAX = 128
# Our own limits. The longest name made of both, a policy's (`ENVIRONMENT-CONSUMER-reader-10`, numbered where
# one policy is too small for a consumer's keys), then fits; a role's name is checked by itself.
ENVIRONMENT_NAME_MAX = 40
NAME_MAX = 64
# Source: Secrets Manager CreateSecret, parameter Name (checked 2026-11-21).
SECRET_NAME_MAX = 512
SECRET_NAME_CHARACTERS = re.compile(r"[A-Za-z0-9/_+=.@-]+")
# A secret's ARN ends in a hyphen and six characters that AWS adds; policies match them with `-??????`.
# A name that itself ends so is read as a partial ARN: CreateSecret's documentation warns of it.
LOOKS_LIKE_ARN_SUFFIX = re.compile(r".*-[A-Za-z0-9]{6}")
ARN_SUFFIX_PATTERN = "-??????"
ARN_SUFFIX_LENGTH = len(ARN_SUFFIX_PATTERN)


def secret_name(environment: str, key: str) -> str:
    """`prod`, `anthropic` -> `prod/anthropic-api-key`."""
    return f"{environment}/{key}-api-key"


def reader_name(environment: str, consumer: str) -> str:
    """The name of a consumer's role, and of its policy: `prod-chat-api-reader`."""
    return f"{environment}-{consumer}-reader"


def vendor_key_name(environment: str, consumer: str) -> str:
    """What to call the key in the vendor's console: `prod-chat-api-key`."""
    return f"{environment}-{consumer}-key"


def kms_alias(environment: str) -> str:
    """`alias/keyplan-prod`."""
    return f"alias/keyplan-{environment}"


def operator_name(environment: str) -> str:
    """The managed policy that lets its holder store versions and never read them."""
    return f"{environment}-keyplan-operator"


def auditor_name(environment: str) -> str:
    """The role that reads metadata and policies and never values."""
    return f"{environment}-keyplan-auditor"


def secret_arn_pattern(partition: str, region: str, account_id: str, name: str) -> str:
    """The ARN of a secret as a policy names it before and after it exists: exact name, `??????` as suffix.

    Source: Secrets Manager User Guide, "IAM policy examples": six `?` match only that secret, while `*`
    would also match `name-other` (checked 2026-11-21).
    """
    return f"arn:{partition}:secretsmanager:{region}:{account_id}:secret:{name}{ARN_SUFFIX_PATTERN}"
