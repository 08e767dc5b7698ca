"""What the engine's events come to: changes, diagnostics, errors."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.pulumi_cli.events import Collected

KIND = "aws:iam/role:Role"
URN = f"urn:pulumi:dev::keyplan::keyplan:index:Environment${KIND}::reader"
STACK = "urn:pulumi:dev::keyplan::pulumi:pulumi:Stack::keyplan-dev"


def step(event: str, op: str, **more: Any) -> dict[str, Any]:
    return {"sequence": 1, event: {"metadata": {"op": op, "urn": URN, "type": KIND, **more}}}


def told(severity: str, message: str, urn: str = "", **more: Any) -> dict[str, Any]:
    return {"sequence": 1, "diagnosticEvent": {"severity": severity, "message": message, "urn": urn, **more}}


@pytest.mark.parametrize(
    ("op", "more", "kinds"),
    [
        ("create", {}, ["created"]),
        ("update", {}, ["updated"]),
        ("replace", {}, ["replaced"]),
        ("create-replacement", {}, []),
        ("delete-replaced", {}, []),
        ("delete", {}, ["deleted"]),
        ("delete", {"old": {"retainOnDelete": True}}, ["forgotten"]),
        ("same", {}, ["kept"]),
        ("import", {}, ["adopted"]),
        ("read", {}, []),
    ],
)
def test_a_step_is_one_change_however_often_it_is_told(
    op: str, more: dict[str, Any], kinds: list[str]
) -> None:
    collected = Collected()
    for _ in range(2):
        collected.take(step("resOutputsEvent", op, **more))
    assert [(change.kind, change.name, change.type) for change in collected.changes] == [
        (kind, "reader", KIND) for kind in kinds
    ]


def test_what_only_begins_counts_in_a_preview() -> None:
    for preview, changes in ((True, 1), (False, 0)):
        collected = Collected(preview=preview)
        collected.take(step("resourcePreEvent", "delete"))
        assert len(collected.changes) == changes


@pytest.mark.parametrize(
    ("event", "diagnostics", "errors"),
    [
        (told("error", "no\n", URN), [], [f"reader ({KIND}): no"]),
        (told("error", "update failed\n", STACK), [], ["update failed"]),
        (told("warning", "old\n"), ["warning: old"], []),
        (told("warning", "using pulumi-resource-aws from $PATH at /x\n"), [], []),
        (told("info#err", "printed\n"), ["printed"], []),
        (told("info", "printed\n\n"), ["printed"], []),
        (told("debug", "of no interest\n"), [], []),
        (told("warning", "for a moment", ephemeral=True), [], []),
    ],
)
def test_a_diagnostic_is_told_where_it_belongs(
    event: dict[str, Any], diagnostics: list[str], errors: list[str]
) -> None:
    collected = Collected()
    collected.take(event)
    assert (collected.diagnostics, collected.errors) == (diagnostics, errors)
