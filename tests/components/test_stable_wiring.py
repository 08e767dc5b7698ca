"""The stack's output `wiring` moves only with what a catalogue says, and its order says nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from tests.components.test_program import _collector as _collector  # an autouse fixture
from tests.components.test_program import configuration, run

CI = {"repository": "example/evals", "repositoryId": "1", "branches": ["main", "release/*"]}
CONSUMERS: dict[str, dict[str, Any]] = {
    "chat-api": {"runtime": "ecs"},
    "thumbnails": {"runtime": "lambda"},
    "workbench": {"runtime": "ec2"},
    "search": {"runtime": "eks", "cluster": "main", "namespace": "search", "serviceAccount": "indexer"},
    "research": {"runtime": "people", "permissionSet": "Developers"},
    "evals": {"runtime": "github-actions", **CI},
    "nightly": {"runtime": "gitlab-ci", "project": "example/evals", "branches": ["main"]},
    "samples": {
        "runtime": "buildkite",
        "organization": "example",
        "pipeline": "evals",
        "branches": ["main"],
    },
}
PLAIN = {"ANTHROPIC_MODEL": "claude-sonnet-4-6", "ANTHROPIC_ENV": "prod", "ANTHROPIC_MAX_TOKENS": "4096"}
KEYS = {
    "openrouter": {"vendor": "generic", "envVar": "OPENROUTER_API_KEY"},
    "anthropic": {"vendor": "anthropic", "rotateEvery": "90d"},
}


def shuffled(entries: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    names = list(entries)
    chance.shuffle(names)
    return {name: entries[name] for name in names}


def catalogue(seed: int) -> dict[str, str]:
    chance = random.Random(seed)  # noqa: S311 an order, no secret
    consumers = {
        name: shuffled({**entry, "keys": ["anthropic"], "env": shuffled(PLAIN, chance)}, chance)
        for name, entry in CONSUMERS.items()
    }
    return configuration(keys=shuffled(KEYS, chance), consumers=shuffled(consumers, chance))


def test_another_order_of_the_catalogue_gives_the_same_bytes(project: Path) -> None:
    first, second = (run(project, catalogue(seed)).outputs for seed in (1, 2))
    assert set(first["wiring"]) == set(CONSUMERS)
    assert json.dumps(first["wiring"]) == json.dumps(second["wiring"])
    manifest = Manifest.from_json(first["manifest"])
    for name, texts in first["wiring"].items():
        assert texts == {target: wire(manifest, name, target) for target in texts}
