"""The trusts of CI runners: which job of which repository may read, as conditions on its token. Pure.

A token's claims are compared, ids that never change hands first; the forms are the issuers' own. A consumer
always names branches, tags or a deployment environment, and jobs for pull or merge requests are refused: a
trust in a whole repository would let the code of anybody's request read the keys.

Google limits `google.subject` to 127 bytes, and refuses the token of a job with a longer one. The issuers'
`sub` can be longer (a branch's name is in it), so the subject is made here: the consumer's name and the job's
run, which is what the audit log then shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from components.gcp.ci import cel
from components.gcp.quotas import (
    ATTRIBUTE_NAME_CHARACTERS,
    AUDIENCE_CHARACTERS,
    CONDITION_CHARACTERS,
    MAPPING_CHARACTERS,
    SUBJECT_BYTES,
    require_room,
)
from keyplan.catalogue import (
    BuildkiteSettings,
    CircleciSettings,
    Consumer,
    GithubSettings,
    GitlabSettings,
)
from keyplan.errors import UsageError
from keyplan.names import attribute_name

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
CIRCLECI_ISSUER = "https://oidc.circleci.com/org/"
BUILDKITE_ISSUER = "https://agent.buildkite.com"
# The longest ids of repositories and runs that are seen today have 11 digits; a UUID has 36 characters.
RUN_CHARACTERS = 36
# Events of GitHub whose code or input is a stranger's: a pull request, from a fork too.
GITHUB_REQUESTS = ("pull_request", "pull_request_target")
# Sources of GitLab's pipelines that run for a merge request.
GITLAB_REQUESTS = ("merge_request_event", "external_pull_request_event")


@dataclass(frozen=True)
class CiIdentity:
    """Who signs a runner's tokens, which of them are accepted, and what they become."""

    issuer: str  # the provider's address, https://…
    audiences: tuple[str, ...]  # the `aud` to accept; none: the provider's own name, which runners ask for
    condition: str  # CEL over `assertion`; always there
    immutable: str  # CEL: the id in the token that this consumer's attribute holds
    immutable_value: str  # the same id, as the catalogue has it
    run: str  # CEL: the id of the job's run, a string

    def mapping(self, consumer: Consumer) -> dict[str, str]:
        """Attribute to expression: the subject, and the one attribute that only this consumer has."""
        name = consumer.lasting_name
        subject = f"{cel.literal(f'{name}:')} + {self.run}"
        return {"google.subject": subject, f"attribute.{attribute_name(name)}": self.immutable}


def ci_identity(consumer: Consumer) -> CiIdentity:
    """The identity of a CI consumer's jobs.

    Raises:
        UsageError: it names no branch, no tag and no deployment environment; or its settings lack an id.
        GoogleQuotaExceeded: the condition, a mapping or a name is longer than Google allows.
        TypeError: the consumer's runtime is no CI provider.
    """
    settings: Any = consumer.settings
    build = _BUILDERS.get(type(settings))
    if build is None:
        raise TypeError(f"consumer {consumer.name} does not run in CI")
    identity = build(consumer, settings)
    _check_sizes(consumer, identity)
    return identity


def _check_sizes(consumer: Consumer, identity: CiIdentity) -> None:
    whose = f"of consumer `{consumer.name}`"
    fewer = f"name fewer branches and tags at consumer `{consumer.name}`, or one pattern with `*`"
    require_room(
        len(identity.condition), CONDITION_CHARACTERS, "characters", f"the attribute condition {whose}", fewer
    )
    shorter = f"give consumer `{consumer.name}` a shorter name"
    name = consumer.lasting_name
    require_room(
        len(attribute_name(name)), ATTRIBUTE_NAME_CHARACTERS, "characters", f"the attribute {whose}", shorter
    )
    subject = len(f"{name}:".encode()) + RUN_CHARACTERS
    require_room(subject, SUBJECT_BYTES, "bytes", f"the subject of tokens {whose}", shorter)
    for expression in identity.mapping(consumer).values():
        require_room(
            len(expression), MAPPING_CHARACTERS, "characters", f"the attribute mapping {whose}", shorter
        )
    for audience in identity.audiences:
        require_room(len(audience), AUDIENCE_CHARACTERS, "characters", f"the audience {whose}", shorter)


def _github(consumer: Consumer, settings: GithubSettings) -> CiIdentity:
    """GitHub: `repository_id` and `repository_owner_id` never change hands, `ref` says what the job runs for.

    A job with a deployment environment has the claim `environment`; without one the claim is missing, and the
    comparison an error, which refuses it. Both given, both are compared.
    Source: GitHub Docs, "OpenID Connect reference" (checked 2026-11-21).
    """
    claims = [cel.equal("assertion.repository_id", settings.repository_id)]
    if settings.repository_owner_id is not None:
        claims.append(cel.equal("assertion.repository_owner_id", settings.repository_owner_id))
    if settings.environment is not None:
        claims.append(cel.equal("assertion.environment", settings.environment))
    refs = [
        *(cel.like("assertion.ref", branch, "refs/heads/") for branch in settings.branches),
        *(cel.like("assertion.ref", tag, "refs/tags/") for tag in settings.tags),
    ]
    if refs:
        claims.append(cel.any_of(refs))
    elif settings.environment is None:
        raise _too_wide(consumer)
    claims.append(cel.none_of("assertion.event_name", GITHUB_REQUESTS))
    return CiIdentity(
        GITHUB_ISSUER,
        (),
        cel.all_of(claims),
        "assertion.repository_id",
        settings.repository_id,
        "assertion.run_id",
    )


def _gitlab(consumer: Consumer, settings: GitlabSettings) -> CiIdentity:
    """GitLab, on gitlab.com or self-managed. A merge request's pipeline runs for its source branch, so that
    its source tells it; a push to a named branch still reads: name protected branches.

    Source: GitLab Docs, "OpenID Connect (OIDC) Authentication Using ID Tokens", token payload; "Predefined
    CI/CD variables", CI_PIPELINE_SOURCE (checked 2026-11-21).
    """
    if settings.project_id is None:
        raise UsageError(
            f"consumer `{consumer.name}` reads on Google Cloud and names no `projectId`",
            f"add the number on the project's page in GitLab to consumer `{consumer.name}`: projectId: '123'",
        )
    kinds = [
        cel.all_of([cel.equal("assertion.ref_type", kind), cel.any_of(_gitlab_refs(names))])
        for kind, names in (("branch", settings.branches), ("tag", settings.tags))
        if names
    ]
    if not kinds:
        raise _too_wide(consumer)
    claims = [
        cel.equal("assertion.project_id", settings.project_id),
        cel.any_of([f"({kind})" for kind in kinds]),
        cel.none_of("assertion.pipeline_source", GITLAB_REQUESTS),
    ]
    return CiIdentity(
        settings.issuer.rstrip("/"),
        (),
        cel.all_of(claims),
        "assertion.project_id",
        settings.project_id,
        "assertion.job_id",
    )


def _gitlab_refs(names: Sequence[str]) -> list[str]:
    return [cel.like("assertion.ref", name) for name in names]


def _circleci(consumer: Consumer, settings: CircleciSettings) -> CiIdentity:
    """CircleCI: one project of one organization, both by id; the audience is the organization's.

    Source: CircleCI Docs, "Using OpenID Connect tokens in jobs": claims `aud`, `sub`
    (org/ORG/project/PROJECT/user/USER) and `oidc.circleci.com/project-id` (checked 2026-11-21).
    """
    project = "assertion['oidc.circleci.com/project-id']"
    begin = f"org/{settings.organization_id}/project/{settings.project_id}/user/"
    return CiIdentity(
        CIRCLECI_ISSUER + settings.organization_id,
        (settings.organization_id,),
        cel.all_of(
            [
                cel.equal(project, settings.project_id),
                f"assertion.sub.startsWith({cel.literal(begin)})",
            ]
        ),
        project,
        settings.project_id,
        # The user who pushed: no claim of the job itself is in every token.
        f"assertion.sub.extract({cel.literal('/user/{user}')})",
    )


def _buildkite(consumer: Consumer, settings: BuildkiteSettings) -> CiIdentity:
    """Buildkite: one pipeline's branches. Ids are in no token that did not ask for them, so the slugs decide.

    A fork's build has `USER:BRANCH` as its branch; nothing here matches a colon in a branch's place.
    Source: Buildkite Docs, "OpenID Connect (OIDC) with Buildkite", claims (checked 2026-11-21).
    """
    if not settings.branches:
        raise _too_wide(consumer)
    pipeline = f"organization:{settings.organization}:pipeline:{settings.pipeline}:ref:refs/heads/"
    subjects = [
        cel.matches(
            "assertion.sub",
            f"{cel.regex_of(pipeline)}{cel.regex_of(branch, '[^:]*')}:commit:[^:]*:step:[^:]*",
        )
        for branch in settings.branches
    ]
    slugs = [
        cel.equal("assertion.organization_slug", settings.organization),
        cel.equal("assertion.pipeline_slug", settings.pipeline),
    ]
    return CiIdentity(
        BUILDKITE_ISSUER,
        (),
        cel.all_of([*slugs, cel.any_of(subjects)]),
        f"assertion.organization_slug + {cel.literal('/')} + assertion.pipeline_slug",
        f"{settings.organization}/{settings.pipeline}",
        "assertion.job_id",
    )


def _too_wide(consumer: Consumer) -> UsageError:
    return UsageError(
        f"consumer `{consumer.name}` names no branch, tag or deployment environment that may read",
        f"add `branches: [main]` to consumer `{consumer.name}`",
    )


_BUILDERS: dict[type, Callable[[Consumer, Any], CiIdentity]] = {
    GithubSettings: _github,
    GitlabSettings: _gitlab,
    CircleciSettings: _circleci,
    BuildkiteSettings: _buildkite,
}
