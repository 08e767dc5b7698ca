"""What the sandbox prints: changes in a person's words, and what to try next. Pure, but for `say`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from keyplan.cli.output import say as tell
from sandbox.project import STACK
from sandbox.stored import StoredKey

NAMES_SHOWN = 8
# Kinds of change in the order in which they are told.
KINDS = {
    "created": "created",
    "adopted": "found and adopted",
    "updated": "changed",
    "replaced": "replaced",
    "deleted": "removed",
    "forgotten": "given up, and left as it is",
    "kept": "kept",
}
# Type -> singular and plural, in the order in which they are told; all others are parts of one of these.
CLOUDS = ("aws:", "gcp:")
WORDS = {
    "aws:secretsmanager/secret:Secret": ("secret", "secrets"),
    "aws:kms/key:Key": ("encryption key", "encryption keys"),
    "aws:iam/role:Role": ("role", "roles"),
    "aws:iam/policy:Policy": ("policy", "policies"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("CI identity provider", "CI identity providers"),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("pod identity", "pod identities"),
    "aws:lambda/function:Function": ("function", "functions"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("alarm", "alarms"),
    "aws:cloudwatch/eventRule:EventRule": ("event rule", "event rules"),
    "aws:sns/topic:Topic": ("topic", "topics"),
    "gcp:secretmanager/secret:Secret": ("Google secret", "Google secrets"),
    "gcp:serviceaccount/account:Account": ("service account", "service accounts"),
    "gcp:projects/iAMCustomRole:IAMCustomRole": ("custom role", "custom roles"),
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": (
        "workload identity pool",
        "workload identity pools",
    ),
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": (
        "provider of the pool",
        "providers of the pool",
    ),
    "gcp:cloudfunctionsv2/function:Function": ("Cloud Run function", "Cloud Run functions"),
    "gcp:cloudscheduler/job:Job": ("scheduled job", "scheduled jobs"),
    "gcp:monitoring/alertPolicy:AlertPolicy": ("alert policy", "alert policies"),
    "gcp:monitoring/notificationChannel:NotificationChannel": (
        "notification channel",
        "notification channels",
    ),
}
ADMIN = "anthropic-admin"
PUTS_SHOWN = 3
# Whose keys the sandbox's own vendor makes, and the option that says which.
CONSOLE_OPTIONS = {"anthropic": "", ADMIN: " --admin", "gateway": " --gateway"}
# What the program adds to its own names so that they are unique; a person knows them without.
_ADDED = re.compile(
    rf"^({STACK}-)?((?:aws|gcp)-)?|(-secret|-role|-function|-provider|-encryption-key|(-managed)?-policy(-\d+)?)$"
)


class Change(Protocol):
    """One resource's change, as the engine reports it."""

    @property
    def kind(self) -> str:
        """created, updated, replaced, deleted, kept, adopted or forgotten."""

    @property
    def urn(self) -> str:
        """The resource's name in Pulumi's state."""

    @property
    def type(self) -> str:
        """The resource's type token."""

    @property
    def name(self) -> str:
        """The resource's name in the program."""


def is_resource(change: Change) -> bool:
    """Whether it is something in the cloud, not a component that groups such things."""
    return change.type.startswith(CLOUDS)


def summary(changes: Sequence[Change], *, every_one: bool) -> list[str]:
    """What happened, in lines: each kind of change with its resources grouped; what was kept is only counted.

    `every_one` names each resource instead of the groups.
    """
    lines: list[str] = []
    for kind, word in KINDS.items():
        these = [change for change in changes if change.kind == kind and is_resource(change)]
        if not these:
            continue
        lines.append(f"{word}: {count(len(these), 'resource', 'resources')}")
        if every_one:
            lines += [f"  {change.type}  {change.name}" for change in these]
        elif kind != "kept":
            lines += [f"  {line}" for line in _grouped(these)]
    return lines


def _grouped(changes: Sequence[Change]) -> Iterator[str]:
    parts = len(changes)
    for kind, (singular, plural) in WORDS.items():
        names = sorted(_ADDED.sub("", change.name) for change in changes if change.type == kind)
        parts -= len(names)
        if names:
            shown = ", ".join(name for name in names[:NAMES_SHOWN] if name)
            more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
            yield count(len(names), singular, plural) + (f": {shown}{more}" if shown else "")
    if parts:
        yield count(parts, "part of others", "parts of others") + " (policies, permissions, targets, …)"


def count(number: int, singular: str, plural: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{number} {singular if number == 1 else plural}"


def command(program: str) -> str:
    """How to call a program of this installation from here: `.venv/bin/keyplan`."""
    path = Path(sys.executable).parent / program
    if not path.exists():
        return f"{Path(sys.executable).name} -m {program}"
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def next_steps(keys: Sequence[StoredKey], wire: tuple[str, str] | None) -> list[str]:
    """The commands to try now; `wire` is a target and a consumer that have wiring."""
    if not keys:
        return []
    keyplan = command("keyplan")
    missing = [key for key in keys if not key.has_value]
    # An Admin API key is for keyplan's own commands, so programs are tried with another one.
    programs = [key for key in missing or keys if key.vendor != ADMIN] or keys
    key = programs[0]
    only = f" --only {key.name}" if len(keys) > 1 else ""
    steps = [_put(keyplan, one) for one in missing[:PUTS_SHOWN]]
    steps += [
        f"{keyplan} status",
        f"{keyplan} exec{only} -- sh -c 'test -n \"${key.env_var}\" && echo it is there'",
    ]
    if wire is not None:
        steps.append(f"{keyplan} wire {wire[0]} {wire[1]}")
    return steps


def _put(keyplan: str, key: StoredKey) -> str:
    if key.vendor in CONSOLE_OPTIONS:
        console = (
            f"{command('python')} -m sandbox console create {key.vendor_name}{CONSOLE_OPTIONS[key.vendor]}"
        )
        return f"{console} | {keyplan} put {key.name}"
    return f"{keyplan} put {key.name}"


def say(*lines: str) -> None:
    """Print lines on standard output, at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def note(*lines: str) -> None:
    """Tell something that is not the result, on standard error."""
    tell("\n".join(lines))
