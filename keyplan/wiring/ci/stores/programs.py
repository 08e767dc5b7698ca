"""Stores that have a program which reads a value from its standard input: GitHub, GitLab, CircleCI.

Source: cli/cli, pkg/cmd/secret/set/set.go (without --body it reads standard input); GitLab Docs, "glab
variable set" and "glab variable update"; CircleCI-Public/circleci-cli, cmd/context.go (store-secret reads
standard input, and replaces a value); GitLab Docs, "CI/CD variables" (masked, hidden, protected); GitHub
Docs, "Using secrets in GitHub Actions" (forks); checked 2026-11-21.
"""

from __future__ import annotations

import shlex

from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.ci.stores.store import Store, required
from keyplan.wiring.consumers import text_setting

GITLAB = "https://gitlab.com"
_GLAB = """\
store() {{
  printf %s "${{!1}}" | glab variable update "$1" {options} > /dev/null 2>&1 ||
    printf %s "${{!1}}" | glab variable set "$1" {options} --hidden
}}
"""


def github(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """GitHub's secrets: of a deployment environment where the consumer has one, else of the repository."""
    repository = required(consumer, "repository")
    environment = text_setting(consumer, "environment")
    where = ["--repo", repository, *(["--env", environment] if environment else [])]
    readers = (
        f"Jobs of the deployment environment {environment}, whose protection rules decide who starts them."
        if environment
        else "Every workflow on every branch: whoever can push a branch to the repository. Give the\n"
        "consumer an `environment`, whose protection rules decide."
    )
    return Store(
        place=f"the secrets of {repository} on GitHub",
        readers=f"{readers}\n"
        "A pull request from a fork gets none, unless a workflow runs for pull_request_target.",
        use="env: {VARIABLE: ${{ secrets.VARIABLE }}}, at the step that needs it",
        needs="gh, logged in",
        define=f"""\
store() {{
  printf %s "${{!1}}" | gh secret set "$1" {shlex.join(where)}
}}
""",
    )


def gitlab(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """GitLab's CI/CD variables: protected, masked, hidden; `glab` updates one that is there, or sets it."""
    issuer = text_setting(consumer, "issuer") or GITLAB
    project = shlex.quote(f"{issuer.rstrip('/')}/{required(consumer, 'project')}")
    options = f"--repo {project} --protected --masked --raw"
    return Store(
        place=f"the CI/CD variables of {required(consumer, 'project')} at GitLab",
        readers="Jobs of protected branches and tags: whoever can push to one, or merge into it. Merge\n"
        "requests from forks get none. GitLab shows a hidden value to nobody again.",
        use="every job of a protected branch has it",
        needs="glab, logged in as a maintainer",
        define=_GLAB.format(options=options),
    )


def circleci(manifest: Manifest, consumer: ManifestConsumer) -> Store:
    """A context of CircleCI that is named after environment and consumer."""
    organization = shlex.quote(required(consumer, "organizationId"))
    context = shlex.quote(f"{manifest.environment}-{consumer.name}")
    project = required(consumer, "projectId")
    return Store(
        place=f"the context {manifest.environment}-{consumer.name} of CircleCI",
        readers="Every job of the organization that names the context. Make it first, and restrict it to\n"
        f"the project {project}, and by an expression to protected branches:\n"
        f"  circleci context create --org-id {organization} {context}",
        use=f"context: [{manifest.environment}-{consumer.name}], at the job in the workflow",
        needs="circleci, set up with a token of yours",
        define=f"""\
store() {{
  printf %s "${{!1}}" | circleci context store-secret --org-id {organization} {context} "$1"
}}
""",
    )
