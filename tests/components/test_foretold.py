"""A preview shows policies whose every part but an ARN is known; an update sets what AWS answered."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.aws.foretold import OPEN, VARIABLE, foretold, with_open_arn
from keyplan.audit.planned.steps import UNKNOWN
from tests.components.recording import Recording, record


def policies(program: Any, *, preview: bool) -> dict[str, Any]:
    """The documents of a program's inline policies by their resources' names."""
    recording: Recording = record(program, preview=preview)
    return {each.name: each.inputs.get("policy") for each in recording.resources if "policy" in each.inputs}


def program() -> None:
    import pulumi_aws as aws

    key = aws.kms.Key("key")
    topic = aws.sns.Topic("topic", name="told")
    text = with_open_arn(key.arn, lambda arn: json.dumps({"Resource": arn}))
    aws.iam.RolePolicy("key-policy", role="reader", policy=text)
    certain = foretold(
        pulumi.Output.all(topic.arn), ["arn:aws:sns:told"], lambda arns: json.dumps({"Resource": arns})
    )
    aws.iam.RolePolicy("topic-policy", role="reader", policy=certain)


def test_a_preview_shows_what_is_certain_and_of_what_is_asked_for_all_but_the_arn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certain = {"Resource": ["arn:aws:sns:told"]}
    shown = policies(program, preview=True)
    assert json.loads(shown["topic-policy"]) == certain
    assert not isinstance(shown["key-policy"], str), "unknown as a whole, as an update plan needs it"
    monkeypatch.setenv(VARIABLE, "1")
    shown = policies(program, preview=True)
    assert {name: json.loads(text) for name, text in shown.items()} == {
        "topic-policy": certain,
        "key-policy": {"Resource": OPEN},
    }


def test_an_update_sets_what_aws_answered_whatever_a_preview_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    unasked = policies(program, preview=False)
    monkeypatch.setenv(VARIABLE, "1")
    assert policies(program, preview=False) == unasked
    assert not any(OPEN in text or "arn:aws:sns:told" in text for text in unasked.values())
    assert json.loads(unasked["key-policy"])["Resource"].startswith("arn:aws:kms:")


def test_the_audit_reads_what_is_open_as_such() -> None:
    assert OPEN == UNKNOWN
