"""Jenkins, with the OpenID Connect Provider plugin: the fields that its trust needs."""

from __future__ import annotations

import re

from keyplan.catalogue import Settings
from keyplan.checks.ci.refs import ref_pattern
from keyplan.checks.fields import Field, Node, Record, list_of, text
from keyplan.checks.services import CLOUD, RuntimeFields
from keyplan.ci_settings import JenkinsSettings

# Names of jobs, and branches, that stand for themselves in an address or are escaped there without doubt.
_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9._@+=, -]*[A-Za-z0-9._@+=,-])?"
_BRANCH = re.compile(r"[A-Za-z0-9._@+=,/#*-]+")
_REQUEST = re.compile(r"(?:PR|MR)-.*")
_HTTPS = r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%-]+)*"


def _branch(node: Node) -> str:
    """A branch of a multibranch project, whose job's address tells it."""
    value = ref_pattern(node)
    if not _BRANCH.fullmatch(value):
        raise node.reject("a name of ASCII letters, digits and `._@+=,/#-`, or a pattern with `*`")
    if _REQUEST.fullmatch(value):
        raise node.reject(
            "names of branches: Jenkins calls the jobs of pull and merge requests PR-… and MR-…"
        )
    return value


def _address(given: str) -> str:
    """`HTTP://Jenkins.Example.com/` -> `https://jenkins.example.com`."""
    host, slash, path = re.sub(r"^https?://", "", given.strip(), flags=re.IGNORECASE).partition("/")
    return f"https://{host.lower()}{slash}{path}".rstrip("/")


def _job(given: str) -> str:
    """`https://jenkins.example.com/job/platform/job/evals/` -> `platform/evals`."""
    path = re.sub(r"^https?://[^/]+", "", given.strip()).strip("/")
    return re.sub(r"(?:^|/)job/", "/", path).strip("/")


def _jenkins(node: Node, record: Record) -> Settings:
    url = record.get("url")
    return JenkinsSettings(
        url=url,
        job=record.get("job"),
        branches=record.get("branches"),
        issuer=record.get("issuer") or f"{url}/oidc",
        audience=record.get("audience"),
        credentials_id=record.get("credentialsId"),
    )


_url = text(_HTTPS, "an address that begins with https://, without a slash at its end", _address, 200)

FIELDS = RuntimeFields(
    (
        Field(
            "url",
            _url,
            "URL",
            "Jenkins' own address, `Jenkins URL` in its system settings",
            "https://jenkins.example.com",
            required=True,
        ),
        Field(
            "job",
            text(rf"{_NAME}(?:/{_NAME})*", "the job's full name, with its folders", _job, 500),
            "FOLDER/…/NAME",
            "the job whose builds may read",
            "platform/evals",
            required=True,
        ),
        Field(
            "branches",
            list_of(_branch, "branches"),
            "list of branches",
            "for a multibranch project: branches whose builds may read; names, or patterns with `*`. Without "
            "them the job is one that has none",
            "[main, release/*]",
            default=[],
        ),
        Field(
            "issuer",
            _url,
            "URL",
            "the address that the id token's page in Jenkins shows, where it is not this one: of a folder, "
            "or of another server that serves the key",
            "https://jenkins.example.com/oidc/job/platform",
            default_text="`url` and `/oidc`",
        ),
        Field(
            "audience",
            text(r"[\x21-\x7e]{1,255}", "the audience, without spaces"),
            "text",
            "what the id token's audience is in Jenkins",
            "sts.amazonaws.com",
            default_text="`sts.amazonaws.com`; on Google Cloud the provider's own name",
        ),
        Field(
            "credentialsId",
            text(r"[A-Za-z0-9_.-]{1,255}", "letters, digits and `_.-`"),
            "text",
            "the id of the credential in Jenkins, for the wiring",
            "keyplan-evals",
            default_text="`keyplan-`, the environment and the consumer",
        ),
        CLOUD,
    ),
    _jenkins,
)
