"""What each field of a manifest may hold, and what has to be true between its parts.

Published as docs/manifest.schema.json, which a test holds against these rules. Owns the rules alone: reading
and reporting is `checking`, the kinds of rule are `json_shape`. Light to import, because `keyplan
exec` waits for it.
"""

from __future__ import annotations

import re

from keyplan.endpoints import endpoint_mistake, url_mistake
from keyplan.json_shape import (
    any_object,
    any_text,
    kind,
    list_of,
    map_of,
    nearest,
    object_of,
    one_of,
    regular_expression,
    shown,
    text,
    truth,
)
from keyplan.manifest.vendor_rules import about_vendors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from keyplan.manifest.document import ConsumerDocument, KeyDocument, ManifestDocument

FORMAT = "keyplan-manifest/1"
CLOUDS = ("aws", "gcp")
# The names in `keyplan.catalogue.Runtime`, which is too heavy to import here; a test compares them.
AWS_RUNTIMES = ("ecs", "lambda", "ec2", "eks", "iam-role", "codebuild")
GCP_RUNTIMES = ("cloud-run", "cloud-run-job", "gke", "compute-engine", "cloud-build")
RUNTIMES = (
    *AWS_RUNTIMES, *GCP_RUNTIMES,
    "people", "github-actions", "gitlab-ci", "circleci", "buildkite",
    "bitbucket-pipelines", "azure-pipelines", "jenkins", "pulumi-deployments",
)  # fmt: skip
# The names in `keyplan.routes.Route`, likewise; those at the end need no key.
ROUTES = ("direct", "gateway", "bedrock", "vertex", "foundry", "federation", "subscription")
KEYLESS_ROUTES = ROUTES[2:]

_NAME = (r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "a name of letters, digits, `-`, `_` and `.`")
_LINE = (r"[^\x00-\x1f\x7f]{1,320}", "one line of text")
_VARIABLE = (r"[A-Za-z_][A-Za-z0-9_]{0,254}", "the name of an environment variable")
_UUID = (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID in lower case")
_WORKSPACE = (r"wrkspc_[A-Za-z0-9]{1,64}", "the id of a workspace, as in `wrkspc_…`")
_HEADER = (r"[A-Za-z][A-Za-z0-9-]{0,63}", "the name of an HTTP header")
_AUDIENCE = (r"[\x21-\x7e]{1,255}", "what an identity token is for, without spaces")
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

_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_PROJECT_ID = (_PROJECT, "the id of a Google Cloud project, as in `example-prod`")
_PROJECT_NUMBER = (r"[1-9][0-9]{0,19}", "the number of a Google Cloud project")
_GCP_REGION = (r"[a-z]+(-[a-z]+)+[0-9]{1,2}", "a Google Cloud region, as in `europe-west1`")
_SECRET_ID = (r"[A-Za-z0-9_-]{1,255}", "a secret's id of letters, digits, `-` and `_`")
_SECRET_RESOURCE = (
    rf"projects/{_PROJECT}/secrets/[A-Za-z0-9_-]{{1,255}}",
    "the full name of a secret, as in `projects/PROJECT/secrets/ID`",
)
_CUSTOM_ROLE = (
    rf"projects/{_PROJECT}/roles/[A-Za-z0-9_.]{{3,64}}",
    "the full name of a custom role, as in `projects/PROJECT/roles/ID`",
)
# Never allUsers or allAuthenticatedUsers: those would be everybody.
_MEMBER = (
    r"(serviceAccount|user|group):[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,253}"
    r"|principal(Set)?://iam\.googleapis\.com/[\x21-\x7e]{1,1024}",
    "an IAM member, as in `serviceAccount:NAME@PROJECT.iam.gserviceaccount.com` or `principalSet://…`",
)
_PROVIDER = (
    r"projects/[1-9][0-9]{0,19}/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}",
    "the full name of a workload identity provider, which begins with `projects/NUMBER/locations/global/`",
)


def _endpoint(value: object, path: str, mistakes: list[str]) -> None:
    mistake = endpoint_mistake(value) if isinstance(value, str) else f"expected a URL; found {kind(value)}"
    if mistake:
        mistakes.append(f"{path}: {mistake}")


_AWS_SECRET = {
    "name": (text(_SECRET_NAME), True),
    "arn": (text(_SECRET_ARN), True),
    "jsonKey": (text(_VARIABLE), True),
}
_GCP_SECRET = {
    "name": (text(_SECRET_ID), True),
    "resource": (text(_SECRET_RESOURCE), True),
}


def _vendor_url(value: object, path: str, mistakes: list[str]) -> None:
    mistake = url_mistake(value) if isinstance(value, str) else f"expected a URL; found {kind(value)}"
    if mistake:
        mistakes.append(f"{path}: {mistake}")


_KEY = {
    "vendor": (text(_NAME), True),
    "owner": (text(_LINE), True),
    "envVar": (text(_VARIABLE), True),
    "format": (regular_expression, False),
    "organization": (text(_UUID), False),
    "workspace": (text(_WORKSPACE), False),
    "baseUrl": (_vendor_url, False),
    "checkUrl": (_vendor_url, False),
    "checkHeader": (text(_HEADER), False),
    "rotateEvery": (text(_DURATION), True),
    "remindBefore": (text(_DURATION), True),
    "grace": (text(_DURATION), True),
    "lockdown": (truth, False),
    "aws": (object_of(_AWS_SECRET), False),
    "gcp": (object_of(_GCP_SECRET), False),
}
_CONSUMER = {
    "runtime": (one_of(RUNTIMES), True),
    "cloud": (one_of(CLOUDS), False),
    "keys": (list_of(text(_NAME)), True),
    "env": (map_of(_VARIABLE, any_text), True),
    "route": (one_of(ROUTES), False),
    "identityAudience": (text(_AUDIENCE), False),
    "roleArn": (text(_ROLE_ARN), False),
    "policyArns": (list_of(text(_POLICY_ARN)), True),
    "member": (text(_MEMBER), False),
    "workloadIdentityProvider": (text(_PROVIDER), False),
    "settings": (any_object, True),
}
_AWS = {
    "accountId": (text(_ACCOUNT), True),
    "partition": (text(_PARTITION), True),
    "region": (text(_REGION), True),
    "kmsKeyArn": (text(_KMS_ARN), True),
    "operatorPolicyArns": (list_of(text(_POLICY_ARN)), True),
    "auditorRoleArn": (text(_ROLE_ARN), True),
    "breakGlassRoleArn": (text(_ROLE_ARN), False),
    "endpoints": (map_of((r"[a-z0-9-]{1,64}", "the name of an AWS service"), _endpoint), True),
}
_GCP = {
    "projectId": (text(_PROJECT_ID), True),
    "projectNumber": (text(_PROJECT_NUMBER), True),
    "region": (text(_GCP_REGION), True),
    "operatorRole": (text(_CUSTOM_ROLE), True),
    "auditorRole": (text(_CUSTOM_ROLE), True),
    "endpoints": (map_of((r"[a-z0-9-]{1,64}", "the name of a Google Cloud service"), _endpoint), True),
}
_CLOUDS = object_of({"aws": (object_of(_AWS), False), "gcp": (object_of(_GCP), False)})


def _clouds(value: object, path: str, mistakes: list[str]) -> None:
    """At least one cloud: an environment without any has no place for its keys."""
    _CLOUDS(value, path, mistakes)
    if value == {}:
        mistakes.append(f"{path}: expected {' or '.join(CLOUDS)}, or both")


DOCUMENT = {
    "format": (text((re.escape(FORMAT), FORMAT)), True),
    "environment": (text(_NAME), True),
    "owner": (text(_LINE), True),
    "escalateAfter": (text(_DURATION), True),
    "clouds": (_clouds, True),
    "firstCloud": (one_of(CLOUDS), False),
    "keys": (map_of(_NAME, object_of(_KEY)), True),
    "consumers": (map_of(_NAME, object_of(_CONSUMER)), True),
    "claudeCodeKey": (text(_NAME), False),
    "vendorEndpoints": (map_of((r"[a-z0-9-]{1,64}", "the name of a vendor"), _endpoint), False),
}


def between_parts(document: ManifestDocument) -> Iterator[str]:
    """What a schema cannot say, of a document whose shape is right: each mistake as `path: what is wrong`.

    A secret of another account or project would send a value to somebody else's store.
    """
    worlds = _worlds(document)
    yield from _one_world(document, worlds)
    if (first := document.get("firstCloud")) is not None and first not in document["clouds"]:
        yield f"firstCloud: {first} is none of the manifest's clouds"
    if (asked := document.get("claudeCodeKey")) is not None and asked not in document["keys"]:
        yield f"claudeCodeKey: there is no key {shown(asked)}{nearest(asked, document['keys'])}"
    yield from about_vendors(document, in_sandbox=all(worlds.values()))
    for name, key in document["keys"].items():
        yield from _stored_in_every_cloud(document, f"keys.{name}", key)
        yield from _stored_here(document, f"keys.{name}", key)
    for name, consumer in document["consumers"].items():
        yield from _reads_from_its_cloud(document, f"consumers.{name}", consumer)
        yield from _route_fits(f"consumers.{name}", consumer)
        for key_name in consumer["keys"]:
            if key_name not in document["keys"]:
                near = nearest(key_name, document["keys"])
                yield f"consumers.{name}.keys: there is no key {shown(key_name)}{near}"


def _worlds(document: ManifestDocument) -> dict[str, bool]:
    """Each cloud, and whether any of its endpoints is a sandbox's."""
    return {
        name: any(url.startswith("http:") for url in cloud["endpoints"].values())  # type: ignore[index]
        for name, cloud in document["clouds"].items()
    }


def _one_world(document: ManifestDocument, worlds: dict[str, bool]) -> Iterator[str]:
    """All endpoints are a sandbox's or none is: what belongs to a real cloud must not go to an emulator."""
    for name, cloud in document["clouds"].items():
        urls = cloud["endpoints"].values()  # type: ignore[index]
        if worlds[name] and not all(url.startswith("http:") for url in urls):
            yield (
                f"clouds.{name}.endpoints: some are a sandbox's (http) and some are not: all or none can be"
            )
    if len(set(worlds.values())) > 1:
        names = sorted(worlds, key=lambda name: not worlds[name])
        yield f"clouds: {names[0]} is a sandbox's and {names[1]} is not: all or none can be"


def _stored_in_every_cloud(document: ManifestDocument, path: str, key: KeyDocument) -> Iterator[str]:
    for cloud in CLOUDS:
        if cloud in document["clouds"] and cloud not in key:
            yield f"{path}.{cloud}: it is missing, and {cloud} is one of the manifest's clouds"
        elif cloud in key and cloud not in document["clouds"]:
            yield f"{path}.{cloud}: it is there, and {cloud} is none of the manifest's clouds"


def _stored_here(document: ManifestDocument, path: str, key: KeyDocument) -> Iterator[str]:
    clouds = document["clouds"]
    if "aws" in clouds and "aws" in key:
        aws, on_aws = clouds["aws"], key["aws"]
        start = f"arn:{aws['partition']}:secretsmanager:{aws['region']}:{aws['accountId']}:secret:"
        if on_aws["arn"][:-7] != start + on_aws["name"]:
            yield (
                f"{path}.aws.arn: it is not the secret {on_aws['name']} in account {aws['accountId']}, "
                f"region {aws['region']}, of this manifest"
            )
    if "gcp" in clouds and "gcp" in key:
        project, on_gcp = clouds["gcp"]["projectId"], key["gcp"]
        if on_gcp["resource"] != f"projects/{project}/secrets/{on_gcp['name']}":
            yield (
                f"{path}.gcp.resource: it is not the secret {on_gcp['name']} in project {project}, "
                "of this manifest"
            )


def _route_fits(path: str, consumer: ConsumerDocument) -> Iterator[str]:
    route = consumer.get("route")
    if not consumer["keys"] and route not in KEYLESS_ROUTES:
        yield f"{path}.keys: expected at least one, or a route that needs none"
    if (route == "federation") != ("identityAudience" in consumer):
        yield f"{path}.identityAudience: it goes with the route federation"


def _reads_from_its_cloud(document: ManifestDocument, path: str, consumer: ConsumerDocument) -> Iterator[str]:
    cloud = consumer.get("cloud", "aws")
    if cloud not in document["clouds"]:
        yield f"{path}.cloud: {cloud} is none of the manifest's clouds"
        return
    if consumer["runtime"] in (GCP_RUNTIMES if cloud == "aws" else AWS_RUNTIMES):
        yield f"{path}.cloud: {consumer['runtime']} is not on {cloud}"
    for name in ("member", "workloadIdentityProvider") if cloud == "aws" else ("roleArn",):
        if name in consumer:
            yield f"{path}.{name}: it is there, and the consumer reads on {cloud}"
    if cloud == "gcp":
        if consumer["policyArns"]:
            yield f"{path}.policyArns: expected an empty list, because the consumer reads on gcp"
        number = document["clouds"]["gcp"]["projectNumber"]
        provider = consumer.get("workloadIdentityProvider", "")
        if provider and not provider.startswith(f"projects/{number}/"):
            yield f"{path}.workloadIdentityProvider: it is not in project {number}, the manifest's own"
