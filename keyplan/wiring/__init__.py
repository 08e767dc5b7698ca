"""Wiring: the text with which a consumer finds its keys, one pure module a target.

`wire` gives a command and the stack's output the same bytes: nothing here reads a clock, a file, a cloud or
the environment, and nothing holds a value. A container image, a browser bundle and a mobile app are no
targets: a value there belongs to everybody who has the file (docs/wiring.md).
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass

from keyplan.errors import UsageError
from keyplan.manifest import Manifest, ManifestConsumer


@dataclass(frozen=True)
class Target:
    """One kind of wiring. `module` has `render(manifest, consumer) -> str`."""

    summary: str
    module: str
    runtimes: frozenset[str]  # of the consumers that it fits


NAMES_SHOWN_MAX = 12  # in an error; `--list` shows them all
_SERVICES_AND_PEOPLE = frozenset({"ecs", "lambda", "ec2", "eks", "iam-role", "people"})

TARGETS = {
    "ecs": Target("part of an ECS task definition (JSON)", "keyplan.wiring.ecs", frozenset({"ecs"})),
    "lambda": Target(
        "part of a Lambda configuration (JSON)", "keyplan.wiring.aws_lambda", frozenset({"lambda"})
    ),
    "github-actions": Target(
        "a workflow for GitHub Actions (YAML)", "keyplan.wiring.github_actions", frozenset({"github-actions"})
    ),
    # Not for a runner: a file with values outlives its job.
    "dotenv": Target("variables for local work", "keyplan.wiring.dotenv", _SERVICES_AND_PEOPLE),
}


def targets_for(manifest: Manifest, consumer_name: str) -> tuple[str, ...]:
    """The names of the targets that fit a consumer; none where its runtime has no target yet.

    Raises:
        UsageError: the manifest has no such consumer.
    """
    return _fitting(_consumer(manifest, consumer_name))


def wire(manifest: Manifest, consumer_name: str, target: str) -> str:
    """One consumer's wiring: text that ends in a line break; the same manifest gives the same bytes.

    Raises:
        UsageError: no such consumer or target, a target that does not fit the consumer's runtime, or a
            variable that the target cannot hold.
        ManifestError: the manifest lacks what the target needs.
    """
    consumer = _consumer(manifest, consumer_name)
    if target not in _fitting(consumer):
        raise _no_fit(consumer, target)
    text: str = importlib.import_module(TARGETS[target].module).render(manifest, consumer)
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
        for target in _fitting(consumer):
            try:
                wiring[name][target] = wire(manifest, name, target)
            except UsageError as error:
                failures.append(error)
    return wiring, failures


def lacks_target(consumer: ManifestConsumer) -> bool:
    """Whether the place that it runs in has no target yet; dotenv does not count: that is local work."""
    return consumer.runtime not in TARGETS and consumer.runtime != "people"


def _fitting(consumer: ManifestConsumer) -> tuple[str, ...]:
    return tuple(name for name, target in TARGETS.items() if consumer.runtime in target.runtimes)


def _consumer(manifest: Manifest, name: str) -> ManifestConsumer:
    if name in manifest.consumers:
        return manifest.consumers[name]
    raise UsageError(
        f"{manifest.environment} has no such consumer{_nearest(name, manifest.consumers)}",
        "keyplan wire --list",
    )


def _no_fit(consumer: ManifestConsumer, target: str) -> UsageError:
    """Tells apart: a target that nobody knows, a runtime without one, and one for other runtimes."""
    fitting = _fitting(consumer)
    hint = f"keyplan wire {fitting[0]} {consumer.name}" if fitting else "keyplan wire --list"
    runs = f"{consumer.name} has the runtime {consumer.runtime}"
    if lacks_target(consumer) and (target == consumer.runtime or not fitting):
        local = f"; only {', '.join(fitting)} fits it, for local work" if fitting else ""
        return UsageError(f"{runs}, and there is no wiring for {consumer.runtime} yet{local}", hint)
    if target not in TARGETS:
        return UsageError(f"there is no such target{_nearest(target, TARGETS)}", hint)
    fits = ", ".join(sorted(TARGETS[target].runtimes))
    return UsageError(f"{runs}, and the target {target} is for {fits}; {_fits(fitting)}", hint)


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
