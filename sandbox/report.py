"""What the sandbox prints: changes in a person's words, and what to try next. Pure, but for `say`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

NAMES_SHOWN = 6
# Kinds of change in the order in which they are told.
KINDS = {
    "created": "created",
    "adopted": "found and adopted",
    "updated": "changed",
    "replaced": "replaced",
    "deleted": "removed",
    "forgotten": "given up",
    "kept": "kept",
}
# Type -> singular, plural, and whether its names mean something to the person who wrote the catalogue.
WORDS = {
    "aws:secretsmanager/secret:Secret": ("secret", "secrets", True),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("secret's policy", "secrets' policies", False),
    "aws:kms/key:Key": ("encryption key", "encryption keys", False),
    "aws:kms/alias:Alias": ("encryption key's alias", "encryption keys' aliases", False),
    "aws:iam/role:Role": ("role", "roles", True),
    "aws:iam/policy:Policy": ("policy", "policies", True),
    "aws:iam/rolePolicy:RolePolicy": ("role's own policy", "roles' own policies", False),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        "attachment of a policy",
        "attachments of policies",
        False,
    ),
    "aws:iam/instanceProfile:InstanceProfile": ("instance profile", "instance profiles", False),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (
        "CI identity provider",
        "CI identity providers",
        True,
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": ("pod identity", "pod identities", True),
    "aws:lambda/function:Function": ("function", "functions", True),
    "aws:lambda/permission:Permission": ("function's permission", "functions' permissions", False),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("alarm", "alarms", True),
    "aws:cloudwatch/eventRule:EventRule": ("event rule", "event rules", True),
    "aws:cloudwatch/eventTarget:EventTarget": ("rule's target", "rules' targets", False),
    "aws:cloudwatch/logGroup:LogGroup": ("log group", "log groups", False),
    "aws:sns/topic:Topic": ("topic", "topics", True),
    "aws:sns/topicPolicy:TopicPolicy": ("topic's policy", "topics' policies", False),
    "aws:sns/topicSubscription:TopicSubscription": ("mail subscription", "mail subscriptions", False),
}


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
    return change.type.startswith("aws:")


def summary(changes: Sequence[Change], *, every_one: bool) -> list[str]:
    """One line a kind of change; with `every_one` a line for each resource below it."""
    lines: list[str] = []
    for kind, word in KINDS.items():
        these = [change for change in changes if change.kind == kind and is_resource(change)]
        if not these:
            continue
        lines.append(
            f"{word:<18}{count(len(these), 'resource', 'resources') if kind == 'kept' else _grouped(these)}"
        )
        if every_one:
            lines += [f"    {change.type}  {change.name}" for change in these]
    return lines


def _grouped(changes: Iterable[Change]) -> str:
    groups: dict[str, list[str]] = {}
    for change in changes:
        groups.setdefault(change.type, []).append(change.name)
    order = [*(kind for kind in WORDS if kind in groups), *sorted(set(groups) - set(WORDS))]
    return ", ".join(_group(kind, groups[kind]) for kind in order)


def _group(kind: str, names: list[str]) -> str:
    singular, plural, named = WORDS.get(kind, (kind, kind, False))
    text = count(len(names), singular, plural)
    if not named or len(names) > NAMES_SHOWN:
        return text
    return f"{text} ({', '.join(sorted(names))})"


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


def next_steps(keys: Mapping[str, str], missing: Sequence[str], wire: tuple[str, str] | None) -> list[str]:
    """The commands to try now.

    Args:
        keys: each key's environment variable.
        missing: the keys without a value.
        wire: a target and a consumer that have wiring.
    """
    if not keys:
        return []
    keyplan = command("keyplan")
    key = (list(missing) or list(keys))[0]
    only = f" --only {key}" if len(keys) > 1 else ""
    steps = [
        f"{keyplan} put {key}    # asks for the value; a made-up one will do, this cloud forgets it",
        f"{keyplan} status",
        f"{keyplan} exec{only} -- sh -c 'test -n \"${keys[key]}\" && echo the key is there'",
    ]
    if wire is not None:
        steps.append(f"{keyplan} wire {wire[0]} {wire[1]}")
    return steps


def say(*lines: str) -> None:
    """Print lines on standard output, at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def note(*lines: str) -> None:
    """Print lines on standard error, where progress and warnings go."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))
    sys.stderr.flush()
