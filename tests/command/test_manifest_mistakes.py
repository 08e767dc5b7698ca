"""Every mistake of a manifest is said, with its place."""

from __future__ import annotations

import pytest

from keyplan.manifest.checking import check
from keyplan.manifest.rules import RUNTIMES
from tests.command.environments import ACCOUNT, GCP_PROJECT, PROJECT_NUMBER, REGION
from tests.command.manifest_documents import ARN, BOTH, VENDORS, Change, changed

MISTAKES: dict[str, tuple[Change, list[str]]] = {
    "a field that does not exist": (
        lambda document: document.update(ownr="x"),
        ["ownr: there is no such field; did you mean owner"],
    ),
    "a field that is missing": (lambda document: document.pop("owner"), ["owner: it is missing"]),
    "two at once, in the order of the document": (
        lambda document: (
            document.update(environment=3),
            document["keys"]["anthropic"].update(grace="7 days"),
        ),
        [
            "environment: expected a name of letters, digits, `-`, `_` and `.`; found a number",
            "keys.anthropic.grace: expected a whole number and h, d or w, as in `90d`",
        ],
    ),
    "a key that no one has": (
        lambda document: document["consumers"]["evals"].update(keys=["antropic"]),
        ["consumers.evals.keys: there is no key antropic; did you mean anthropic"],
    ),
    "a secret of another account": (
        lambda document: document["keys"]["anthropic"]["aws"].update(arn=ARN.replace(ACCOUNT, "9" * 12)),
        [
            f"keys.anthropic.aws.arn: it is not the secret dev/anthropic-api-key in account {ACCOUNT}, "
            f"region {REGION}, of this manifest"
        ],
    ),
    "a secret of another name": (
        lambda document: document["keys"]["anthropic"]["aws"].update(name="dev/other"),
        [
            f"keys.anthropic.aws.arn: it is not the secret dev/other in account {ACCOUNT}, "
            f"region {REGION}, of this manifest"
        ],
    ),
    "plain http to another machine": (
        lambda document: document["clouds"]["aws"].update(endpoints={"sts": "http://10.0.0.1"}),
        [
            "clouds.aws.endpoints.sts: plain http is for this machine only (127.0.0.1, [::1] or localhost): "
            "use https"
        ],
    ),
    "a sandbox beside a real cloud": (
        lambda document: document["clouds"]["aws"]["endpoints"].update(
            sts="https://sts.eu-west-1.amazonaws.com"
        ),
        ["clouds.aws.endpoints: some are a sandbox's (http) and some are not: all or none can be"],
    ),
    "a list where an object belongs": (
        lambda document: document.update(keys=[]),
        ["keys: expected an object; found a list"],
    ),
    "a runtime that does not exist": (
        lambda document: document["consumers"]["evals"].update(runtime="cron"),
        [f"consumers.evals.runtime: expected one of {', '.join(RUNTIMES)}"],
    ),
    "a regular expression that is none": (
        lambda document: document["keys"]["anthropic"].update(format="("),
        ["keys.anthropic.format: it is not a regular expression that Python accepts"],
    ),
    "a value where a name belongs is not repeated": (
        lambda document: document["consumers"]["evals"]["env"].update({"sk-ant-whatever": "x"}),
        [
            "consumers.evals.env: the field (a name of 15 characters) is not the name of an environment "
            "variable"
        ],
    ),
}
BETWEEN_VENDORS: dict[str, tuple[Change, list[str]]] = {
    "a gateway without its address": (
        lambda document: (document["keys"]["gateway"].pop("baseUrl"), document["consumers"].pop("evals")),
        ["keys.gateway.baseUrl: it is missing, and the key's vendor is gateway"],
    ),
    "another address in a consumer's wiring than in the key": (
        lambda document: document["keys"]["gateway"].update(baseUrl="https://evil.example"),
        ["consumers.evals.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key"],
    ),
    "a token without its address in the wiring": (
        lambda document: document["consumers"]["evals"].update(env={}),
        ["consumers.evals.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key"],
    ),
    "fields of other vendors": (
        lambda document: (
            document["keys"]["anthropic"].update(baseUrl="https://evil.example"),
            document["keys"]["gateway"].update(workspace="wrkspc_1", checkUrl="https://evil.example"),
            document["keys"]["generic"].update(organization="1f0e4b1c-3a59-4e61-8c2d-1b2a3c4d5e6f"),
        ),
        [
            "keys.anthropic.baseUrl: it is there, and the key's vendor is anthropic",
            "keys.gateway.workspace: it is there, and the key's vendor is gateway",
            "keys.gateway.checkUrl: it is there, and the key's vendor is gateway",
            "keys.generic.organization: it is there, and the key's vendor is generic",
            "consumers.chat-api.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key",
        ],
    ),
    "a header for an address that is not there": (
        lambda document: document["keys"]["generic"].pop("checkUrl"),
        ["keys.generic.checkUrl: it is missing, and checkHeader is there"],
    ),
    "a sandbox's vendor beside a real cloud": (
        lambda document: document["clouds"]["aws"].update(endpoints={}),
        ["vendorEndpoints.anthropic: it is a sandbox's (http), and the clouds are not: use https"],
    ),
    "addresses of other forms": (
        lambda document: (
            document["keys"]["gateway"].update(baseUrl="https://user@llm.example.com"),
            document["keys"]["generic"].update(checkUrl="http://llm.example.com/x"),
            document["vendorEndpoints"].update(anthropic="https://a.example/path"),
        ),
        [
            "keys.gateway.baseUrl: expected https://HOST, with or without a path, without a slash at its "
            "end, a query or a user, of at most 256 characters",
            "keys.generic.checkUrl: plain http is for this machine only (127.0.0.1, [::1] or localhost): "
            "use https",
            "vendorEndpoints.anthropic: expected https://HOST, or http://127.0.0.1:PORT for a sandbox, "
            "without a path",
        ],
    ),
    "ids of other forms": (
        lambda document: document["keys"]["anthropic"].update(
            organization="1F0E4B1C-3A59-4E61-8C2D-1B2A3C4D5E6F", workspace="default"
        ),
        [
            "keys.anthropic.organization: expected a UUID in lower case",
            "keys.anthropic.workspace: expected the id of a workspace, as in `wrkspc_…`",
        ],
    ),
    "a field misspelt": (
        lambda document: document["keys"]["generic"].update(checkURL="https://a.example"),
        ["keys.generic.checkURL: there is no such field; did you mean checkUrl"],
    ),
    "a vendor that this keyplan does not know": (
        lambda document: document["keys"]["generic"].update(vendor="later", baseUrl="https://a.example"),
        [],
    ),
}
BETWEEN_CLOUDS: dict[str, tuple[Change, list[str]]] = {
    "no cloud at all": (
        lambda document: document.update(clouds={}),
        ["clouds: expected aws or gcp, or both"],
    ),
    "a cloud that does not exist": (
        lambda document: document["clouds"].update(gpc={}),
        ["clouds.gpc: there is no such field; did you mean gcp"],
    ),
    "a key that one cloud lacks": (
        lambda document: document["keys"]["anthropic"].pop("gcp"),
        ["keys.anthropic.gcp: it is missing, and gcp is one of the manifest's clouds"],
    ),
    "a key in a cloud that is none of the manifest's": (
        lambda document: (
            document["clouds"].pop("gcp"),
            document.pop("firstCloud"),
            document.update(consumers={}),
        ),
        ["keys.anthropic.gcp: it is there, and gcp is none of the manifest's clouds"],
    ),
    "a secret of another project": (
        lambda document: document["keys"]["anthropic"]["gcp"].update(
            resource="projects/other-project/secrets/dev-anthropic-api-key"
        ),
        [
            "keys.anthropic.gcp.resource: it is not the secret dev-anthropic-api-key in project "
            f"{GCP_PROJECT}, of this manifest"
        ],
    ),
    "a secret of another name": (
        lambda document: document["keys"]["anthropic"]["gcp"].update(name="dev-other"),
        [
            f"keys.anthropic.gcp.resource: it is not the secret dev-other in project {GCP_PROJECT}, "
            "of this manifest"
        ],
    ),
    "a project's number where its id belongs": (
        lambda document: document["clouds"]["gcp"].update(projectId=PROJECT_NUMBER),
        ["clouds.gcp.projectId: expected the id of a Google Cloud project, as in `example-prod`"],
    ),
    "a sandbox beside a real cloud": (
        lambda document: document["clouds"]["gcp"].update(endpoints={}),
        ["clouds: aws is a sandbox's and gcp is not: all or none can be"],
    ),
    "a real cloud beside a sandbox": (
        lambda document: document["clouds"]["aws"].update(endpoints={}),
        ["clouds: gcp is a sandbox's and aws is not: all or none can be"],
    ),
    "a sandbox and a real host in one cloud": (
        lambda document: document["clouds"]["gcp"]["endpoints"].update(sts="https://sts.googleapis.com"),
        ["clouds.gcp.endpoints: some are a sandbox's (http) and some are not: all or none can be"],
    ),
    "a first cloud that is none of the manifest's": (
        lambda document: (
            document["clouds"].pop("gcp"),
            document["keys"]["anthropic"].pop("gcp"),
            document.update(consumers={}),
        ),
        ["firstCloud: gcp is none of the manifest's clouds"],
    ),
    "a consumer of a cloud that is none of the manifest's": (
        lambda document: (document["clouds"].pop("aws"), document["keys"]["anthropic"].pop("aws")),
        [
            "consumers.chat-api.cloud: aws is none of the manifest's clouds",
            "consumers.evals.cloud: aws is none of the manifest's clouds",
        ],
    ),
    "a runtime of the other cloud": (
        lambda document: (
            document["consumers"]["evals"].update(runtime="gke"),
            document["consumers"]["research"].update(runtime="lambda"),
        ),
        [
            "consumers.evals.cloud: gke is not on aws",
            "consumers.research.cloud: lambda is not on gcp",
        ],
    ),
    "principals of the other cloud": (
        lambda document: (
            document["consumers"]["evals"].update(member="group:ml@example.com"),
            document["consumers"]["nightly"].update(
                roleArn=f"arn:aws:iam::{ACCOUNT}:role/x", policyArns=[f"arn:aws:iam::{ACCOUNT}:policy/x"]
            ),
        ),
        [
            "consumers.evals.member: it is there, and the consumer reads on aws",
            "consumers.nightly.roleArn: it is there, and the consumer reads on gcp",
            "consumers.nightly.policyArns: expected an empty list, because the consumer reads on gcp",
        ],
    ),
    "everybody as a reader": (
        lambda document: document["consumers"]["crawler"].update(member="allUsers"),
        [
            "consumers.crawler.member: expected an IAM member, as in "
            "`serviceAccount:NAME@PROJECT.iam.gserviceaccount.com` or `principalSet://…`"
        ],
    ),
    "a provider of another project": (
        lambda document: document["consumers"]["nightly"].update(
            workloadIdentityProvider=document["consumers"]["nightly"]["workloadIdentityProvider"].replace(
                PROJECT_NUMBER, "99"
            )
        ),
        [
            f"consumers.nightly.workloadIdentityProvider: it is not in project {PROJECT_NUMBER}, "
            "the manifest's own"
        ],
    ),
}


@pytest.mark.parametrize(("change", "expected"), MISTAKES.values(), ids=MISTAKES.keys())
def test_each_mistake_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change)) == expected


@pytest.mark.parametrize(("change", "expected"), BETWEEN_CLOUDS.values(), ids=BETWEEN_CLOUDS.keys())
def test_each_mistake_between_clouds_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change, BOTH)) == expected


@pytest.mark.parametrize(("change", "expected"), BETWEEN_VENDORS.values(), ids=BETWEEN_VENDORS.keys())
def test_each_mistake_about_a_vendor_is_said_with_its_path(change: Change, expected: list[str]) -> None:
    assert check(changed(change, VENDORS)) == expected
