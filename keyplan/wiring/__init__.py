"""Wiring: the text with which a consumer finds its keys, one pure module a target.

`wire` gives a command and the stack's output the same bytes: nothing here reads a clock, a file, a cloud or
the environment, and nothing holds a value. A container image, a browser bundle and a mobile app are no
targets: a value there belongs to everybody who has the file (docs/wiring.md).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from keyplan.errors import UsageError
from keyplan.manifest import Manifest, ManifestConsumer
from keyplan.manifest_rules import AWS_RUNTIMES, GCP_RUNTIMES, RUNTIMES
from keyplan.wiring.refusals import REFUSED, refusal

AWS, GCP = "aws", "gcp"


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


NAMES_SHOWN_MAX = 12  # in an error; `--list` shows them all
LAST_RESORT = "ci-secret"  # no choice beside the others: only where a CI's job cannot prove who it is
CLAUDE_ACTION = "claude-code-action"  # not in the stack's output: few of the consumers that it fits are one
PROGRAMS = ("python", "typescript", "curl")  # for every consumer that has a client of Claude's
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


def targets_for(manifest: Manifest, consumer_name: str) -> tuple[str, ...]:
    """The names of the targets that fit a consumer; none where its runtime has no target yet.

    Raises:
        UsageError: the manifest has no such consumer.
    """
    return _fitting(_consumer(manifest, consumer_name))


def wire(manifest: Manifest, consumer_name: str, target: str, pins: Mapping[str, int] | None = None) -> str:
    """One consumer's wiring: text that ends in a line break; the same manifest gives the same bytes.

    Args:
        pins: key name to the number of a version, for those that shall not follow the alias `current`.

    Raises:
        UsageError: no such consumer or target, a target that does not fit the consumer, a variable that the
            target cannot hold, or a pin where there is nothing to pin.
        ManifestError: the manifest lacks what the target needs.
    """
    if consumer_name in TARGETS and target in manifest.consumers and consumer_name not in manifest.consumers:
        raise UsageError(
            "the target comes first, then the consumer", f"keyplan wire {consumer_name} {target}"
        )
    consumer = _consumer(manifest, consumer_name)
    kind = TARGETS.get(target)
    if kind is None or not _suits(kind, consumer):
        raise _no_fit(consumer, target)
    _check_pins(consumer, target, pins or {})
    module = importlib.import_module(kind.module)
    arguments = (manifest, consumer, pins or {}) if kind.names_versions else (manifest, consumer)
    text: str = module.render(*arguments)
    return text


def wire_all(manifest: Manifest) -> tuple[dict[str, dict[str, str]], list[UsageError]]:
    """Every wiring of an environment that its target can hold, and why the others are missing.

    A target that is too small for a consumer's variables is no reason to refuse the consumer its keys: the
    role still reads, and `keyplan wire` says the same when somebody asks for that wiring.

    Returns:
        Consumer -> target -> text, and the failures in the consumers' order.
    """
    wiring: dict[str, dict[str, str]] = {}
    failures: list[UsageError] = []
    for name, consumer in sorted(manifest.consumers.items()):
        wiring[name] = {}
        for target in _in_stack(_fitting(consumer)):
            try:
                wiring[name][target] = wire(manifest, name, target)
            except UsageError as error:
                failures.append(error)
    return wiring, failures


def lacks_target(consumer: ManifestConsumer) -> bool:
    """Whether the place that it runs in has no target yet; those for local work do not count."""
    return consumer.runtime != "people" and not set(_in_stack(_fitting(consumer))) - {"dotenv"}


def could_be_keyless(manifest: Manifest, consumer: ManifestConsumer) -> bool:
    """Whether it has a key of Anthropic's own where its runtime could prove who it is instead."""
    keys = [manifest.keys[name] for name in consumer.keys if name in manifest.keys]
    return consumer.runtime != "people" and any(key.vendor == "anthropic" for key in keys)


def local_targets() -> tuple[str, ...]:
    """The targets for one machine beside dotenv: they fit whatever dotenv fits."""
    others = (LAST_RESORT, CLAUDE_ACTION, *PROGRAMS)
    return tuple(name for name, target in TARGETS.items() if not target.in_stack and name not in others)


def _fitting(consumer: ManifestConsumer) -> tuple[str, ...]:
    return tuple(name for name, target in TARGETS.items() if _suits(target, consumer))


def _suits(target: Target, consumer: ManifestConsumer) -> bool:
    return _is_for(target, consumer) and _has_setting(target, consumer)


def _in_stack(names: Iterable[str]) -> tuple[str, ...]:
    """Without those for one machine, beside dotenv, which messages name for all of them."""
    return tuple(name for name in names if TARGETS[name].in_stack)


def _is_for(target: Target, consumer: ManifestConsumer) -> bool:
    return consumer.runtime in target.runtimes and consumer.cloud in target.clouds


def _has_setting(target: Target, consumer: ManifestConsumer) -> bool:
    return target.setting is None or consumer.settings.get(target.setting[0]) == target.setting[1]


def _check_pins(consumer: ManifestConsumer, target: str, pins: Mapping[str, int]) -> None:
    if pins and (consumer.cloud != GCP or not TARGETS[target].names_versions):
        where = "reads on AWS" if consumer.cloud == AWS else f"gets no version from the target {target}"
        raise UsageError(
            f"only a target of Google Cloud that names versions can pin one, and {consumer.name} {where}",
            f"keyplan wire {target} {consumer.name}",
        )
    for name in pins:
        if name not in consumer.keys:
            raise UsageError(
                f"{consumer.name} reads no such key{_nearest(name, consumer.keys)}",
                f"keyplan wire {target} {consumer.name}",
            )


def _consumer(manifest: Manifest, name: str) -> ManifestConsumer:
    if name in manifest.consumers:
        return manifest.consumers[name]
    raise UsageError(
        f"{manifest.environment} has no such consumer{_nearest(name, manifest.consumers)}",
        "keyplan wire --list",
    )


def _no_fit(consumer: ManifestConsumer, target: str) -> UsageError:
    """Tells apart: a target that nobody knows, a runtime without one, and one for other runtimes."""
    fitting = _in_stack(_fitting(consumer))
    hint = f"keyplan wire {fitting[0]} {consumer.name}" if fitting else "keyplan wire --list"
    if target in REFUSED:
        return refusal(target, consumer.name, fitting)
    runs = f"{consumer.name} has the runtime {consumer.runtime}"
    if lacks_target(consumer) and (target == consumer.runtime or not fitting):
        local = f"; only {', '.join(fitting)} fits it, for local work" if fitting else ""
        return UsageError(f"{runs}, and there is no wiring for {consumer.runtime} yet{local}", hint)
    if target not in TARGETS:
        there = [name for name, known in TARGETS.items() if consumer.cloud in known.clouds]
        # One that fits the consumer is meant before any other.
        near = difflib.get_close_matches(target, _fitting(consumer), n=1)
        near = near or difflib.get_close_matches(target, there, n=1)
        rest = f"did you mean {near[0]}" if near else _fits(fitting)
        return UsageError(f"there is no such target; {rest}", hint)
    needed = TARGETS[target].setting
    if needed and _is_for(TARGETS[target], consumer):
        return UsageError(
            f"the target {target} needs `{needed[0]}: {needed[1]}`, which {consumer.name} does not have; "
            f"{_fits(fitting)}",
            hint,
        )
    fits = ", ".join(_runtimes_for(target, consumer.cloud))
    return UsageError(f"{runs}, and the target {target} is for {fits}; {_fits(fitting)}", hint)


def _runtimes_for(target: str, cloud: str) -> list[str]:
    """The runtimes that a target fits: those that can be in the consumer's cloud, if it has any there."""
    elsewhere = GCP_RUNTIMES if cloud == AWS else AWS_RUNTIMES
    return sorted(TARGETS[target].runtimes.difference(elsewhere) or TARGETS[target].runtimes)


def _fits(fitting: tuple[str, ...]) -> str:
    return f"what fits it: {', '.join(fitting)}" if fitting else "no target fits it yet"


def _nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X`, or all that there is. What was typed is not repeated: it may be a value."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"; did you mean {near[0]}"
    if not names:
        return "; there is none"
    rest = f" and {len(names) - NAMES_SHOWN_MAX} more" if len(names) > NAMES_SHOWN_MAX else ""
    return f"; there is {', '.join(names[:NAMES_SHOWN_MAX])}{rest}"
