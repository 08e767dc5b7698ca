"""The trusts of CI runners: which job of which repository may read, as conditions on its token. Pure; a
module for each issuer.

A token's claims are compared, ids that never change hands first; the forms are the issuers' own. A consumer
always names branches, tags or a deployment environment, and jobs for pull or merge requests are refused: a
trust in a whole repository would let the code of anybody's request read the keys.

Google limits `google.subject` to 127 bytes, and refuses the token of a job with a longer one. The issuers'
`sub` can be longer (a branch's name is in it), so the subject is made here: the consumer's name and the job's
run, which is what the audit log then shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.gcp.ci.trusts import (
    azure,
    bitbucket,
    buildkite,
    circleci,
    github,
    gitlab,
    jenkins,
    pulumi_deployments,
)
from components.gcp.ci.trusts.identity import CiIdentity
from components.gcp.quotas import (
    ATTRIBUTE_NAME_CHARACTERS,
    AUDIENCE_CHARACTERS,
    CONDITION_CHARACTERS,
    MAPPING_CHARACTERS,
    SUBJECT_BYTES,
    require_room,
)
from keyplan.catalogue import Consumer
from keyplan.ci_settings import (
    AzurePipelinesSettings,
    BitbucketSettings,
    BuildkiteSettings,
    CircleciSettings,
    GithubSettings,
    GitlabSettings,
    JenkinsSettings,
    PulumiDeploymentsSettings,
)
from keyplan.names import attribute_name

__all__ = ["CiIdentity", "ci_identity"]

# The longest ids of runs that are seen today have 11 digits; a UUID has 36 characters, in braces 38.
RUN_CHARACTERS = 38


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


_BUILDERS: dict[type, Callable[[Consumer, Any], CiIdentity]] = {
    GithubSettings: github.identity,
    GitlabSettings: gitlab.identity,
    CircleciSettings: circleci.identity,
    BuildkiteSettings: buildkite.identity,
    BitbucketSettings: bitbucket.identity,
    AzurePipelinesSettings: azure.identity,
    JenkinsSettings: jenkins.identity,
    PulumiDeploymentsSettings: pulumi_deployments.identity,
}
