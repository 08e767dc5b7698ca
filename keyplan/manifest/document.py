"""The fields of a manifest as JSON, as types. Published as docs/manifest.schema.json.

Imported for types alone: a manifest is a plain object that `checking` has looked at, because `keyplan exec`
waits for it. What each field may hold is `rules`.
"""

from __future__ import annotations

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
