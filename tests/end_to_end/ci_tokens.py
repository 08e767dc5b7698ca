"""Tokens as CI providers sign them, for a consumer of a catalogue: those that must be let in, and strangers'.

Written from the providers' documentation (GitHub "OpenID Connect reference", GitLab "OpenID Connect (OIDC)
Authentication Using ID Tokens", CircleCI "Using OpenID Connect tokens in jobs", Buildkite "OIDC", Pulumi
"OIDC Setup for Pulumi Deployments", all checked 2026-11-21) and from the catalogue's own fields as a user
wrote them, never from the trusts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Claims = dict[str, str]
AWS_AUDIENCE = "sts.amazonaws.com"
SOME_OWNER_ID = "4242"
STRANGER_ID = "987654321"
CI_RUNTIMES = ("github-actions", "gitlab-ci", "circleci", "buildkite", "pulumi-deployments")


@dataclass(frozen=True)
class Tokens:
    """Tokens by what they stand for."""

    welcome: dict[str, Claims]
    strangers: dict[str, Claims]


def tokens_for(consumer: Mapping[str, Any]) -> Tokens:
    """Tokens for a CI consumer, given its fields as in the catalogue."""
    build = {
        "github-actions": _github,
        "gitlab-ci": _gitlab,
        "circleci": _circleci,
        "buildkite": _buildkite,
        "pulumi-deployments": _pulumi,
    }
    welcome = dict(build[consumer["runtime"]](consumer))
    return Tokens(welcome, dict(_strangers(consumer, welcome)))


def _sample(pattern: str) -> str:
    """A branch that a pattern allows."""
    return pattern.replace("*", "something")


# ---- GitHub ---------------------------------------------------------------------------------------------


def github_token(consumer: Mapping[str, Any], suffix: str, *, with_ids: bool, **changes: str) -> Claims:
    """A token of the consumer's repository, in the older form of the subject or in the one with ids."""
    owner, name = consumer["repository"].split("/")
    ids = {
        "owner_id": str(consumer.get("repositoryOwnerId", SOME_OWNER_ID)),
        "id": str(consumer["repositoryId"]),
    }
    repository = f"{owner}@{ids['owner_id']}/{name}@{ids['id']}" if with_ids else f"{owner}/{name}"
    claims = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": AWS_AUDIENCE,
        "sub": f"repo:{repository}:{suffix}",
        "repository": f"{owner}/{name}",
        "repository_id": ids["id"],
        "repository_owner": owner,
        "repository_owner_id": ids["owner_id"],
        "ref": suffix.removeprefix("ref:") if suffix.startswith("ref:") else _own_ref(consumer),
        "actor": "somebody",
        "actor_id": "77",
    }
    if suffix.startswith("environment:"):
        claims["environment"] = suffix.removeprefix("environment:").replace("%3A", ":")
    return claims | changes


def _own_ref(consumer: Mapping[str, Any]) -> str:
    if consumer.get("branches"):
        return "refs/heads/" + _sample(consumer["branches"][0])
    return "refs/tags/" + _sample(consumer["tags"][0]) if consumer.get("tags") else "refs/heads/main"


def _github_suffixes(consumer: Mapping[str, Any]) -> list[str]:
    if consumer.get("environment"):
        return ["environment:" + consumer["environment"].replace(":", "%3A")]
    heads = [f"ref:refs/heads/{_sample(branch)}" for branch in consumer.get("branches", ())]
    return heads + [f"ref:refs/tags/{_sample(tag)}" for tag in consumer.get("tags", ())]


def _github(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    for suffix in _github_suffixes(consumer):
        yield f"{suffix}, names", github_token(consumer, suffix, with_ids=False)
        yield f"{suffix}, names and ids", github_token(consumer, suffix, with_ids=True)


def _github_strangers(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    owner, name = consumer["repository"].split("/")
    own = _github_suffixes(consumer)[0]
    other_suffixes = {
        "a pull request": "pull_request",
        "another branch": "ref:refs/heads/stranger",
        "a tag named as a branch": "ref:refs/tags/main",
        "another environment": "environment:stranger",
        "a branch named as an environment": "ref:refs/heads/environment%3Aproduction",
        "nothing at all": "",
    }
    if not own.endswith("something"):  # what a pattern's star stands for may go on
        other_suffixes["a longer name"] = own + "2"
    for with_ids in (False, True):
        form = "names and ids" if with_ids else "names"
        for what, suffix in other_suffixes.items():
            yield f"{what}, {form}", github_token(consumer, suffix, with_ids=with_ids)
        fork = {
            **consumer,
            "repository": f"stranger/{name}",
            "repositoryId": STRANGER_ID,
            "repositoryOwnerId": "66",
        }
        yield f"a fork's pull request, {form}", github_token(fork, "pull_request", with_ids=with_ids)
        yield f"a fork's own job, {form}", github_token(fork, own, with_ids=with_ids)
        for other in (f"{owner}/stranger", f"{owner}/{name}2", f"{owner}2/{name}", f"{owner}/{name}/{name}"):
            if other.count("/") == 1:
                elsewhere = {**consumer, "repository": other, "repositoryId": STRANGER_ID}
                yield f"{other}, {form}", github_token(elsewhere, own, with_ids=with_ids)
        again = {**consumer, "repositoryId": STRANGER_ID}
        yield f"a new repository under the old name, {form}", github_token(again, own, with_ids=with_ids)
        yield (
            f"another repository's id beside our subject, {form}",
            github_token(consumer, own, with_ids=with_ids, repository_id=STRANGER_ID),
        )
    if "repositoryOwnerId" in consumer:
        taken = {**consumer, "repositoryOwnerId": "66"}
        yield "another owner under the old name", github_token(taken, own, with_ids=True)
    if consumer.get("environment") and consumer.get("branches"):
        yield (
            "our environment from another branch",
            github_token(consumer, own, with_ids=False, ref="refs/heads/stranger"),
        )


# ---- the others -----------------------------------------------------------------------------------------


def _gitlab(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    kinds = (("branch", consumer.get("branches", ())), ("tag", consumer.get("tags", ())))
    for kind, ref in ((kind, _sample(ref)) for kind, refs in kinds for ref in refs):
        yield f"{kind} {ref}", gitlab_token(consumer, consumer["project"], kind, ref)


def gitlab_token(consumer: Mapping[str, Any], project: str, kind: str, ref: str) -> Claims:
    """A token of a GitLab project's job."""
    issuer = consumer.get("issuer", "https://gitlab.com")
    subject = f"project_path:{project}:ref_type:{kind}:ref:{ref}"
    return {"iss": issuer, "aud": AWS_AUDIENCE, "sub": subject, "project_path": project, "ref": ref}


def _gitlab_strangers(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    project = consumer["project"]
    ref = _sample([*consumer.get("branches", ()), *consumer.get("tags", ())][0])
    kind, other_kind = ("branch", "tag") if consumer.get("branches") else ("tag", "branch")
    yield "another branch", gitlab_token(consumer, project, kind, "stranger")
    yield "the other kind of ref", gitlab_token(consumer, project, other_kind, ref)
    for other in (f"{project}2", f"{project}/{project}", f"stranger/{project}", "stranger/project"):
        yield f"project {other}", gitlab_token(consumer, other, kind, ref)


def _circleci(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    yield "a user's job", circleci_token(consumer["organizationId"], consumer["projectId"])


def circleci_token(organization: str, project: str) -> Claims:
    """A token of a CircleCI project's job."""
    return {
        "iss": f"https://oidc.circleci.com/org/{organization}",
        "aud": organization,
        "sub": f"org/{organization}/project/{project}/user/00000000-0000-4000-8000-000000000001",
        "oidc.circleci.com/project-id": project,
    }


def _circleci_strangers(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    stranger = "00000000-0000-4000-8000-00000000ffff"
    organization, project = consumer["organizationId"], consumer["projectId"]
    yield "another project", circleci_token(organization, stranger)
    yield "another organization", circleci_token(stranger, project)
    yield (
        "another organization that asks for our audience",
        circleci_token(stranger, project) | {"aud": organization},
    )


def _buildkite(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    for branch in map(_sample, consumer["branches"]):
        yield branch, buildkite_token(consumer["organization"], consumer["pipeline"], f"refs/heads/{branch}")


def buildkite_token(organization: str, pipeline: str, ref: str) -> Claims:
    """A token of a Buildkite pipeline's step."""
    subject = f"organization:{organization}:pipeline:{pipeline}:ref:{ref}:commit:{'ab' * 20}:step:test"
    return {"iss": "https://agent.buildkite.com", "aud": AWS_AUDIENCE, "sub": subject}


def _buildkite_strangers(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    organization, pipeline = consumer["organization"], consumer["pipeline"]
    ref = "refs/heads/" + _sample(consumer["branches"][0])
    yield "another pipeline", buildkite_token(organization, "stranger", ref)
    yield "a pipeline with a longer name", buildkite_token(organization, f"{pipeline}2", ref)
    yield "another organization", buildkite_token("stranger", pipeline, ref)
    yield "another branch", buildkite_token(organization, pipeline, "refs/heads/stranger")
    yield "a tag", buildkite_token(organization, pipeline, ref.replace("heads", "tags"))
    yield "a pull request", buildkite_token(organization, pipeline, "refs/pull/1/head")


def _pulumi(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    for operation in consumer.get("operations", ["update"]):
        yield operation, pulumi_token(consumer, operation)


def pulumi_token(consumer: Mapping[str, Any], operation: str, **changes: str) -> Claims:
    """A token of a stack's deployment."""
    place = {name: consumer[name] for name in ("organization", "project", "stack")} | changes
    organization, stack = place["organization"], f"{place['project']}:stack:{place['stack']}"
    return {
        "iss": "https://api.pulumi.com/oidc",
        "aud": organization,
        "sub": f"pulumi:deploy:org:{organization}:project:{stack}:operation:{operation}:scope:write",
    }


def _pulumi_strangers(consumer: Mapping[str, Any]) -> Iterator[tuple[str, Claims]]:
    own = consumer.get("operations", ["update"])[0]
    yield "a preview of a pull request", pulumi_token(consumer, "preview")
    for what in ("organization", "project", "stack"):
        yield f"another {what}", pulumi_token(consumer, own, **{what: "stranger"})
        yield f"a longer {what}", pulumi_token(consumer, own, **{what: consumer[what] + "2"})


def _strangers(consumer: Mapping[str, Any], welcome: Mapping[str, Claims]) -> Iterator[tuple[str, Claims]]:
    build = {
        "github-actions": _github_strangers,
        "gitlab-ci": _gitlab_strangers,
        "circleci": _circleci_strangers,
        "buildkite": _buildkite_strangers,
        "pulumi-deployments": _pulumi_strangers,
    }
    yield from build[consumer["runtime"]](consumer)
    for what, claims in welcome.items():
        yield f"{what}: another audience", claims | {"aud": "https://github.com/stranger"}
        yield f"{what}: another issuer", claims | {"iss": "https://stranger.example.com"}
        yield f"{what}: shouted", claims | {"sub": claims["sub"].upper()}
        yield f"{what}: something before", claims | {"sub": "x" + claims["sub"]}
        ends_free = consumer["runtime"] in ("circleci", "buildkite") or claims["sub"].endswith("something")
        if not ends_free:  # a user, a step or what a pattern's star stands for may be anything
            yield f"{what}: something behind", claims | {"sub": claims["sub"] + ":x"}
        needed = (
            "iss",
            "aud",
            "sub",
            *(["repository_id"] if consumer["runtime"] == "github-actions" else []),
        )
        for claim in needed:
            yield f"{what}: no {claim}", {name: value for name, value in claims.items() if name != claim}
