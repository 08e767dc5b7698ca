"""Who keeps an old value after another one was promoted, and the command that ends that. Pure.

Owns the rules for each runtime: when it reads, so what has to be started again, if anything. Running a
command is `restarting`. A command is a list of arguments for the `aws`, `gcloud` or `kubectl` of the user;
what is printed is what is run. A name that the catalogue does not have stays a word in capitals, and such a
command is printed only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from keyplan.catalogue import CI_RUNTIMES
from keyplan.endpoints import endpoint_for
from keyplan.stores.aws_credentials import SANDBOX_CREDENTIALS

if TYPE_CHECKING:
    from keyplan.manifest.model import Manifest, ManifestConsumer

# A name becomes an argument of a program: one that begins with a dash would be an option, and `file://` would
# have the AWS CLI send a file. Cluster, service and function names are within this.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
# A kubectl context is an ARN for EKS: `arn:aws:eks:eu-west-1:111122223333:cluster/main`.
_CONTEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,254}")
# Source: Secrets Manager User Guide, "Use AWS Secrets Manager secrets in AWS Lambda functions": the
# extension's SECRETS_MANAGER_TTL is 300 seconds (checked 2026-11-21).
LAMBDA_CACHE_MINUTES = 5


@dataclass(frozen=True)
class Restart:
    """What one consumer needs before it uses the new value.

    Args:
        consumer: its name in the catalogue.
        runtime: what it runs in.
        why: when it reads, in words.
        command: what makes it read again; None where nothing has to be done, or not from here.
        environ: variables that the command needs beside the caller's: the sandbox's.
        is_needed: whether it goes on with the old value until the command is run.
        blanks: words in capitals that stand for names which the catalogue does not have.
        obstacle: why keyplan leaves the command to a person, beside blanks.
    """

    consumer: str
    runtime: str
    why: str
    command: tuple[str, ...] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    is_needed: bool = True
    blanks: tuple[str, ...] = ()
    obstacle: str | None = None

    @property
    def line(self) -> str | None:
        """The command as a shell takes it."""
        if self.command is None:
            return None
        variables = [f"{name}={shlex.quote(text)}" for name, text in self.environ.items()]
        return " ".join([*variables, shlex.join(self.command)])

    @property
    def is_runnable(self) -> bool:
        """Whether `--restart` runs it."""
        return self.command is not None and self.is_needed and not self.blanks and self.obstacle is None

    def to_json(self) -> dict[str, Any]:
        """The entry that commands print for machines, and that an incident record keeps."""
        return {
            "consumer": self.consumer,
            "runtime": self.runtime,
            "why": self.why,
            "command": self.line,
            "needed": self.is_needed and self.command is not None,
            "blanks": list(self.blanks),
        }


def restarts_of(manifest: Manifest, key: str, now: datetime) -> list[Restart]:
    """What each reader of a key needs, in the catalogue's order.

    Args:
        manifest: the environment.
        key: the key's name.
        now: the moment (aware); it makes a Cloud Run service's label new, so that there is a revision.
    """
    return [restart_of(manifest, manifest.consumers[name], now) for name in manifest.readers_of(key)]


def restart_of(manifest: Manifest, consumer: ManifestConsumer, now: datetime) -> Restart:
    """What one consumer needs; a runtime that this keyplan does not know is named as such."""
    if consumer.runtime in _RULES:
        return _RULES[consumer.runtime](manifest, consumer, now)
    if consumer.runtime in CI_RUNTIMES:
        return _unchanged(consumer, "its next job reads the new value; a job that runs now keeps the old one")
    return _unchanged(consumer, "this keyplan does not know when it reads: look after it yourself")


def lines_of(restarts: list[Restart]) -> list[str]:
    """The restarts for a person: a line for each consumer, and its command below it."""
    lines = []
    for restart in restarts:
        lines.append(f"  {restart.consumer} ({restart.runtime}): {restart.why}")
        if restart.line is not None:
            lines.append(f"    {restart.line}")
        if restart.blanks:
            lines.append(f"    fill in {' and '.join(restart.blanks)}")
    return lines


def _unchanged(consumer: ManifestConsumer, why: str) -> Restart:
    return Restart(consumer.name, consumer.runtime, why, is_needed=False)


def _ecs(manifest: Manifest, consumer: ManifestConsumer, _now: datetime) -> Restart:
    names = _Names(consumer)
    cluster, service = names.get("ecsCluster", "CLUSTER"), names.get("ecsService", "SERVICE")
    why = (
        "ECS gives a task the value when the task starts: redeploy, or its tasks keep the old one"
        if consumer.settings.get("readAt", "start") == "start"
        else "its program reads the value by itself: redeploy, unless it reads it anew for every use"
    )
    # Source: Amazon ECS API Reference, UpdateService, forceNewDeployment: new tasks of the same definition
    # (checked 2026-11-21).
    command = (
        "aws", "ecs", "update-service",
        f"--cluster={cluster}", f"--service={service}", "--force-new-deployment",
        f"--region={manifest.on_aws().region}",
    )  # fmt: skip
    return Restart(
        consumer.name, consumer.runtime, why, command, _aws_environ(manifest, "ecs"), blanks=names.blanks
    )


def _lambda(manifest: Manifest, consumer: ManifestConsumer, now: datetime) -> Restart:
    """A function that asks AWS's extension needs nothing, so the command is for the others.

    A change of configuration makes Lambda start new execution environments; the description is the one
    setting that nothing reads. A published version does not change any more.
    Source: Lambda Developer Guide, "Lambda function states" and UpdateFunctionConfiguration (checked
    2026-11-21).
    """
    names = _Names(consumer)
    function = names.get("functionName", "FUNCTION")
    command = (
        "aws", "lambda", "update-function-configuration",
        f"--function-name={function}", f"--description=reads its keys anew since {_stamp(now)}",
        f"--region={manifest.on_aws().region}",
    )  # fmt: skip
    return Restart(
        consumer.name,
        consumer.runtime,
        f"AWS's extension gives it the new value within {LAMBDA_CACHE_MINUTES} minutes; only a function that "
        "keeps the value outside its handler needs this command (it replaces the description, and leaves "
        "published versions alone)",
        command,
        _aws_environ(manifest, "lambda"),
        is_needed=False,
        blanks=names.blanks,
    )


def _eks(manifest: Manifest, consumer: ManifestConsumer, _now: datetime) -> Restart:
    aws = manifest.on_aws()
    cluster = consumer.settings.get("cluster")
    # As `aws eks update-kubeconfig` names a context. It is always named: the same deployment in the cluster
    # that kubectl happens to point to may be another environment's.
    context = f"arn:{aws.partition}:eks:{aws.region}:{aws.account_id}:cluster/{cluster}" if cluster else None
    return _kubernetes(
        consumer,
        "External Secrets renews its Secret within the hour, the CSI driver a mounted file where its "
        "rotation is switched on; a program that read it at its start has it after a restart of the pods",
        context,
        in_sandbox=_is_sandbox(manifest, "aws"),
    )


def _gke(manifest: Manifest, consumer: ManifestConsumer, _now: datetime) -> Restart:
    return _kubernetes(
        consumer,
        "Secret Manager's add-on renews a mounted file within minutes, External Secrets its Secret within "
        "the hour; a program that read the value when it started has it after a restart of the pods",
        None,
        in_sandbox=_is_sandbox(manifest, "gcp"),
    )


def _kubernetes(consumer: ManifestConsumer, why: str, context: str | None, *, in_sandbox: bool) -> Restart:
    names = _Names(consumer)
    given = str(consumer.settings.get("kubeContext") or context or "")
    context = given if _CONTEXT.fullmatch(given) else names.get("kubeContext", "CONTEXT")
    deployment = names.get("deployment", "DEPLOYMENT")
    namespace = names.get("namespace", "NAMESPACE")
    # Source: `kubectl rollout restart --help` (checked 2026-11-21).
    command = (
        "kubectl", "rollout", "restart", f"deployment/{deployment}",
        f"--namespace={namespace}", f"--context={context}",
    )  # fmt: skip
    obstacle = "the sandbox has no Kubernetes cluster" if in_sandbox else None
    return Restart(consumer.name, consumer.runtime, why, command, blanks=names.blanks, obstacle=obstacle)


def _cloud_run(manifest: Manifest, consumer: ManifestConsumer, now: datetime) -> Restart:
    """A revision is made when the template changes, and nothing in it has to: a label is in it too.

    gcloud writes a service's labels into the template, keeps the image that runs (by digest) and gives the
    revision a name of its own. Source: `gcloud run services update --help` and gcloud 528's config changes
    (checked 2026-11-21).
    """
    gcp = manifest.on_gcp()
    names = _Names(consumer)
    service = names.get("serviceName", "SERVICE")
    command = (
        "gcloud", "run", "services", "update", service,
        f"--update-labels=keyplan-restarted={_stamp(now).lower()}",
        f"--region={gcp.region}", f"--project={gcp.project_id}",
    )  # fmt: skip
    return Restart(
        consumer.name,
        consumer.runtime,
        "an instance has the value that was current when it started: a new revision replaces them all "
        "(where traffic is pinned to a revision, move it: gcloud run services update-traffic --to-latest)",
        command,
        blanks=names.blanks,
        obstacle="the sandbox has no Cloud Run" if _is_sandbox(manifest, "gcp") else None,
    )


def _said(why: str) -> Callable[[Manifest, ManifestConsumer, datetime], Restart]:
    return lambda _manifest, consumer, _now: _unchanged(consumer, why)


def _people(_manifest: Manifest, consumer: ManifestConsumer, _now: datetime) -> Restart:
    return _unchanged(
        consumer,
        "`keyplan exec` reads at every start, so what runs now keeps the old value; a dotenv file is written "
        f"anew with: keyplan wire dotenv {consumer.name} --output FILE",
    )


_RULES: Mapping[str, Callable[[Manifest, ManifestConsumer, datetime], Restart]] = {
    "ecs": _ecs,
    "lambda": _lambda,
    "eks": _eks,
    "gke": _gke,
    "cloud-run": _cloud_run,
    "cloud-run-job": _said("its next execution has the new value; one that runs now keeps the old one"),
    "cloud-build": _said("its next build has the new value; one that runs now keeps the old one"),
    "codebuild": _said("its next build has the new value; one that runs now keeps the old one"),
    "ec2": _said("it reads when its unit starts; on the machine: systemctl restart UNIT"),
    "iam-role": _said("whatever has this role reads by itself: restart it, unless it reads for every use"),
    "compute-engine": _said("it reads when its unit starts; on the machine: systemctl restart UNIT"),
    "people": _people,
}


class _Names:
    """The names that a command needs, and the words that stand for those which the catalogue lacks."""

    def __init__(self, consumer: ManifestConsumer) -> None:
        self._settings = consumer.settings
        self._blanks: list[str] = []

    def get(self, setting: str, blank: str) -> str:
        found = self._settings.get(setting)
        if isinstance(found, str) and _NAME.fullmatch(found):
            return found
        self._blanks.append(blank)
        return blank

    @property
    def blanks(self) -> tuple[str, ...]:
        return tuple(self._blanks)


def _aws_environ(manifest: Manifest, service: str) -> dict[str, str]:
    """The variables that lead the AWS CLI to the sandbox; nothing at AWS, where the user's own count."""
    endpoint = endpoint_for(service, manifest.on_aws().endpoints)
    if endpoint is None or not endpoint.is_sandbox:
        return {}
    return {
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": SANDBOX_CREDENTIALS.access_key,
        "AWS_SECRET_ACCESS_KEY": SANDBOX_CREDENTIALS.secret_key,
    }


def _is_sandbox(manifest: Manifest, cloud: str) -> bool:
    place = manifest.on_gcp() if cloud == "gcp" else manifest.on_aws()
    return any(url.startswith("http:") for url in place.endpoints.values())


def _stamp(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
