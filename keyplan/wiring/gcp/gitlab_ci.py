"""The GitLab CI target: one job whose runner trades the job's identity token for the keys.

The runner puts the values, masked, into the job's environment. GitLab has no smaller unit than a job: keep
the job small. GitLab Premium and Ultimate have `secrets`; docs/wiring-gcp.md says what to do without.

Source: GitLab Docs, "Use GCP Secret Manager secrets in GitLab CI/CD" (the three variables, `aud`, `token`),
"CI/CD YAML syntax reference" (`secrets:file` is true by default, `variables:expand`, `rules:if`), "Use
CI/CD variables" (prefixes of its own); Ci::Secrets::Integration and BuildRunnerPresenter of GitLab, which
take the three from the job's variables; checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from keyplan.errors import ManifestError
from keyplan.manifest import Manifest, ManifestConsumer
from keyplan.wiring.consumers import list_setting, refused, require_distinct
from keyplan.wiring.gcp.reader import KeyVersion, Provider, plain_of, provider_of, versions_of
from keyplan.wiring.syntax.yaml import Node, Noted, Verbatim, comment
from keyplan.wiring.syntax.yaml import render as render_yaml

IDENTITY = "KEYPLAN_ID_TOKEN"
PROJECT_NUMBER = "GCP_PROJECT_NUMBER"
POOL = "GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID"
PROVIDER = "GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID"
OWN_PREFIXES = ("CI_", "GITLAB_")
# Names that mean something else at the top of .gitlab-ci.yml. Source: "CI/CD YAML syntax reference", "Global
# keywords" and "Unavailable names for jobs" (checked 2026-11-21).
RESERVED_NAMES = frozenset(
    {"image", "services", "stages", "types", "before_script", "after_script", "variables", "cache", "include"}
    | {"default", "workflow", "spec", "component", "pages", "true", "false", "nil"}
)
_RULES_NOTE = """\
Only what the provider's condition accepts, and never a merge request: the condition refuses its token.
Protect these branches and tags, so that not everybody can push to them."""
_VARIABLES_NOTE = (
    "The first three tell the runner where to trade the token; GitLab knows them by these names."
)
_SECRETS_NOTE = "The values are variables of this job alone, masked in its log."
_ROTATION = "Read when a job starts: the next job has what `keyplan put` stored."
_PINNED = "Pinned: after `keyplan put`, name the new version here."


def render(manifest: Manifest, consumer: ManifestConsumer, pins: Mapping[str, int]) -> str:
    """The job, for the project's .gitlab-ci.yml.

    Raises:
        UsageError: a variable that GitLab sets itself.
        ManifestError: no provider, no branch and no tag, or two variables of one name.
    """
    versions, provider = versions_of(manifest, consumer, pins), provider_of(consumer)
    own = [PROJECT_NUMBER, POOL, PROVIDER, IDENTITY]
    require_distinct(consumer, [*own, *consumer.env, *(version.env_var for version in versions)])
    secrets: dict[str, Node] = {version.env_var: _secret(version) for version in versions}
    job: dict[str, Node] = {
        "rules": Noted(_RULES_NOTE, _rules(consumer)),
        "variables": Noted(_VARIABLES_NOTE, _variables(consumer, provider)),
        "id_tokens": {IDENTITY: {"aud": provider.audience}},
        "secrets": Noted(_SECRETS_NOTE, secrets),
        "script": Noted(
            "Replace it by your program.", [f'test -n "${version.env_var}"' for version in versions]
        ),
    }
    heading = (
        f"Keys of {consumer.name} in {manifest.environment}, for GitLab CI.\n"
        "No value and no cloud key is stored there: the job proves who it is, and Google Cloud lets it read."
    )
    return "\n".join(comment(heading)) + "\n" + render_yaml({_job_name(consumer.name): job})


def _secret(version: KeyVersion) -> Node:
    place: Node = {
        "name": version.secret,
        "version": Noted(_PINNED if version.is_pinned else _ROTATION, version.version),
    }
    note = "The variable is the value; GitLab's default is the path of a file."
    return {"gcp_secret_manager": place, "token": Verbatim(f"${IDENTITY}"), "file": Noted(note, False)}


def _variables(consumer: ManifestConsumer, provider: Provider) -> dict[str, Node]:
    variables: dict[str, Node] = {
        PROJECT_NUMBER: provider.project_number,
        POOL: provider.pool,
        PROVIDER: provider.provider,
    }
    for name, value in plain_of(consumer).items():
        if name.startswith(OWN_PREFIXES):
            raise refused(consumer, name, "GitLab sets the variables of that prefix itself")
        # GitLab replaces `$NAME` in a value unless it is told not to.
        variables[name] = {"value": value, "expand": False} if "$" in value else value
    return variables


def _rules(consumer: ManifestConsumer) -> list[Node]:
    kinds = (("$CI_COMMIT_BRANCH", "branches"), ("$CI_COMMIT_TAG", "tags"))
    rules: list[Node] = [
        {"if": _condition(variable, name)}
        for variable, kind in kinds
        for name in list_setting(consumer, kind)
    ]
    if not rules:
        raise ManifestError(f"consumers.{consumer.name}.settings: no branch or tag to run for")
    return rules


def _condition(variable: str, pattern: str) -> str:
    """A name or a pattern with `*`, which matches a slash too, as GitLab's comparison."""
    if re.fullmatch(r"[A-Za-z0-9._/-]+", pattern):
        return f'{variable} == "{pattern}"'
    parts = (re.sub(r"[^A-Za-z0-9_-]", r"\\\g<0>", part) for part in pattern.split("*"))
    return f"{variable} =~ /^{'.*'.join(parts)}$/"


def _job_name(name: str) -> str:
    return f"{name}-job" if name in RESERVED_NAMES else name
