"""What is wrong with a wiring that somebody asks for, and what to ask for instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.manifest.rules import AWS_RUNTIMES, GCP_RUNTIMES
from keyplan.wiring.refusals import REFUSED, refusal
from keyplan.wiring.targets import AWS, GCP, TARGETS, fitting, in_stack, is_for, lacks_target

NAMES_SHOWN_MAX = 12  # in an error; `--list` shows them all


def no_consumer(manifest: Manifest, name: str, target: str | None = None) -> UsageError:
    """For a name that no consumer has; `target` where it was asked for with one, in whatever order."""
    if name in TARGETS and target in manifest.consumers:
        return UsageError("the target comes first, then the consumer", f"keyplan wire {name} {target}")
    return UsageError(
        f"{manifest.environment} has no such consumer{_nearest(name, manifest.consumers)}",
        "keyplan wire --list",
    )


def no_fit(consumer: ManifestConsumer, target: str) -> UsageError:
    """Tells apart: a target that nobody knows, a runtime without one, and one for other runtimes."""
    there = in_stack(fitting(consumer))
    hint = f"keyplan wire {there[0]} {consumer.name}" if there else "keyplan wire --list"
    if target in REFUSED:
        return refusal(target, consumer.name, there)
    runs = f"{consumer.name} has the runtime {consumer.runtime}"
    if lacks_target(consumer) and (target == consumer.runtime or not there):
        local = f"; only {', '.join(there)} fits it, for local work" if there else ""
        return UsageError(f"{runs}, and there is no wiring for {consumer.runtime} yet{local}", hint)
    if target not in TARGETS:
        in_cloud = [name for name, known in TARGETS.items() if consumer.cloud in known.clouds]
        # One that fits the consumer is meant before any other.
        near = difflib.get_close_matches(target, fitting(consumer), n=1)
        near = near or difflib.get_close_matches(target, in_cloud, n=1)
        rest = f"did you mean {near[0]}" if near else _fits(there)
        return UsageError(f"there is no such target; {rest}", hint)
    needed = TARGETS[target].setting
    if needed and is_for(TARGETS[target], consumer):
        return UsageError(
            f"the target {target} needs `{needed[0]}: {needed[1]}`, which {consumer.name} does not have; "
            f"{_fits(there)}",
            hint,
        )
    fits = ", ".join(_runtimes_for(target, consumer.cloud))
    return UsageError(f"{runs}, and the target {target} is for {fits}; {_fits(there)}", hint)


def check_pins(consumer: ManifestConsumer, target: str, pins: Mapping[str, int]) -> None:
    """Raises: UsageError for a pin where there is nothing to pin."""
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


def _runtimes_for(target: str, cloud: str) -> list[str]:
    """The runtimes that a target fits: those that can be in the consumer's cloud, if it has any there."""
    elsewhere = GCP_RUNTIMES if cloud == AWS else AWS_RUNTIMES
    return sorted(TARGETS[target].runtimes.difference(elsewhere) or TARGETS[target].runtimes)


def _fits(there: tuple[str, ...]) -> str:
    return f"what fits it: {', '.join(there)}" if there else "no target fits it yet"


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
