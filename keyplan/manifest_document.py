"""The manifest as JSON: its fields, and the check of its whole shape.

Published as docs/manifest.schema.json. Owns what a manifest may hold and the words for what is wrong with
one. Where a manifest comes from is `manifest_sources`; the typed objects are `manifest`. `keyplan exec`
starts from here and never builds those objects: importing dataclasses takes longer than this whole check.
"""

from __future__ import annotations

import re

from keyplan.endpoints import endpoint_mistake
from keyplan.errors import ManifestError
from keyplan.json_shape import (
    any_object,
    any_text,
    check_object,
    kind,
    list_of,
    load,
    map_of,
    nearest,
    object_of,
    one_of,
    regular_expression,
    shown,
    text,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NotRequired, TypedDict

    class SecretDocument(TypedDict):
        """Where one key's value is stored on AWS."""

        name: str
        arn: str
        jsonKey: str

    class KeyDocument(TypedDict):
        """One key. `format` is there for a generic vendor whose values have a known form."""

        vendor: str
        owner: str
        envVar: str
        format: NotRequired[str]
        rotateEvery: str
        remindBefore: str
        grace: str
        aws: SecretDocument

    class ConsumerDocument(TypedDict):
        """One consumer. `roleArn` is the principal that reads; people have none."""

        runtime: str
        keys: list[str]
        env: dict[str, str]
        roleArn: NotRequired[str]
        policyArns: list[str]
        settings: dict[str, Any]

    class AwsDocument(TypedDict):
        """The account that holds the secrets; `endpoints` maps a service to a URL that replaces AWS's own."""

        accountId: str
        partition: str
        region: str
        kmsKeyArn: str
        operatorPolicyArns: list[str]
        auditorRoleArn: str
        endpoints: dict[str, str]

    class CloudsDocument(TypedDict):
        """The clouds of the environment."""

        aws: AwsDocument

    class ManifestDocument(TypedDict):
        """A whole manifest."""

        format: str
        environment: str
        owner: str
        escalateAfter: str
        clouds: CloudsDocument
        keys: dict[str, KeyDocument]
        consumers: dict[str, ConsumerDocument]


FORMAT = "keyplan-manifest/1"
_FORMAT_NAME, _FORMAT_VERSION = "keyplan-manifest/", 1
# The names in `keyplan.catalogue.Runtime`, which is too heavy to import here; a test compares them.
RUNTIMES = (
    "ecs", "lambda", "ec2", "eks", "iam-role", "people",
    "github-actions", "gitlab-ci", "circleci", "buildkite",
)  # fmt: skip

_NAME = (r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "a name of letters, digits, `-`, `_` and `.`")
_LINE = (r"[^\x00-\x1f\x7f]{1,320}", "one line of text")
_VARIABLE = (r"[A-Za-z_][A-Za-z0-9_]{0,254}", "the name of an environment variable")
_DURATION = (r"[1-9][0-9]{0,4}[hdw]", "a whole number and h, d or w, as in `90d`")
_ACCOUNT = (r"[0-9]{12}", "an account id of 12 digits")
_PARTITION = (r"aws(-[a-z0-9]+)*", "an AWS partition, as in `aws`")
_REGION = (r"[a-z]{2,}(-[a-z0-9]+)+", "an AWS region, as in `eu-west-1`")
_SECRET_NAME = (r"[A-Za-z0-9/_+=.@-]{1,512}", "a secret's name of letters, digits and `/_+=.@-`")
_KMS_ARN = (r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+", "the ARN of a KMS key")
_SECRET_ARN = (
    r"arn:aws[a-z0-9-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}",
    "the full ARN of a secret, with its six-character suffix",
)
_ROLE_ARN = (r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/[\x21-\x7e]{1,576}", "the ARN of an IAM role")
_POLICY_ARN = (
    r"arn:aws[a-z0-9-]*:iam::([0-9]{12}|aws):policy/[\x21-\x7e]{1,640}",
    "the ARN of an IAM policy",
)


def parse(content: str, origin: str) -> ManifestDocument:
    """Read a manifest's JSON text and check it.

    Args:
        content: the JSON.
        origin: what to call it in an error: a file's path, or the command that printed it.

    Raises:
        ManifestError: with file, line and column where it is not JSON; with every mistake of its shape.
    """
    return checked(load(content, origin), origin)


def checked(document: object, origin: str = "the document") -> ManifestDocument:
    """Return `document` as a manifest.

    Raises:
        ManifestError: with every mistake of its shape; or it is no manifest, or one that a newer keyplan
        wrote.
    """
    mistakes = check(document, origin)
    if mistakes:
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise ManifestError(
            f"{origin} has {count}:\n" + "\n".join(f"  {mistake}" for mistake in mistakes),
            "run `make sandbox` or `pulumi up` again: they write a manifest that is right",
        )
    return document  # type: ignore[return-value]  # check() found nothing: it has that shape


def check(document: object, origin: str = "the document") -> list[str]:
    """Every mistake of a manifest's shape, as `path: what is wrong`, in the document's order.

    Raises:
        ManifestError: it is no manifest at all, or one that another keyplan wrote; then only that counts.
    """
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise ManifestError(f"{origin} is not a manifest: it has no `format` field that says {FORMAT}")
    _check_version(document["format"], origin)
    mistakes: list[str] = []
    check_object(document, "", _TOP, mistakes)
    if not mistakes:
        _check_references(document, mistakes)  # type: ignore[arg-type]  # its shape is right
    return mistakes


def _check_version(format_field: str, origin: str) -> None:
    version = format_field.removeprefix(_FORMAT_NAME)
    if version == format_field or not version.isascii() or not version.isdigit():
        raise ManifestError(f"{origin} is not a manifest: its `format` is not {FORMAT}")
    if int(version[:9]) > _FORMAT_VERSION:
        from keyplan import __version__

        raise ManifestError(
            f"{origin} is a manifest of version {int(version[:9])}: it needs a keyplan that reads "
            f"{_FORMAT_NAME}{int(version[:9])}, and this is keyplan {__version__}, which reads {FORMAT}",
            "pip install --upgrade keyplan",
        )
    if int(version) < _FORMAT_VERSION:
        raise ManifestError(
            f"{origin} is a manifest of version {version}, which never existed; expected {FORMAT}"
        )


def _endpoint(value: object, path: str, mistakes: list[str]) -> None:
    mistake = endpoint_mistake(value) if isinstance(value, str) else f"expected a URL; found {kind(value)}"
    if mistake:
        mistakes.append(f"{path}: {mistake}")


_SECRET = {
    "name": (text(_SECRET_NAME), True),
    "arn": (text(_SECRET_ARN), True),
    "jsonKey": (text(_VARIABLE), True),
}
_KEY = {
    "vendor": (text(_NAME), True),
    "owner": (text(_LINE), True),
    "envVar": (text(_VARIABLE), True),
    "format": (regular_expression, False),
    "rotateEvery": (text(_DURATION), True),
    "remindBefore": (text(_DURATION), True),
    "grace": (text(_DURATION), True),
    "aws": (object_of(_SECRET), True),
}
_CONSUMER = {
    "runtime": (one_of(RUNTIMES), True),
    "keys": (list_of(text(_NAME), at_least=1), True),
    "env": (map_of(_VARIABLE, any_text), True),
    "roleArn": (text(_ROLE_ARN), False),
    "policyArns": (list_of(text(_POLICY_ARN)), True),
    "settings": (any_object, True),
}
_AWS = {
    "accountId": (text(_ACCOUNT), True),
    "partition": (text(_PARTITION), True),
    "region": (text(_REGION), True),
    "kmsKeyArn": (text(_KMS_ARN), True),
    "operatorPolicyArns": (list_of(text(_POLICY_ARN)), True),
    "auditorRoleArn": (text(_ROLE_ARN), True),
    "endpoints": (map_of((r"[a-z0-9-]{1,64}", "the name of an AWS service"), _endpoint), True),
}
_TOP = {
    "format": (text((re.escape(FORMAT), FORMAT)), True),
    "environment": (text(_NAME), True),
    "owner": (text(_LINE), True),
    "escalateAfter": (text(_DURATION), True),
    "clouds": (object_of({"aws": (object_of(_AWS), True)}), True),
    "keys": (map_of(_NAME, object_of(_KEY)), True),
    "consumers": (map_of(_NAME, object_of(_CONSUMER)), True),
}


def _check_references(document: ManifestDocument, mistakes: list[str]) -> None:
    """What a schema cannot say. An ARN of another account would send a value to somebody else's store."""
    aws, keys = document["clouds"]["aws"], document["keys"]
    if len({url.startswith("http:") for url in aws["endpoints"].values()}) > 1:
        mistakes.append(
            "clouds.aws.endpoints: some are a sandbox's (http) and some are not: all or none can be"
        )
    start = f"arn:{aws['partition']}:secretsmanager:{aws['region']}:{aws['accountId']}:secret:"
    for name, key in keys.items():
        secret = key["aws"]
        if secret["arn"][:-7] != start + secret["name"]:
            mistakes.append(
                f"keys.{name}.aws.arn: it is not the secret {secret['name']} in account {aws['accountId']}, "
                f"region {aws['region']}, of this manifest"
            )
    for name, consumer in document["consumers"].items():
        for key_name in consumer["keys"]:
            if key_name not in keys:
                mistakes.append(
                    f"consumers.{name}.keys: there is no key {shown(key_name)}{nearest(key_name, keys)}"
                )
