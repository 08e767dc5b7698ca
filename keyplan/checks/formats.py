"""The shapes of text in a catalogue: names, addresses, ARNs, regions, variables. One reader each."""

from __future__ import annotations

import re
from collections.abc import Collection

from keyplan.catalogue import Cloud
from keyplan.checks.fields import Node, Reader, list_of, text
from keyplan.names import (
    GCP_SECRET_ID_CHARACTERS,
    GCP_SECRET_ID_MAX,
    LOOKS_LIKE_ARN_SUFFIX,
    NAME_MAX,
    SECRET_NAME_CHARACTERS,
    SECRET_NAME_MAX,
    gcp_secret_id,
)

NAME_ALLOWED = "lower-case letters, digits and hyphens, beginning with a letter and not ending in a hyphen"
_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_PARTITION = r"arn:(?:aws|aws-cn|aws-us-gov)"
_IAM_NAME = r"(?:[A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}"


def is_name(given: str) -> bool:
    """Whether `given` can name an environment, a key or a consumer; its length is another matter."""
    return _NAME.fullmatch(given) is not None


def as_name(given: str) -> str | None:
    """The name that `given` was probably meant to be: `Chat_API` -> `chat-api`."""
    meant = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", given).lower()).strip("-")
    return meant if is_name(meant) else None


_former_name: Reader[str] = text(_NAME.pattern, NAME_ALLOWED, as_name, NAME_MAX)
_several_former_names = list_of(_former_name, "names, the oldest first", at_least=1)


def former_names(node: Node) -> tuple[str, ...]:
    """One name, or after several renames a list of them."""
    return _several_former_names(node) if isinstance(node.value, list) else (_former_name(node),)


# Narrower than what mail allows: the address is also the value of the `owner` tag, and tags take only these
# characters. Source: "Tag naming limits and requirements", AWS tagging guide (checked 2026-11-21).
email: Reader[str] = text(
    r"[A-Za-z0-9._+=-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}",
    "an e-mail address, as in `team@example.com`",
    lambda given: match[1] if (match := re.search(r"<([^<>]+)>", given)) else given.strip(),
    254,
)

variable: Reader[str] = text(
    r"[A-Za-z_][A-Za-z0-9_]*",
    "the name of an environment variable: letters, digits and underscores, not beginning with a digit",
    lambda given: re.sub(r"[^A-Za-z0-9]+", "_", given.strip()).upper(),
    255,
)

region: Reader[str] = text(
    r"[a-z]{2,4}(?:-[a-z]+){1,3}-[1-9][0-9]?",
    "an AWS region, as in `eu-west-1`",
    lambda given: re.sub(r"(?<=-[0-9])[a-z]$", "", given.strip().lower().replace("_", "-")),
    32,
)

kubernetes_name: Reader[str] = text(
    r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?",
    "a Kubernetes name: lower-case letters, digits, hyphens and dots",
    lambda given: given.strip().lower().replace("_", "-"),
)

role_arn: Reader[str] = text(
    rf"{_PARTITION}:iam::[0-9]{{12}}:role/{_IAM_NAME}",
    "the ARN of one IAM role, as in `arn:aws:iam::111122223333:role/NAME`, without wildcards",
    lambda given: re.sub(
        r"^(arn:[a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*$", r"\1:iam::\2:role/\3", given.strip()
    ),
    600,
)

principal_arn: Reader[str] = text(
    rf"{_PARTITION}:iam::[0-9]{{12}}:(?:root|(?:role|user)/{_IAM_NAME})",
    "the ARN of an IAM role, a user or an account's root, without wildcards",
    lambda given: re.sub(
        r"^(arn:[a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*$", r"\1:iam::\2:role/\3", given.strip()
    ),
    600,
)

# The six characters at the end are AWS's; a name without them would match the ARNs of several secrets.
secret_arn: Reader[str] = text(
    rf"{_PARTITION}:secretsmanager:[a-z0-9-]+:[0-9]{{12}}:secret:{SECRET_NAME_CHARACTERS.pattern}-[A-Za-z0-9]{{6}}",
    "the whole ARN of a secret with the six characters that AWS added, as in "
    "`arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/anthropic-api-key-AbCdEf`",
    maximum=600,
)


secret_name: Reader[str] = text(
    SECRET_NAME_CHARACTERS.pattern,
    f"at most {SECRET_NAME_MAX} letters, digits and /_+=.@-",
    maximum=SECRET_NAME_MAX,
)


def check_secret_name(node: Node, clouds: Collection[Cloud]) -> None:
    """What each cloud asks of a container's name (keyplan/names.py). Raises Reported."""
    value: str = node.value
    # A policy could not tell the secret from every other.
    if Cloud.AWS in clouds and LOOKS_LIKE_ARN_SUFFIX.fullmatch(value):
        raise node.reject(
            "a name that does not end in a hyphen and six letters or digits: AWS adds such an ending to "
            "every secret's ARN, and policies would take this name for another secret's ARN",
            suggestion=f"{value}-key",
        )
    if Cloud.GCP not in clouds:
        return
    secret_id = gcp_secret_id(value)
    if not GCP_SECRET_ID_CHARACTERS.fullmatch(secret_id) or len(secret_id) > GCP_SECRET_ID_MAX:
        meant = re.sub(r"[^A-Za-z0-9/_-]+", "-", value).strip("-")
        raise node.reject(
            f"on gcp at most {GCP_SECRET_ID_MAX} letters, digits, hyphens, underscores and slashes, which "
            "become hyphens",
            suggestion=meant if meant != value and len(meant) <= GCP_SECRET_ID_MAX else None,
        )


def regular_expression(node: Node) -> str:
    """A regular expression in Python's syntax that says something about a value."""
    value = text(r"[^\x00-\x1f]+", "a regular expression", maximum=500)(node)
    try:
        matches_nothing = re.compile(value).fullmatch("") is not None
    except (re.error, OverflowError, RecursionError) as error:
        place = getattr(error, "pos", None)
        where = f" (character {place + 1})" if isinstance(place, int) else ""
        raise node.reject(f"a regular expression that Python's re understands{where}") from None
    if matches_nothing:
        raise node.reject("a regular expression that a value has to match; this one accepts empty text")
    return value
