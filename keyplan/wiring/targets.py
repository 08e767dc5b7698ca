"""The table of targets, and which of them fit a consumer. Pure; the texts are the targets' own modules'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keyplan.manifest.model import ManifestConsumer
from keyplan.manifest.rules import RUNTIMES

AWS, GCP = "aws", "gcp"
LAST_RESORT = "ci-secret"  # no choice beside the others: only where a CI's job cannot prove who it is
CLAUDE_ACTION = "claude-code-action"  # not in the stack's output: few of the consumers that it fits are one
PROGRAMS = ("python", "typescript", "curl")  # for every consumer that has a client of Claude's


@dataclass(frozen=True)
class Target:
    """One kind of wiring. `module` has `render(manifest, consumer) -> str`.

    Where it names versions, `module` has `render(manifest, consumer, pins) -> str`.
    """

    summary: str
    module: str
    runtimes: frozenset[str]  # of the consumers that it fits
    clouds: frozenset[str]  # where these read
    names_versions: bool = False  # whether `pins` may put a version's number into it, on Google Cloud
    setting: tuple[str, str] | None = None  # which one a consumer needs besides, and its value
    # Whether the stack's output has it. Pulumi writes all outputs with every change of its state, and what is
    # for somebody's own machine is for somebody who has the command.
    in_stack: bool = True


_CLOUD_RUN = frozenset({"cloud-run", "cloud-run-job"})
_SERVICES_AND_PEOPLE = frozenset(
    {"ecs", "lambda", "ec2", "eks", "iam-role", "people", *_CLOUD_RUN, "gke", "compute-engine", "cloud-build"}
)


def _aws(summary: str, module: str, *runtimes: str) -> Target:
    return Target(summary, f"keyplan.wiring.aws.{module}", frozenset(runtimes), frozenset({AWS}))


def _gcp(summary: str, module: str, *runtimes: str) -> Target:
    return Target(summary, f"keyplan.wiring.gcp.{module}", frozenset(runtimes), frozenset({GCP}), True)


def _ci(summary: str, module: str, runtime: str) -> Target:
    return Target(summary, f"keyplan.wiring.ci.{module}", frozenset({runtime}), frozenset({AWS, GCP}), True)


def _local(summary: str, module: str) -> Target:
    # Not for a runner: what is made for a machine outlives its job.
    module = f"keyplan.wiring.local.{module}"
    return Target(summary, module, _SERVICES_AND_PEOPLE, frozenset({AWS, GCP}), in_stack=False)


def _program(summary: str, module: str) -> Target:
    """A sample: what somebody puts into a program, and no configuration that the stack would keep."""
    everywhere = frozenset(RUNTIMES)
    return Target(
        summary, f"keyplan.wiring.programs.{module}", everywhere, frozenset({AWS, GCP}), in_stack=False
    )


TARGETS = {
    "ecs": _aws("part of an ECS task definition (JSON)", "ecs", "ecs"),
    "lambda": _aws("part of a Lambda configuration (JSON)", "lambda_function", "lambda"),
    "lambda-extension": _aws(
        "a Lambda function with AWS's extension, which caches (CloudFormation)", "lambda_extension", "lambda"
    ),
    "eks": _aws("files for a pod, by the Secrets Store CSI driver (YAML)", "eks", "eks"),
    "eks-external-secrets": replace(
        _aws("variables for a pod, by External Secrets (YAML)", "eks_external_secrets", "eks"),
        setting=("identity", "irsa"),
    ),
    "ec2": _aws("a drop-in for a service of systemd", "ec2", "ec2"),
    "iam-role": _aws("role and variables for any place (JSON)", "iam_role", "iam-role"),
    "codebuild": _aws("a buildspec for AWS CodeBuild (YAML)", "codebuild", "codebuild"),
    "cloud-run": _gcp("part of a Cloud Run service or job, with variables (YAML)", "cloud_run", *_CLOUD_RUN),
    "cloud-run-volume": _gcp(
        "part of a Cloud Run service or job, with files (YAML)", "cloud_run_volume", *_CLOUD_RUN
    ),
    "gke": _gcp("files for a pod, by GKE's Secret Manager add-on (YAML)", "gke", "gke"),
    "gke-external-secrets": _gcp(
        "variables for a pod, by External Secrets (YAML)", "external_secrets", "gke"
    ),
    "compute-engine": _gcp("a start script for a virtual machine (sh)", "compute_engine", "compute-engine"),
    "cloud-build": _gcp("part of a Cloud Build configuration (YAML)", "cloud_build", "cloud-build"),
    "github-actions": Target(
        "a workflow for GitHub Actions (YAML)",
        "keyplan.wiring.github.workflow",
        frozenset({"github-actions"}),
        frozenset({AWS, GCP}),
        True,
    ),
    CLAUDE_ACTION: Target(
        "a workflow with Claude Code's own action (YAML)",
        "keyplan.wiring.github.claude_action",
        frozenset({"github-actions"}),
        frozenset({AWS, GCP}),
        True,
        in_stack=False,
    ),
    "gitlab-ci": _ci("a job for GitLab CI (YAML)", "gitlab", "gitlab-ci"),
    "circleci": _ci("a configuration for CircleCI (YAML)", "circleci", "circleci"),
    "buildkite": _ci("a pipeline for Buildkite (YAML)", "buildkite", "buildkite"),
    "bitbucket-pipelines": _ci("a pipeline for Bitbucket (YAML)", "bitbucket", "bitbucket-pipelines"),
    "azure-pipelines": _ci("a pipeline for Azure Pipelines (YAML)", "azure", "azure-pipelines"),
    "jenkins": _ci("a Jenkinsfile for Jenkins (Groovy)", "jenkins", "jenkins"),
    "pulumi-deployments": _ci(
        "settings of a stack for Pulumi Deployments (YAML)", "pulumi_deployments", "pulumi-deployments"
    ),
    LAST_RESORT: Target(
        "a script that copies keys into the CI's own secret store: the last resort (bash)",
        "keyplan.wiring.ci.ci_secret",
        frozenset(
            {"github-actions", "gitlab-ci", "circleci", "buildkite"}
            | {"bitbucket-pipelines", "azure-pipelines", "jenkins"}
        ),
        frozenset({AWS, GCP}),
        in_stack=False,
    ),
    "claude-code": Target(
        "settings of Claude Code for a person (JSON)",
        "keyplan.wiring.claude.settings",
        frozenset({"people"}),
        frozenset({AWS, GCP}),
    ),
    # Not for a runner: a file with values outlives its job.
    "dotenv": Target(
        "variables for local work", "keyplan.wiring.dotenv", _SERVICES_AND_PEOPLE, frozenset({AWS, GCP})
    ),
    "shell": _local("commands for eval in a shell (sh)", "shell"),
    "powershell": _local("commands for Invoke-Expression (PowerShell)", "powershell"),
    "direnv": _local("an .envrc for direnv (bash)", "direnv"),
    "compose": _local("a file for Docker Compose, beside compose.yaml (YAML)", "compose"),
    "systemd": _local("a drop-in for a service of systemd on any host", "systemd"),
    "devcontainer": _local("part of a devcontainer.json (JSON)", "devcontainer"),
    "vscode": _local("settings for the terminals of VS Code (JSON)", "vscode"),
    "python": _program("a program with Anthropic's SDK (Python)", "python"),
    "typescript": _program("a program with Anthropic's SDK (TypeScript)", "typescript"),
    "curl": _program("a script that sends one message (sh)", "curl"),
}


def local_targets() -> tuple[str, ...]:
    """The targets for one machine beside dotenv: they fit whatever dotenv fits."""
    others = (LAST_RESORT, CLAUDE_ACTION, *PROGRAMS)
    return tuple(name for name, target in TARGETS.items() if not target.in_stack and name not in others)


def lacks_target(consumer: ManifestConsumer) -> bool:
    """Whether the place that it runs in has no target yet; those for local work do not count."""
    return consumer.runtime != "people" and not set(in_stack(fitting(consumer))) - {"dotenv"}


def fitting(consumer: ManifestConsumer) -> tuple[str, ...]:
    """The names of those that fit a consumer."""
    return tuple(name for name, target in TARGETS.items() if suits(target, consumer))


def suits(target: Target, consumer: ManifestConsumer) -> bool:
    """Whether a target fits a consumer."""
    return is_for(target, consumer) and _has_setting(target, consumer)


def in_stack(names: Iterable[str]) -> tuple[str, ...]:
    """Without those for one machine, beside dotenv, which messages name for all of them."""
    return tuple(name for name in names if TARGETS[name].in_stack)


def is_for(target: Target, consumer: ManifestConsumer) -> bool:
    """Whether it fits the place that a consumer runs in and the cloud that it reads in."""
    return consumer.runtime in target.runtimes and consumer.cloud in target.clouds


def _has_setting(target: Target, consumer: ManifestConsumer) -> bool:
    return target.setting is None or consumer.settings.get(target.setting[0]) == target.setting[1]
