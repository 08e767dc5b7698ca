"""The manifest as JSON: its fields, and the check of its whole shape.

Published as docs/manifest.schema.json. Owns the types of a manifest and the words for one that is none; what
each field may hold is `manifest_rules`. Where a manifest comes from is `manifest_sources`; the typed objects
are `manifest`. `keyplan exec` starts from here and never builds those objects: importing dataclasses takes
longer than this whole check.
"""

from __future__ import annotations

from keyplan.errors import ManifestError
from keyplan.json_shape import check_object, load
from keyplan.manifest_rules import DOCUMENT, FORMAT, RUNTIMES, between_parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NotRequired, TypedDict

    class SecretDocument(TypedDict):
        """Where one key's value is stored on AWS."""

        name: str
        arn: str
        jsonKey: str

    class GcpSecretDocument(TypedDict):
        """Where one key's value is stored on Google Cloud: its id, and its full name."""

        name: str
        resource: str

    class KeyDocument(TypedDict):
        """One key. `format` is there for a vendor whose values have a form that the catalogue gives.

        `organization` and `workspace` say where an Anthropic key has to belong, `baseUrl` where a gateway's
        token goes, `checkUrl` and `checkHeader` who says whether a generic vendor's key is alive. It has a
        place in each of the manifest's clouds. With `lockdown` nobody but its readers and the break-glass
        role can read it, no administrator either.
        """

        vendor: str
        owner: str
        envVar: str
        format: NotRequired[str]
        organization: NotRequired[str]
        workspace: NotRequired[str]
        baseUrl: NotRequired[str]
        checkUrl: NotRequired[str]
        checkHeader: NotRequired[str]
        rotateEvery: str
        remindBefore: str
        grace: str
        lockdown: NotRequired[bool]
        aws: NotRequired[SecretDocument]
        gcp: NotRequired[GcpSecretDocument]

    class ConsumerDocument(TypedDict):
        """One consumer. `cloud` is where it reads; without it, on AWS.

        `route` is how its Claude clients authenticate, where its keys alone do not say it; it may have no key
        then. `identityAudience` is what its identity token is for, with the route federation.
        `roleArn` is the principal that reads on AWS, `member` the one on Google Cloud; people have none.
        """

        runtime: str
        cloud: NotRequired[str]
        keys: list[str]
        env: dict[str, str]
        route: NotRequired[str]
        identityAudience: NotRequired[str]
        roleArn: NotRequired[str]
        policyArns: list[str]
        member: NotRequired[str]
        workloadIdentityProvider: NotRequired[str]
        settings: dict[str, Any]

    class AwsDocument(TypedDict):
        """The account that holds the secrets; `endpoints` maps a service to a URL that replaces AWS's own.
        `breakGlassRoleArn` is who may read in an emergency, where the catalogue names one.
        """

        accountId: str
        partition: str
        region: str
        kmsKeyArn: str
        operatorPolicyArns: list[str]
        auditorRoleArn: str
        breakGlassRoleArn: NotRequired[str]
        endpoints: dict[str, str]

    class GcpDocument(TypedDict):
        """The project that holds the secrets; `endpoints` as those of AWS."""

        projectId: str
        projectNumber: str
        region: str
        operatorRole: str
        auditorRole: str
        endpoints: dict[str, str]

    class CloudsDocument(TypedDict):
        """The clouds of the environment, at least one."""

        aws: NotRequired[AwsDocument]
        gcp: NotRequired[GcpDocument]

    class ManifestDocument(TypedDict):
        """A whole manifest. `firstCloud` is the first of the catalogue's clouds, where that is not AWS: the
        order of an object's fields is lost in Pulumi's engine. `claudeCodeKey` is the key of the catalogue's
        `claudeCode`, where there are others that Claude Code could use.
        """

        format: str
        environment: str
        owner: str
        escalateAfter: str
        clouds: CloudsDocument
        firstCloud: NotRequired[str]
        keys: dict[str, KeyDocument]
        consumers: dict[str, ConsumerDocument]
        claudeCodeKey: NotRequired[str]
        vendorEndpoints: NotRequired[dict[str, str]]


_FORMAT_NAME, _FORMAT_VERSION = "keyplan-manifest/", 1


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
    check_object(document, "", DOCUMENT, mistakes)
    if not mistakes:
        mistakes.extend(between_parts(document))  # type: ignore[arg-type]  # its shape is right
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


__all__ = ["FORMAT", "RUNTIMES", "check", "checked", "parse"]
