"""What tells the jobs of each CI system apart, as the catalogue names it. Pure; part of the catalogue.

Some have an issuer of its own for every workspace, organization or server: their settings say which one.
CodeBuild's, whose builds have a role of their own account and no token, stand with the other runtimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What Jenkins leaves as it is in an address. Source: hudson.Util.rawEncode (checked 2026-11-21).
_KEPT_IN_ADDRESSES = "!$&'()*+,-.=@_"
# What a branch's job has instead of these in its name. Source: NameEncoder of the Branch API plugin (checked
# 2026-11-21).
_ENCODED_IN_NAMES = {character: f"%{ord(character):02X}" for character in "%#/?[]\\"}
# How multibranch projects call the jobs of pull requests (GitHub, Bitbucket, Gitea) and of GitLab's merge
# requests.
JENKINS_REQUESTS = ("PR-*", "MR-*")


@dataclass(frozen=True)
class GithubSettings:
    repository: str  # OWNER/NAME
    repository_id: str  # immutable, decimal
    repository_owner_id: str | None  # immutable, decimal; makes the newer subject form exact
    environment: str | None  # a deployment environment of the repository
    branches: tuple[str, ...]  # names, or patterns with `*`
    tags: tuple[str, ...]


@dataclass(frozen=True)
class GitlabSettings:
    project: str  # GROUP/…/NAME
    branches: tuple[str, ...]
    tags: tuple[str, ...]
    issuer: str  # https://gitlab.com, or a self-managed instance
    project_id: str | None = None  # immutable, decimal; gcp only, and required there


@dataclass(frozen=True)
class CircleciSettings:
    organization_id: str  # UUID
    project_id: str  # UUID
    repository: str | None = None  # HOST/OWNER/NAME, as tokens name it; there if `branches` is
    branches: tuple[str, ...] = ()  # none: every branch of the project


@dataclass(frozen=True)
class BuildkiteSettings:
    organization: str  # slug
    pipeline: str  # slug
    branches: tuple[str, ...]


@dataclass(frozen=True)
class BitbucketSettings:
    workspace: str  # its slug, part of the issuer's address
    workspace_id: str  # UUID, without braces
    repository_id: str  # UUID, without braces
    environment: str | None  # a deployment environment of the repository; there if its id is
    environment_id: str | None  # UUID, without braces
    branches: tuple[str, ...]  # gcp only: names, or patterns with `*`

    @property
    def issuer(self) -> str:
        """Who signs the workspace's tokens."""
        return f"https://api.bitbucket.org/2.0/workspaces/{self.workspace}/pipelines-config/identity/oidc"

    @property
    def audience(self) -> str:
        """What every token of the workspace is for, unless a step asks for something else."""
        return f"ari:cloud:bitbucket::workspace/{self.workspace_id}"


@dataclass(frozen=True)
class AzurePipelinesSettings:
    organization_id: str  # UUID, part of the issuer's address
    organization: str | None  # aws only, with project and service_connection: a token's subject names them
    project: str | None
    service_connection: str | None
    project_id: str | None  # gcp only, with pipeline_id and branches: UUID
    pipeline_id: str | None  # decimal; the `definitionId` in the pipeline's address
    branches: tuple[str, ...]  # names, or patterns with `*`

    @property
    def issuer(self) -> str:
        """Who signs the organization's tokens."""
        return f"https://vstoken.dev.azure.com/{self.organization_id}"


class PulumiOperation(StrEnum):
    """What a deployment of Pulumi Deployments does."""

    UPDATE = "update"
    PREVIEW = "preview"
    REFRESH = "refresh"
    DESTROY = "destroy"


@dataclass(frozen=True)
class PulumiDeploymentsSettings:
    organization: str
    project: str
    stack: str
    operations: tuple[str, ...]  # values of PulumiOperation but `preview`, at least one


@dataclass(frozen=True)
class JenkinsSettings:
    url: str  # Jenkins' own address, https://…, without a slash at its end
    job: str  # full name: `platform/evals`
    branches: tuple[str, ...]  # of a multibranch project; none: a job without branches
    issuer: str  # by default URL/oidc, whose keys Jenkins itself serves
    audience: str | None  # by default what the cloud's own trust wants
    credentials_id: str | None  # of the id token; by default a name made of the consumer's

    @property
    def job_url(self) -> str:
        """The job's address, with a slash at its end, as Jenkins writes it."""
        parts = (f"/job/{_quoted(part)}" for part in self.job.split("/"))
        return f"{self.url}{''.join(parts)}/"

    @property
    def subjects(self) -> tuple[str, ...]:
        """The addresses of the jobs that may read, in which `*` is a wildcard."""
        return tuple(self.branch_url(name) for name in self.branches) or (self.job_url,)

    @property
    def excluded_subjects(self) -> tuple[str, ...]:
        """Those of pull requests, where a pattern of branches could match them."""
        has_pattern = any("*" in name for name in self.branches)
        return tuple(self.branch_url(name) for name in JENKINS_REQUESTS) if has_pattern else ()

    def branch_url(self, pattern: str) -> str:
        """The address of a branch's job, encoded twice: `release/1` is `…/job/release%252F1/`."""
        names = ("".join(_ENCODED_IN_NAMES.get(each, each) for each in part) for part in pattern.split("*"))
        return f"{self.job_url}job/{'*'.join(map(_quoted, names))}/"


def _quoted(name: str) -> str:
    from urllib.parse import quote  # here: most catalogues have no Jenkins

    return quote(name, safe=_KEPT_IN_ADDRESSES)
