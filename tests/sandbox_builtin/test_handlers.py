"""Every resource type is made, read, changed and deleted in moto, and each step is read back."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider import Provider, State
from sandbox.provider.aws import HANDLERS
from sandbox.provider.provider import DEFAULTS_KEY
from tests.sandbox_builtin.resource_cases import CASES, filled, prepared


def differences(provider: Provider, kind: str, expected: dict[str, Any], found: State | None) -> set[str]:
    """The properties in which what was read differs from what was asked for."""
    assert found is not None
    return set(provider.diff(kind, found.inputs, expected).changed)


def test_every_type_has_a_case() -> None:
    assert set(HANDLERS) == set(CASES)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_resource_is_made_read_changed_and_deleted(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    made = prepared(provider, case)
    inputs = provider.check(kind, "it", filled(case.inputs, made)).inputs

    created = provider.create(kind, inputs)
    read = provider.read(kind, created.id, inputs)
    assert differences(provider, kind, inputs, read) == set()
    assert read is not None
    computed = HANDLERS[kind].computed
    assert {name: read.outputs.get(name) for name in computed} == {
        name: created.outputs.get(name) for name in computed
    }
    assert None not in [created.outputs.get(name) for name in computed]

    if case.changes:
        wanted = {**filled(case.inputs, made), **filled(case.changes, made)}
        changed_inputs = provider.check(kind, "it", wanted, inputs).inputs
        difference = provider.diff(kind, inputs, changed_inputs)
        assert set(case.changes) - difference.changed == set()
        assert difference.replaces == frozenset()
        updated = provider.update(kind, created.id, created, changed_inputs, difference.changed)
        reread = provider.read(kind, created.id, changed_inputs)
        assert differences(provider, kind, changed_inputs, reread) == set()
        assert reread is not None
        assert {name: reread.outputs.get(name) for name in computed} == {
            name: updated.outputs.get(name) for name in computed
        }
        inputs = changed_inputs

    provider.delete(kind, created.id, inputs)
    if kind != "aws:sns/topicPolicy:TopicPolicy":  # a topic always has one
        assert provider.read(kind, created.id, inputs) is None
    provider.delete(kind, created.id, inputs) if not HANDLERS[kind].recoverable else None


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_creation_that_was_cut_short_is_found_again(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    inputs = provider.check(kind, "it", filled(case.inputs, prepared(provider, case))).inputs
    if kind != "aws:sns/topicPolicy:TopicPolicy":  # a topic always has one
        assert provider.find(kind, inputs) is None

    created = provider.create(kind, inputs)

    found = provider.find(kind, inputs)
    assert found is not None
    assert found.id == created.id


@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_import_reads_everything_without_knowing_any_input(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    inputs = provider.check(kind, "it", filled(case.inputs, prepared(provider, case))).inputs
    created = provider.create(kind, inputs)

    imported = provider.read(kind, created.id)

    # What only steers the provider, and the code of a function, cannot be read back from the cloud.
    unreadable = {*HANDLERS[kind].local, "code"}
    assert differences(provider, kind, inputs, imported) - unreadable == set()


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_preview_makes_nothing_and_says_unknown(provider: Provider, kind: str) -> None:
    inputs = provider.check(kind, "it", {**CASES[kind].inputs}).inputs
    state = provider.create(kind, inputs, preview=True)

    assert state.id == ""
    assert {repr(state.outputs[name]) for name in HANDLERS[kind].computed} <= {"UNKNOWN"}
    assert DEFAULTS_KEY not in state.outputs
