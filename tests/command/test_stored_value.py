"""The shape in the store, and the labels that say who stored a version."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import StoreError, ValueRejected
from keyplan.secret_value import SecretValue
from keyplan.stores.labels import (
    LABEL_MAX,
    LABELS_KEPT,
    PENDING,
    RETIRED,
    REVOKED,
    SERVED,
    STORED,
    VersionLabel,
    caller_of,
    parse,
    superseded,
)
from keyplan.stores.stored_value import SIZE_LIMIT_BYTES, decode, encode, revoked_at, tombstone

NAME = "ANTHROPIC_API_KEY"
WRONG = {
    "binary data": (None, "binary data"),
    "plain text": ("hidden-text", "text that is not JSON"),
    "a list": ('["hidden-text"]', "JSON that is not an object"),
    "another field": ('{"OTHER": "hidden-text"}', "a JSON object with other fields"),
    "no field": ("{}", "an empty JSON object"),
    "more fields": (json.dumps({NAME: "hidden-text", "b": "c"}), "a JSON object with 2 fields"),
    "a number": (json.dumps({NAME: 3}), "a field that is not text"),
    "nothing in it": (json.dumps({NAME: ""}), "an empty value"),
    "a NUL": (json.dumps({NAME: "hidden-text\0"}), "characters that no environment variable can have"),
    "half a character": (
        f'{{"{NAME}": "hidden-text\\ud800"}}',
        "characters that no environment variable can have",
    ),
    "nested without end": ("[" * 100_000, "text that is not JSON"),
}


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_a_program_of_the_users_own_finds_the_value_with_json_loads(text: str) -> None:
    stored = encode(SecretValue(text), NAME)
    assert json.loads(stored) == {NAME: text}
    assert decode(stored, NAME, "s").reveal() == text


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_another_shape_is_told_and_not_shown(text: str | None, words: str) -> None:
    with pytest.raises(StoreError) as caught:
        decode(text, NAME, "dev/anthropic-api-key")
    assert caught.value.message == (
        f"secret dev/anthropic-api-key holds {words}; expected a JSON object with the one field {NAME}"
    )
    assert "hidden-text" not in repr((caught.value, caught.value.__cause__, caught.value.hint))


def test_a_tombstone_says_when_and_is_no_value() -> None:
    text = tombstone("20261121T181500Z")
    assert json.loads(text) == {"KEYPLAN_REVOKED": "20261121T181500Z"}
    assert revoked_at(text) == "20261121T181500Z"
    with pytest.raises(StoreError, match="with other fields"):
        decode(text, NAME, "s")


@pytest.mark.parametrize(
    "text",
    [
        *(text for text, _ in WRONG.values()),
        json.dumps({NAME: "KEYPLAN_REVOKED"}),
        json.dumps({"KEYPLAN_REVOKED": "yesterday"}),
        json.dumps({"KEYPLAN_REVOKED": 20261121}),
        json.dumps({"KEYPLAN_REVOKED": "20261121T181500Z", NAME: "hidden-text"}),
        "KEYPLAN_REVOKED",
        '["KEYPLAN_REVOKED"]',
    ],
)
def test_nothing_else_is_taken_for_a_tombstone(text: str | None) -> None:
    assert revoked_at(text) is None


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
def test_no_value_is_taken_for_a_tombstone(text: str) -> None:
    assert revoked_at(encode(SecretValue(text), NAME)) is None


def test_the_size_counts_with_the_json_around_it() -> None:
    around = len(json.dumps({NAME: ""}))
    encode(SecretValue("x" * (SIZE_LIMIT_BYTES - around)), NAME)
    with pytest.raises(ValueRejected, match=f"has {SIZE_LIMIT_BYTES + 1} bytes"):
        encode(SecretValue("x" * (SIZE_LIMIT_BYTES - around + 1)), NAME)


@given(st.text("0123456789abcdef", min_size=12, max_size=12) | st.none(), st.text(min_size=1, max_size=200))
def test_a_label_says_what_it_was_made_of(fingerprint: str | None, caller: str) -> None:
    label = parse(["AWSCURRENT", str(VersionLabel(fingerprint, caller))])
    assert label is not None
    assert (label.fingerprint, label.caller) == (fingerprint, caller)


def test_a_long_caller_is_cut_to_what_a_label_may_have() -> None:
    assert len(str(VersionLabel("0" * 12, "x" * 400))) == LABEL_MAX


def test_a_version_stored_by_other_means_has_no_label() -> None:
    assert parse(["AWSCURRENT", "release-7", "keyplan:2:x:y"]) is None


@pytest.mark.parametrize(
    ("arn", "caller"),
    [
        ("arn:aws:sts::123456789012:assumed-role/Admin/alice", "assumed-role/Admin/alice"),
        ("arn:aws:iam::123456789012:user/team/bob", "user/team/bob"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)
def test_the_caller_is_the_readable_end_of_the_arn(arn: str, caller: str) -> None:
    assert caller_of(arn) == caller


def test_old_labels_go_oldest_first_and_those_in_use_stay() -> None:
    ours = [
        (f"v{number:02}", [f"keyplan:2:{number:012}:-:stored:alice"]) for number in range(LABELS_KEPT + 2)
    ]
    ours[0][1].append("AWSPENDING")
    ours[-1][1].append("AWSCURRENT")
    ours[-2][1].append("AWSPREVIOUS")
    foreign = [("other", ["release-7"])]
    assert superseded([*foreign, *ours]) == [(ours[1][0], ours[1][1][0]), (ours[2][0], ours[2][1][0])]
    assert superseded(ours[2:]) == []


def test_a_pending_version_keeps_its_label() -> None:
    ours = [
        (f"v{number:02}", [f"keyplan:2:{number:012}:-:stored:alice"]) for number in range(LABELS_KEPT + 1)
    ]
    ours[0][1].append(PENDING)
    assert superseded(ours) == [(ours[1][0], ours[1][1][0])]


LABELS = st.builds(
    VersionLabel,
    st.text("0123456789abcdef", min_size=12, max_size=12) | st.none(),
    st.text(min_size=1, max_size=150),
    st.from_regex(r"[A-Za-z0-9_]{3}\.\.\.[A-Za-z0-9_-]{4}", fullmatch=True) | st.none(),
    st.sampled_from([STORED, SERVED, RETIRED, REVOKED]),
    st.just("20261121T181500Z") | st.none(),
)


@given(LABELS)
def test_a_label_says_what_became_of_its_version(label: VersionLabel) -> None:
    read = parse(["AWSCURRENT", str(label)])
    assert read is not None
    assert (read.fingerprint, read.hint, read.fate, read.at) == (
        label.fingerprint,
        label.hint,
        label.fate,
        label.at,
    )
    assert label.caller.startswith(read.caller)
    assert read.is_dead is (label.fate in (RETIRED, REVOKED))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((STORED, None), (SERVED, "20261121T181500Z")),
        ((SERVED, "20261121T181500Z"), (SERVED, "20261122T181500Z")),
        ((SERVED, "20261121T181500Z"), (RETIRED, "20261121T181500Z")),
        ((RETIRED, "20261122T181500Z"), (REVOKED, "20261121T181500Z")),
    ],
)
def test_while_a_version_has_two_labels_the_later_fate_counts(
    before: tuple[str, str | None], after: tuple[str, str]
) -> None:
    old = VersionLabel("0123456789ab", "alice", "R2D...igAA", *before)
    new = old.became(*after)
    for labels in ([str(old), str(new)], [str(new), str(old)]):
        found = parse(labels)
        assert found is not None
        assert (found.fate, found.at, found.hint) == (*after, "R2D...igAA")
