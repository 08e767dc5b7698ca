"""How things are named: secrets, roles, policies and the suggested names of vendor keys. Pure."""

from __future__ import annotations

import hashlib
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

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

# Google Cloud. A secret's id: 1 to 255 letters, digits, hyphens and underscores.
# Source: Secret Manager API, projects.secrets.create, parameter secretId (checked 2026-11-21).
GCP_SECRET_ID_MAX = 255
GCP_SECRET_ID_CHARACTERS = re.compile(r"[A-Za-z0-9_-]+")
# Source: IAM API, projects.serviceAccounts.create (6-30 of [a-z]([-a-z0-9]*[a-z0-9])),
# workloadIdentityPools.create and providers.create (4-32 of [a-z0-9-], `gcp-` is Google's),
# providers.attributeMapping (keys of 1-100 of [a-z0-9_]), projects.roles.create (3-64 of [a-zA-Z0-9_.]);
# checked 2026-11-21.
SERVICE_ACCOUNT_ID_MAX = 30
POOL_ID_MAX = 32
PROVIDER_ID_MAX = 32
CUSTOM_ROLE_ID_MAX = 64
# A label's value: at most 63 lower-case letters, digits, hyphens and underscores.
# Source: Resource Manager, "Requirements for labels" (checked 2026-11-21).
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
# Names that are too long end in this many hexadecimal digits of a hash: 32 bits, for a few hundred names.
HASH_LENGTH = 8
_DATED = re.compile(r"(?P<undated>.+)-(?P<day>[0-9]{8})")


def secret_name(environment: str, key: str) -> str:
    """`prod`, `anthropic` -> `prod/anthropic-api-key`."""
    return f"{environment}/{key}-api-key"


def reader_name(environment: str, consumer: str) -> str:
    """The name of a consumer's role, and of its policy: `prod-chat-api-reader`."""
    return f"{environment}-{consumer}-reader"


def route_policy_name(environment: str, consumer: str) -> str:
    """The managed policy of a consumer's route, for people and roles that exist: `prod-chat-api-route`."""
    return f"{environment}-{consumer}-route"


def vendor_key_name(environment: str, named_after: str, day: date | None = None) -> str:
    """What to call a key in the vendor's console: `prod-chat-api-key`, or `prod-chat-api-key-20261121`.

    Args:
        environment: the environment's name.
        named_after: the consumer or the key that it is for, as `vendor_key_is_for` says.
        day: when it is made; with it, the old key and the new one differ while both are alive.
    """
    made_on = "" if day is None else f"-{day:%Y%m%d}"
    return f"{environment}-{named_after}-key{made_on}"


def vendor_key_is_for(key: str, readers: Sequence[str]) -> str:
    """What a vendor's key is named after: its only consumer, or where several share it the key itself."""
    return readers[0] if len(readers) == 1 else key


def follows_scheme(name: str, environment: str, consumers: Iterable[str], keys: Iterable[str]) -> bool:
    """Whether `name`, of a key in the vendor's console, is one that `vendor_key_name` gives.

    Args:
        name: as the vendor lists it.
        environment: the environment that the key should be of.
        consumers: names of its consumers.
        keys: names of its keys.
    """
    undated = name
    match = _DATED.fullmatch(name)
    if match is not None and _is_day(match["day"]):
        undated = match["undated"]
    return any(undated == vendor_key_name(environment, each) for each in (*consumers, *keys))


def _is_day(digits: str) -> bool:
    from datetime import date

    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 2000
    except ValueError:
        return False


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


def gcp_secret_id(secret_name: str) -> str:
    """`prod/anthropic-api-key` -> `prod-anthropic-api-key`: an id has no slash."""
    return secret_name.replace("/", "-")


def service_account_id(environment: str, consumer: str) -> str:
    """What stands before the @ of a consumer's service account: `prod-chat-api-reader`, shortened if need be.

    Of the consumer's lasting name: an id can't be changed.
    """
    return _shortened(reader_name(environment, consumer), f"{environment}-{consumer}", SERVICE_ACCOUNT_ID_MAX)


def workload_identity_pool_id(environment: str) -> str:
    """The pool of an environment's CI consumers: `keyplan-prod`."""
    return _shortened(f"keyplan-{environment}", f"keyplan-{environment}", POOL_ID_MAX)


def workload_identity_provider_id(consumer: str) -> str:
    """A CI consumer's provider in the environment's pool: `ci-evals`; an id has at least four characters."""
    return _shortened(f"ci-{consumer}", f"ci-{consumer}", PROVIDER_ID_MAX)


def attribute_name(consumer: str) -> str:
    """The attribute that only this consumer's provider maps: `nightly-evals` -> `nightly_evals`.

    Google writes it `attribute.nightly_evals`. No two consumers share one: their names have no underscore.
    """
    return consumer.replace("-", "_")


def gcp_operator_role_id(environment: str) -> str:
    """The custom role that lets its holder store versions and never read them: `keyplan_prod_operator`."""
    return f"keyplan_{environment.replace('-', '_')}_operator"


def gcp_auditor_role_id(environment: str) -> str:
    """The custom role that sees metadata and policies and never values: `keyplan_prod_auditor`."""
    return f"keyplan_{environment.replace('-', '_')}_auditor"


def gcp_caller_role_id(environment: str, project_id: str, own_project_id: str) -> str:
    """The custom role that calls models and does nothing else: `keyplan_prod_caller`.

    Args:
        project_id: where it is made: where the models are called.
        own_project_id: the environment's. Where that is another one, the id says so: two projects may have an
            environment of one name, and call models in a third.
    """
    own = "" if project_id == own_project_id else f"_of_{own_project_id.replace('-', '_')}"
    wanted = f"keyplan_{environment.replace('-', '_')}_caller{own}"
    return _shortened(wanted, wanted, CUSTOM_ROLE_ID_MAX).replace("-", "_")


def gcp_secret_resource(project_id: str, secret_id: str) -> str:
    """`projects/example-prod/secrets/prod-anthropic-api-key`."""
    return f"projects/{project_id}/secrets/{secret_id}"


def _shortened(wanted: str, readable: str, maximum: int) -> str:
    """`wanted`, or where that is too long the start of `readable` and a hash of all of `wanted`."""
    if len(wanted) <= maximum:
        return wanted
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:HASH_LENGTH]
    return f"{readable[: maximum - HASH_LENGTH - 1].rstrip('-')}-{digest}"
