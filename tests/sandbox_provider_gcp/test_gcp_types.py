"""Every type of Google Cloud is made, read, changed, replaced and deleted, and each step is read back."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.provider import Provider, State
from sandbox.provider.gcp import HANDLERS
from sandbox.provider.provider import DEFAULTS_KEY
from tests.sandbox_provider_gcp.gcp_cases import CASES, filled, prepared

# Outputs that other resources' changes alter too.
MOVING = {"etag", "updated", "updateTime"}


def differences(provider: Provider, kind: str, expected: dict[str, Any], found: State | None) -> set[str]:
    """The properties in which what was read differs from what was asked for."""
    assert found is not None
    return set(provider.diff(kind, found.inputs, expected).changed)


def computed_of(kind: str, state: State | None) -> dict[str, Any]:
    assert state is not None
    return {name: state.outputs.get(name) for name in HANDLERS[kind].computed if name not in MOVING}


def test_every_type_has_a_case() -> None:
    assert set(HANDLERS) == set(CASES)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_resource_is_made_read_changed_and_deleted(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    made = prepared(provider, case)
    checked = provider.check(kind, "it", filled(case.inputs, made))
    assert checked.failures == []
    inputs = checked.inputs

    created = provider.create(kind, inputs)
    read = provider.read(kind, created.id, inputs)
    assert differences(provider, kind, inputs, read) == set()
    assert read is not None
    assert read.id == created.id
    assert computed_of(kind, read) == computed_of(kind, created)
    assert None not in [created.outputs.get(name) for name in HANDLERS[kind].computed]

    if case.changes:
        wanted = {**filled(case.inputs, made), **filled(case.changes, made)}
        changed_inputs = provider.check(kind, "it", wanted, inputs).inputs
        difference = provider.diff(kind, inputs, changed_inputs)
        assert difference.changed == set(case.changes)
        assert difference.replaces == frozenset()
        updated = provider.update(kind, created.id, created, changed_inputs, difference.changed)
        reread = provider.read(kind, created.id, changed_inputs)
        assert differences(provider, kind, changed_inputs, reread) == set()
        assert computed_of(kind, reread) == computed_of(kind, updated)
        inputs = changed_inputs

    provider.delete(kind, created.id, inputs)
    if case.gone:
        assert provider.read(kind, created.id, inputs) is None
    provider.delete(kind, created.id, inputs)


@pytest.mark.parametrize("kind", sorted(kind for kind, case in CASES.items() if case.replaced))
def test_what_cannot_change_needs_a_new_resource(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    made = prepared(provider, case)
    inputs = provider.check(kind, "it", filled(case.inputs, made)).inputs
    wanted = {**filled(case.inputs, made), **filled(case.replaced, made)}
    other = provider.check(kind, "it", wanted, inputs).inputs

    difference = provider.diff(kind, inputs, other)

    assert difference.replaces == set(case.replaced)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_creation_that_was_cut_short_is_found_again(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    inputs = provider.check(kind, "it", filled(case.inputs, prepared(provider, case))).inputs
    if kind != "gcp:projects/service:Service":  # this one is enabled from the beginning
        assert provider.find(kind, inputs) is None

    created = provider.create(kind, inputs)

    found = provider.find(kind, inputs)
    assert found is not None
    assert found.id == created.id


@pytest.mark.parametrize("kind", sorted(kind for kind, case in CASES.items() if case.importable))
def test_an_import_reads_everything_without_knowing_any_input(provider: Provider, kind: str) -> None:
    case = CASES[kind]
    inputs = provider.check(kind, "it", filled(case.inputs, prepared(provider, case))).inputs
    created = provider.create(kind, inputs)

    imported = provider.read(kind, created.id)

    assert differences(provider, kind, inputs, imported) - set(HANDLERS[kind].local) == set()


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_preview_makes_nothing_and_says_unknown(provider: Provider, kind: str) -> None:
    inputs = provider.check(kind, "it", {**CASES[kind].inputs}).inputs
    state = provider.create(kind, inputs, preview=True)

    assert state.id == ""
    computed = set(HANDLERS[kind].computed) - set(inputs)
    assert {repr(state.outputs[name]) for name in computed} <= {"UNKNOWN"}
    assert DEFAULTS_KEY not in state.outputs
