"""The sizes and counts that AWS allows, where each number comes from, and how a document is measured. Pure.

An adjustable quota stands here with its default: an account may have less room than AWS could grant, never
less than the default.
"""

from __future__ import annotations

from keyplan.errors import KeyplanError

# Source of the IAM numbers: IAM User Guide, "IAM and AWS STS quotas, name requirements, and character
# limits" (checked 2026-11-21). IAM does not count white space; documents here contain none outside names.
INLINE_POLICIES_OF_ROLE_CHARACTERS = 10_240  # all inline policies of one role together; fixed
MANAGED_POLICY_CHARACTERS = 6_144  # one managed policy; fixed
MANAGED_POLICIES_PER_ROLE = 10  # default; adjustable up to 25
TRUST_POLICY_CHARACTERS = 2_048  # the trust policy of one role; default, adjustable up to 8,192
# Source: Secrets Manager User Guide, "AWS Secrets Manager quotas" (checked 2026-11-21).
SECRET_POLICY_CHARACTERS = 20_480
# Source: KMS Developer Guide, "Resource quotas", key policy document size of 32 KB (checked 2026-11-21).
KEY_POLICY_BYTES = 32_768


class QuotaExceeded(KeyplanError):  # noqa: N818 — named as the other failures of keyplan.errors are
    """What the catalogue asks for does not fit into one of AWS's quotas; nothing was created."""


def require_room(text: str, room: int, quota: str, subject: str, hint: str) -> str:
    """Return `text` where it fits.

    Args:
        text: a policy document as it is sent, compact JSON.
        room: how many characters the quota allows.
        quota: the quota's name as AWS writes it.
        subject: whose document it is, for the message.
        hint: what makes it smaller.

    Raises:
        QuotaExceeded: the document is longer.
    """
    if len(text) > room:
        raise QuotaExceeded(
            f"{subject} would need {len(text):,} characters, and the quota `{quota}` allows {room:,}", hint
        )
    return text
