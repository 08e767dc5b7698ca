"""The sizes and counts that Google Cloud allows, where each number comes from, and their check. Pure."""

from __future__ import annotations

from keyplan.errors import KeyplanError

# Source: IAM API, projects.locations.workloadIdentityPools.providers: attributeCondition at most 4,096
# characters, a mapping's expression 2,048, google.subject 127 bytes, attribute names 100 of [a-z0-9_];
# Oidc.allowedAudiences 256 characters each (discovery document of iam v1, checked 2026-11-21).
CONDITION_CHARACTERS = 4_096
MAPPING_CHARACTERS = 2_048
SUBJECT_BYTES = 127
ATTRIBUTE_NAME_CHARACTERS = 100
AUDIENCE_CHARACTERS = 256
# Display names of pools and providers: 32 characters; their descriptions and those of service accounts: 256.
# Source: as above, and ServiceAccount.description in bytes.
DISPLAY_NAME_CHARACTERS = 32
DESCRIPTION_BYTES = 256
# Source: IAM, "Quotas and limits": all principals of one allow policy, repeated ones counted (from memory of
# that page, unconfirmed on 2026-11-21).
PRINCIPALS_PER_POLICY = 1_500
# The filter of an alerting policy. Source: Monitoring API v3, MetricAbsence.filter: at most 2,048 characters.
# LogMatch.filter names no limit of its own; a filter of Logging may have 20,000, so this is the safe one.
ALERT_FILTER_CHARACTERS = 2_048
# Source: Monitoring API v3, AlertPolicy.Documentation.
DOCUMENTATION_CHARACTERS = 8_192
DOCUMENTATION_BYTES = 10_240
# Source: Secret Manager API v1, Secret.annotations: keys and values together.
ANNOTATIONS_BYTES = 16_384


class GoogleQuotaExceeded(KeyplanError):  # noqa: N818 — named as the other failures of keyplan.errors are
    """What the catalogue asks for does not fit into one of Google Cloud's limits; nothing was created."""


def require_room(found: int, room: int, unit: str, subject: str, hint: str) -> None:
    """Refuse what is larger than its limit.

    Args:
        found: how much it is.
        room: how much the limit allows.
        unit: what is counted: `characters`, `members`.
        subject: whose it is, for the message.
        hint: what makes it smaller.

    Raises:
        GoogleQuotaExceeded: there is more than fits.
    """
    if found > room:
        raise GoogleQuotaExceeded(f"{subject} would have {found:,} {unit}, and Google allows {room:,}", hint)
