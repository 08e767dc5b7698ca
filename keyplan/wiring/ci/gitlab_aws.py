"""What GitLab's runner reads from AWS: each key, as the consumer's role.

Source: GitLab Docs, "Use AWS Secrets Manager secrets in GitLab CI/CD" (the three variables, `secret_id`,
`field`, `token`, Runner 18.3) and "CI/CD YAML syntax reference", `secrets:aws_secrets_manager`; GitLab's
schema of pipelines (`version_stage`); checked 2026-11-21.
"""

from __future__ import annotations

import re

from keyplan.manifest.model import Manifest, ManifestConsumer, ManifestKey
from keyplan.routes import Route
from keyplan.wiring.ci.gitlab_reading import FILE_NOTE, IDENTITY, ROTATION_NOTE, Reading
from keyplan.wiring.consumers import admission, keys_of, refused, role_of
from keyplan.wiring.syntax.yaml import Node, Noted, Verbatim

# What the role's trust compares. Source: components/aws/ci/trusts.py gives every issuer's provider this one.
AUDIENCE = "sts.amazonaws.com"
SESSION_NAME_PREFIX_MAX = 40  # RoleSessionName holds 64 characters, and a job's id takes up to 20 of them
_RULES_NOTE = """\
Only what the role's trust accepts. A merge request's own pipeline has no such variable and starts nothing,
and a fork's token names another project. Whoever can push to these branches and tags can read: protect
them."""


def reading(manifest: Manifest, consumer: ManifestConsumer) -> Reading:
    """The variables that the runner looks for, and the secrets.

    Raises:
        UsageError: AWS_REGION is another than that of the keys.
        ManifestError: the consumer has no role, or a key that the manifest lacks.
    """
    keys, here = keys_of(manifest, consumer), manifest.on_aws().region
    region = consumer.env.get("AWS_REGION", here) if consumer.route == Route.BEDROCK else here
    if keys and region != here:
        raise refused(consumer, "AWS_REGION", f"GitLab's runner reads the keys there, and they are in {here}")
    session = re.sub(r"[^A-Za-z0-9_.-]", "-", consumer.name)[:SESSION_NAME_PREFIX_MAX]
    return Reading(
        proof=f"the job proves who it is, and {admission(consumer)}",
        rules_note=_RULES_NOTE,
        audience=AUDIENCE,
        variables={
            "AWS_REGION": region,
            "AWS_ROLE_ARN": role_of(consumer),
            # CloudTrail shows it with every read: it leads back to this job.
            "AWS_ROLE_SESSION_NAME": session + "-$CI_JOB_ID",
        },
        secrets={key.env_var: _secret(key) for key in keys},
    )


def _secret(key: ManifestKey) -> Node:
    place: dict[str, Node] = {
        "secret_id": key.on_aws().arn,
        "field": key.on_aws().json_key,
        "version_stage": Noted(ROTATION_NOTE, "AWSCURRENT"),
    }
    return {
        "aws_secrets_manager": place,
        "token": Verbatim(f"${IDENTITY}"),
        "file": Noted(FILE_NOTE, False),
    }
