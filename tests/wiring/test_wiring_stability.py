"""What is committed and reviewed must not move by itself: the same environment gives the same bytes."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyplan.errors import UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import LAST_RESORT, PROGRAMS, TARGETS, targets_for, wire
from tests.wiring import conftest as on_aws
from tests.wiring_gcp import conftest as on_gcp

EXAMPLES = {"aws": on_aws.example, "gcp": on_gcp.example}
WITHOUT_VARIABLES = {*PROGRAMS, LAST_RESORT}
Texts = dict[tuple[str, str], str]


def texts(manifest: Manifest) -> Texts:
    """(consumer, target) -> what `keyplan wire` prints; what is refused is its words."""
    found: Texts = {}
    for name in manifest.consumers:
        for target in targets_for(manifest, name):
            try:
                found[name, target] = wire(manifest, name, target)
            except UsageError as error:
                found[name, target] = f"refused: {error.message}"
    return found


def reordered(value: Any, chance: random.Random) -> Any:
    """The same JSON, with the entries of every object in another order; a list's order has a meaning."""
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: reordered(value[name], chance) for name in names}
    return [reordered(entry, chance) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("cloud", EXAMPLES)
def test_the_examples_have_every_target_of_their_cloud(cloud: str) -> None:
    found = {target for _, target in texts(EXAMPLES[cloud]())}
    assert found == {name for name, target in TARGETS.items() if cloud in target.clouds}


@pytest.mark.parametrize("cloud", EXAMPLES)
@settings(max_examples=15, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_another_order_of_keys_consumers_and_variables_gives_the_same_bytes(
    cloud: str, chance: random.Random
) -> None:
    manifest = EXAMPLES[cloud]()
    many = {f"VARIABLE_{number}": str(number) for number in range(8)}
    consumers = {
        name: replace(entry, env={**entry.env, **many}) for name, entry in manifest.consumers.items()
    }
    manifest = replace(manifest, consumers=consumers)
    document = reordered(json.loads(json.dumps(manifest.to_json())), chance)
    assert texts(Manifest.from_json(document)) == texts(manifest)


PROGRAM = """
import json, sys
from tests.wiring.test_wiring_stability import EXAMPLES, texts
for cloud, example in EXAMPLES.items():
    for (name, target), text in sorted(texts(example()).items()):
        print(json.dumps([cloud, name, target, text]))
"""


def test_two_processes_with_other_hash_seeds_print_the_same_bytes(project: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=project,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(project)},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "4242")
    ]
    first, second = (process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    lines = [json.loads(line) for line in first.splitlines()]
    assert first == second
    here = {
        (cloud, *key): text for cloud, example in EXAMPLES.items() for key, text in texts(example()).items()
    }
    assert {tuple(line[:3]): line[3] for line in lines} == here


@pytest.mark.parametrize("cloud", EXAMPLES)
def test_a_changed_a_removed_and_a_new_consumer_change_their_own_wiring_alone(cloud: str) -> None:
    manifest = EXAMPLES[cloud]()
    before = texts(manifest)
    for name, entry in manifest.consumers.items():
        changed = replace(entry, env={**entry.env, "ADDED_VARIABLE": "x"})
        after = texts(replace(manifest, consumers={**manifest.consumers, name: changed}))
        own = {key for key in before if key[0] == name}
        moved = {key for key in before if before[key] != after[key]}
        # A program takes its variables from wherever it runs.
        assert {key for key in own if key[1] not in WITHOUT_VARIABLES} <= moved <= own
        rest = {other: each for other, each in manifest.consumers.items() if other != name}
        others = {key: text for key, text in before.items() if key not in own}
        assert texts(replace(manifest, consumers=rest)) == others


SECRETS = ("anthropic-api-key", "openrouter-api-key", "ANTHROPIC_API_KEY=", "SecretStore", "read_key")


@pytest.mark.parametrize("cloud", EXAMPLES)
def test_a_consumer_without_a_key_gets_its_variables_and_reads_nothing(cloud: str) -> None:
    manifest = EXAMPLES[cloud]()
    keyless = {
        name: replace(entry, keys=(), env={"ANTHROPIC_MODEL": "claude-example"})
        for name, entry in manifest.consumers.items()
    }
    for (name, target), text in texts(replace(manifest, consumers=keyless)).items():
        if text.startswith("refused: "):  # it is about a key, or the route decides what it is
            assert re.search(r"reads (no key|none)", text), (name, target, text)
        else:
            assert "ANTHROPIC_MODEL" in text, (name, target)
            assert [secret for secret in SECRETS if secret in text] == [], (name, target)
