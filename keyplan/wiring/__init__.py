"""Wiring: the text with which a consumer finds its keys, one pure module a target.

`wire` gives a command and the stack's output the same bytes: nothing here reads a clock, a file, a cloud or
the environment, and nothing holds a value. A container image, a browser bundle and a mobile app are no
targets: a value there belongs to everybody who has the file (docs/wiring.md).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest, ManifestConsumer
from keyplan.wiring.misuse import check_pins, no_consumer, no_fit
from keyplan.wiring.targets import (
    CLAUDE_ACTION,
    LAST_RESORT,
    PROGRAMS,
    TARGETS,
    Target,
    fitting,
    in_stack,
    lacks_target,
    local_targets,
    suits,
)

__all__ = [
    "CLAUDE_ACTION",
    "LAST_RESORT",
    "PROGRAMS",
    "TARGETS",
    "Target",
    "could_be_keyless",
    "lacks_target",
    "local_targets",
    "targets_for",
    "wire",
    "wire_all",
]


def targets_for(manifest: Manifest, consumer_name: str) -> tuple[str, ...]:
    """The names of the targets that fit a consumer; none where its runtime has no target yet.

    Raises:
        UsageError: the manifest has no such consumer.
    """
    return fitting(_consumer(manifest, consumer_name))


def wire(manifest: Manifest, consumer_name: str, target: str, pins: Mapping[str, int] | None = None) -> str:
    """One consumer's wiring: text that ends in a line break; the same manifest gives the same bytes.

    Args:
        pins: key name to the number of a version, for those that shall not follow the alias `current`.

    Raises:
        UsageError: no such consumer or target, a target that does not fit the consumer, a variable that the
            target cannot hold, or a pin where there is nothing to pin.
        ManifestError: the manifest lacks what the target needs.
    """
    consumer = _consumer(manifest, consumer_name, target)
    kind = TARGETS.get(target)
    if kind is None or not suits(kind, consumer):
        raise no_fit(consumer, target)
    check_pins(consumer, target, pins or {})
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
        for target in in_stack(fitting(consumer)):
            try:
                wiring[name][target] = wire(manifest, name, target)
            except UsageError as error:
                failures.append(error)
    return wiring, failures


def could_be_keyless(manifest: Manifest, consumer: ManifestConsumer) -> bool:
    """Whether it has a key of Anthropic's own where its runtime could prove who it is instead."""
    keys = [manifest.keys[name] for name in consumer.keys if name in manifest.keys]
    return consumer.runtime != "people" and any(key.vendor == "anthropic" for key in keys)


def _consumer(manifest: Manifest, name: str, target: str | None = None) -> ManifestConsumer:
    if name in manifest.consumers:
        return manifest.consumers[name]
    raise no_consumer(manifest, name, target)
