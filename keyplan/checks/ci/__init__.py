"""Consumers that are CI runners: the identifiers that each provider's trust needs, a module each.

A trust that names too little lets strangers in, so nothing here has a default but GitLab's public issuer, and
a pattern that every branch matches is refused: who may open a pull request could read the keys.
"""

from __future__ import annotations

from keyplan.catalogue import Runtime
from keyplan.checks.ci import (
    azure,
    bitbucket,
    buildkite,
    circleci,
    github,
    gitlab,
    jenkins,
    pulumi_deployments,
)
from keyplan.checks.services import RuntimeFields

CI_RUNTIME_FIELDS: dict[Runtime, RuntimeFields] = {
    Runtime.GITHUB_ACTIONS: github.FIELDS,
    Runtime.GITLAB_CI: gitlab.FIELDS,
    Runtime.CIRCLECI: circleci.FIELDS,
    Runtime.BUILDKITE: buildkite.FIELDS,
    Runtime.BITBUCKET_PIPELINES: bitbucket.FIELDS,
    Runtime.AZURE_PIPELINES: azure.FIELDS,
    Runtime.JENKINS: jenkins.FIELDS,
    Runtime.PULUMI_DEPLOYMENTS: pulumi_deployments.FIELDS,
}
