"""Tokens as each CI signs them: those of a reader's own jobs, and those that its trust should not take. Pure.

Only as facts about the issuers, not about keyplan's trusts: a trust that somebody changed is weighed by the
same tokens as one that keyplan wrote.
Source: GitHub "OpenID Connect reference"; GitLab "OpenID Connect (OIDC) Authentication Using ID Tokens";
CircleCI "Using OpenID Connect tokens in jobs"; Buildkite "OIDC with AWS"; Atlassian "Integrate Pipelines with
resource servers using OIDC"; Pulumi "OIDC Setup for Pulumi Deployments"; Azure DevOps and Jenkins as
docs/aws.md has them; which claims of GitHub's AWS compares: IAM User Guide, "Available keys for AWS OIDC
federation" (all checked 2026-11-21).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.ci_settings import AzurePipelinesSettings, BitbucketSettings, JenkinsSettings
from keyplan.manifest.model import ManifestConsumer

FOREIGN, LOOSE = "foreign-ci", "loose-ci"
STRANGER = "keyplan-stranger"
STS = "sts.amazonaws.com"
_UUID = "00000000-0000-4000-8000-00000000ffff"
_COMMIT = "ab" * 20
Claims = dict[str, str]


@dataclass(frozen=True)
class Token:
    """A token's claims, and whose it is: None for the reader's own job, else a code and words."""

    claims: Mapping[str, str]
    code: str | None = None
    whose: str = ""


@dataclass(frozen=True)
class Issuer:
    """Who signs a consumer's tokens, and examples of them."""

    host: str  # the issuer's address without https://, as condition keys begin with it
    tokens: tuple[Token, ...]


def issuer_of(consumer: ManifestConsumer) -> Issuer | None:
    """The tokens that are about a consumer; None: no token of an OIDC provider makes its reader.

    A manifest whose settings say too little gives None as well.
    """
    build = _BUILDERS.get(consumer.runtime)
    if build is None:
        return None
    try:
        address, audience, tokens = build(consumer.settings)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
    found = [Token({"aud": audience, **token.claims}, token.code, token.whose) for token in tokens]
    own = {tuple(sorted(token.claims.items())) for token in found if token.code is None}
    kept = [each for each in found if each.code is None or tuple(sorted(each.claims.items())) not in own]
    return Issuer(address.removeprefix("https://").rstrip("/"), tuple(kept))


def strangers(host: str) -> Iterator[Claims]:
    """Tokens that no job of the environment's owner could have, of any issuer."""
    for subject in (
        STRANGER,
        f"repo:{STRANGER}/{STRANGER}:ref:refs/heads/main",
        f"repo:{STRANGER}/{STRANGER}:environment:production",
        f"repo:{STRANGER}/{STRANGER}:pull_request",
        f"project_path:{STRANGER}/{STRANGER}:ref_type:branch:ref:main",
        f"organization:{STRANGER}:pipeline:{STRANGER}:ref:refs/heads/main:commit:{_COMMIT}:step:x",
        f"pulumi:deploy:org:{STRANGER}:project:{STRANGER}:stack:prod:operation:update:scope:write",
        f"organization:{STRANGER}:project:{STRANGER}:workspace:{STRANGER}:run_phase:apply",
    ):
        ref = {"ref": "refs/heads/main", "environment": "production"} if host.endswith("github.com") else {}
        yield {"sub": subject, **ref}


Built = tuple[str, str, list[Token]]
Settings = Mapping[str, Any]


def _texts(settings: Settings, name: str) -> list[str]:
    return [str(each) for each in settings.get(name, ())]


def _samples(patterns: Sequence[str]) -> list[str]:
    """One name that each pattern matches."""
    return [pattern.replace("*", "x") for pattern in patterns]


def _other(patterns: Sequence[str]) -> list[str]:
    """A name that no pattern matches, if there is one."""
    return [] if any(fnmatch.fnmatchcase(STRANGER, pattern) for pattern in patterns) else [STRANGER]


# ---- GitHub ---------------------------------------------------------------------------------------------


def _github(settings: Settings) -> Built:
    owner, name = settings["repository"].split("/")
    owner_id, its_id = str(settings.get("repositoryOwnerId", "1")), str(settings["repositoryId"])
    branches, tags = _texts(settings, "branches"), _texts(settings, "tags")
    environment = settings.get("environment")
    refs = [f"refs/heads/{each}" for each in _samples(branches)]
    refs += [f"refs/tags/{each}" for each in _samples(tags)]
    jobs = [(f"ref:{ref}", ref, None) for ref in refs]
    if environment is not None:
        suffix = f"environment:{environment.replace(':', '%3A')}"
        jobs = [(suffix, ref, environment) for ref in refs or ["refs/heads/main"]]
    ours, forked = (owner, owner_id, name, its_id), (STRANGER, "2", name, "2")

    def token(place: tuple[str, ...], job: tuple[str, str, str | None], ids: bool) -> Claims:
        of, of_id, what, what_id = place
        repository = f"{of}@{of_id}/{what}@{what_id}" if ids else f"{of}/{what}"
        within = {} if job[2] is None else {"environment": job[2]}
        claims = {"sub": f"repo:{repository}:{job[0]}", "ref": job[1], **within}
        return {**claims, "repository": f"{of}/{what}", "repository_id": what_id}

    loose: list[tuple[str, tuple[str, str, str | None]]] = [
        ("a pull request", ("pull_request", "refs/pull/1/merge", None)),
        ("another environment", (f"environment:{STRANGER}", jobs[0][1], STRANGER)),
    ]
    for other in _other(branches):
        ref = f"refs/heads/{other}"
        loose.append(("another branch", (f"ref:{ref}", ref, None)))
        if environment is not None and refs:
            loose.append(("its environment from another branch", (jobs[0][0], ref, environment)))
    places = {
        "another owner's repository": [forked, (f"{owner}-{STRANGER}", "2", name, "2")],
        "another repository of its owner": [
            (owner, owner_id, STRANGER, "2"),
            (owner, owner_id, f"{name}-{STRANGER}", "2"),
        ],
        "a new repository of the same name": [(owner, owner_id, name, "2")],
    }
    tokens = []
    for ids in (False, True):
        tokens += [Token(token(ours, job, ids)) for job in jobs]
        tokens += [Token(token(ours, job, ids), LOOSE, what) for what, job in loose]
        for what, others in places.items():
            tokens += [
                Token(token(place, job, ids), FOREIGN, what)
                for place in others
                for job in (*jobs[:1], loose[0][1])
            ]
    return "https://token.actions.githubusercontent.com", STS, tokens


# ---- the others -----------------------------------------------------------------------------------------


def _gitlab(settings: Settings) -> Built:
    project, branches, tags = settings["project"], _texts(settings, "branches"), _texts(settings, "tags")

    def token(path: str, kind: str, ref: str) -> Claims:
        return {"sub": f"project_path:{path}:ref_type:{kind}:ref:{ref}"}

    jobs = [("branch", each) for each in _samples(branches)] + [("tag", each) for each in _samples(tags)]
    group, _, name = project.rpartition("/")
    found = [Token(token(project, *job)) for job in jobs]
    found += [Token(token(project, "branch", each), LOOSE, "another branch") for each in _other(branches)]
    found += [Token(token(project, "tag", each), LOOSE, "another tag") for each in _other(tags)]
    for other in (f"{STRANGER}/{name}", f"{group}/{STRANGER}", f"{project}-{STRANGER}", f"{project}/x"):
        found.append(Token(token(other, *jobs[0]), FOREIGN, "another project"))
    return settings.get("issuer", "https://gitlab.com"), STS, found


def _circleci(settings: Settings) -> Built:
    organization, project = settings["organizationId"], settings["projectId"]
    branches, repository = _texts(settings, "branches"), settings.get("repository", "")

    def token(of: str, origin: str = "", branch: str = "") -> Claims:
        behind = f"/vcs-origin/{origin}/vcs-ref/refs/heads/{branch}" if branch else ""
        return {"sub": f"org/{organization}/project/{of}/user/{_UUID}{behind}"}

    found = [Token(token(project, repository, each)) for each in _samples(branches)]
    if branches:
        found += [
            Token(token(project, repository, each), LOOSE, "another branch") for each in _other(branches)
        ]
        fork = f"github.com/{STRANGER}/x"
        found.append(Token(token(project, fork, _samples(branches)[0]), LOOSE, "a fork"))
        found.append(Token(token(project), LOOSE, "any branch, by the shorter form of the token"))
    else:
        found.append(Token(token(project)))
    branch = (_samples(branches) or ["main"])[0]
    found += [
        Token(each, FOREIGN, "another project") for each in (token(_UUID), token(_UUID, repository, branch))
    ]
    return f"https://oidc.circleci.com/org/{organization}", organization, found


def _buildkite(settings: Settings) -> Built:
    branches = _texts(settings, "branches")

    def token(organization: str, pipeline: str, ref: str) -> Claims:
        return {
            "sub": f"organization:{organization}:pipeline:{pipeline}:ref:{ref}:commit:{_COMMIT}:step:build"
        }

    ours = (settings["organization"], settings["pipeline"])
    refs = [f"refs/heads/{each}" for each in _samples(branches)]
    found = [Token(token(*ours, ref)) for ref in refs]
    loose = {"a pull request": "refs/pull/1/head", "a tag": f"refs/tags/{STRANGER}"}
    for each in _other(branches):
        loose["another branch"] = f"refs/heads/{each}"
    # A fork's branch is `USER:BRANCH`: this user is called as our branch is.
    loose["a fork"] = f"refs/heads/{_samples(branches)[0]}:commit"
    found += [Token(token(*ours, ref), LOOSE, what) for what, ref in loose.items()]
    for other in ((ours[0], STRANGER), (ours[0], f"{ours[1]}-{STRANGER}")):
        found.append(Token(token(*other, refs[0]), FOREIGN, "another pipeline"))
    for organization in (STRANGER, f"{ours[0]}-{STRANGER}"):
        found.append(Token(token(organization, ours[1], refs[0]), FOREIGN, "another organization"))
    return "https://agent.buildkite.com", STS, found


def _bitbucket(settings: Settings) -> Built:
    place = BitbucketSettings(
        settings["workspace"], settings["workspaceId"], settings["repositoryId"], None, None, ()
    )

    def token(repository: str, environment: str | None) -> Claims:
        within = "" if environment is None else f"{{{environment}}}:"
        return {"sub": f"{{{repository}}}:{within}{{{_UUID}}}"}

    ours, environment = settings["repositoryId"], settings["environmentId"]
    return place.issuer, place.audience, [
        Token(token(ours, environment)),
        Token(token(ours, None), LOOSE, "a step without its environment"),
        Token(token(ours, _UUID), LOOSE, "another environment"),
        Token(token(_UUID, environment), FOREIGN, "another repository"),
        Token(token(_UUID, None), FOREIGN, "another repository"),
    ]  # fmt: skip


def _azure(settings: Settings) -> Built:
    organization, project = settings["organization"], settings["project"]
    connection = settings["serviceConnection"]
    place = AzurePipelinesSettings(
        settings["organizationId"], organization, project, connection, None, None, ()
    )
    return place.issuer, "api://AzureADTokenExchange", [
        Token({"sub": f"sc://{organization}/{project}/{connection}"}),
        Token({"sub": f"sc://{organization}/{project}/{STRANGER}"}, LOOSE, "another service connection"),
        Token({"sub": f"p://{organization}/{project}/{STRANGER}"}, LOOSE, "any pipeline of its project"),
        Token({"sub": f"sc://{organization}/{STRANGER}/{connection}"}, FOREIGN, "another project"),
        Token({"sub": f"sc://{organization}/{project}-{STRANGER}/{connection}"}, FOREIGN, "another project"),
        Token({"sub": f"p://{organization}/{STRANGER}/{STRANGER}"}, FOREIGN, "another project"),
    ]  # fmt: skip


def _jenkins(settings: Settings) -> Built:
    branches = tuple(_texts(settings, "branches"))
    url, job = settings["url"], settings["job"]

    def place(name: str) -> JenkinsSettings:
        return JenkinsSettings(url, name, branches, settings.get("issuer", f"{url}/oidc"), None, None)

    ours = place(job)
    found = [Token({"sub": subject.replace("*", "x")}) for subject in ours.subjects]
    if branches:
        found += [Token({"sub": ours.branch_url(each)}, LOOSE, "another branch") for each in _other(branches)]
        found += [Token({"sub": ours.branch_url(each)}, LOOSE, "a pull request") for each in ("PR-1", "MR-1")]
    for other in (STRANGER, f"{job}-{STRANGER}"):
        found.append(Token({"sub": place(other).subjects[0].replace("*", "x")}, FOREIGN, "another job"))
    return ours.issuer, settings.get("audience", STS), found


def _pulumi(settings: Settings) -> Built:
    organization, project, stack = settings["organization"], settings["project"], settings["stack"]
    operations = _texts(settings, "operations")

    def token(operation: str, **changes: str) -> Claims:
        where = {"organization": organization, "project": project, "stack": stack} | changes
        return {
            "sub": f"pulumi:deploy:org:{where['organization']}:project:{where['project']}:stack:"
            f"{where['stack']}:operation:{operation}:scope:write"
        }

    found = [Token(token(each)) for each in operations]
    found += [
        Token(token(each), LOOSE, f"its {each}")
        for each in ("preview", "update", "refresh", "destroy")
        if each not in operations
    ]
    for what in ("organization", "project", "stack"):
        found.append(Token(token(operations[0], **{what: STRANGER}), FOREIGN, f"another {what}"))
        longer = f"{settings[what]}-{STRANGER}"
        found.append(Token(token(operations[0], **{what: longer}), FOREIGN, f"another {what}"))
    return "https://api.pulumi.com/oidc", organization, found


def _irsa(settings: Settings) -> Built:
    namespace, account = settings["namespace"], settings["serviceAccount"]

    def token(of: str, name: str) -> Claims:
        return {"sub": f"system:serviceaccount:{of}:{name}"}

    return settings["oidcIssuer"], STS, [
        Token(token(namespace, account)),
        Token(token(namespace, STRANGER), LOOSE, "another service account"),
        Token(token(STRANGER, account), FOREIGN, "another namespace"),
    ]  # fmt: skip


_BUILDERS: dict[str, Callable[[Settings], Built]] = {
    "github-actions": _github,
    "gitlab-ci": _gitlab,
    "circleci": _circleci,
    "buildkite": _buildkite,
    "bitbucket-pipelines": _bitbucket,
    "azure-pipelines": _azure,
    "jenkins": _jenkins,
    "pulumi-deployments": _pulumi,
    "eks": _irsa,  # with the identity irsa; Pod Identity has no issuer among its settings
}
