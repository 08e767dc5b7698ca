"""What the AWS store does when one of its requests is refused, gets no answer, or does its work unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from keyplan.errors import AccessDenied, ChangedMeanwhile, KeyplanError, StoreError, Unreachable
from keyplan.manifest.model import ManifestKey
from keyplan.stores.aws import AwsStore
from keyplan.stores.base import Stage
from keyplan.stores.labels import REVOKED
from tests.command.aws_steps import NOW, Steps
from tests.command.environments import Environment

REFUSED = AccessDenied("refused")
SILENT = Unreachable("no answer")
THROTTLED = StoreError("throttled")


@pytest.fixture
def steps(environment: Environment) -> Steps:
    steps = Steps(environment)
    steps.put("a")
    return steps


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Makes requests fail whose operation and label are these. Returns what is sent, as it is sent."""

    def make(error: KeyplanError, operation: str, label: str = "", *, arrives: bool = False) -> list[str]:
        original, sent = AwsStore.call, []

        def call(store: AwsStore, asked: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
            sent.append(asked)
            hit = asked == operation and str(parameters.get("VersionStage", "")).startswith(label)
            if hit and not arrives:
                raise error
            answer = original(store, asked, key, **parameters)
            if hit:
                raise error
            return answer

        monkeypatch.setattr(AwsStore, "call", call)
        return sent

    return make


@pytest.mark.parametrize("error", [REFUSED, THROTTLED])
def test_a_value_that_aws_refuses_needs_no_taking_back(
    steps: Steps, fail: Callable[..., list[str]], error: KeyplanError
) -> None:
    deposit = steps.deposit("b")
    sent = fail(error, "PutSecretValue")
    with pytest.raises(type(error)):
        deposit.add()
    asked = len(sent)
    assert deposit.withdraw()
    assert len(sent) == asked
    assert steps.labels() == {"a": {"AWSCURRENT"}}


def test_a_value_that_was_stored_without_an_answer_is_taken_back(
    steps: Steps, fail: Callable[..., list[str]]
) -> None:
    deposit = steps.deposit("b")
    fail(SILENT, "PutSecretValue", arrives=True)
    with pytest.raises(Unreachable):
        deposit.add()
    assert steps.labels()["b"] == {"keyplan:pending"}
    assert deposit.withdraw()
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set()}


def test_who_may_store_and_not_move_labels_leaves_readers_alone_and_says_what_stays(
    steps: Steps, fail: Callable[..., list[str]]
) -> None:
    deposit = steps.deposit("b")
    deposit.add()
    fail(REFUSED, "UpdateSecretVersionStage")
    with pytest.raises(AccessDenied):
        deposit.promote()
    assert not deposit.withdraw()
    assert steps.said == [
        f"note: version {deposit.version_id} of secret {steps.environment.name}/anthropic-api-key stays; no "
        "reader is sent to it: `keyplan rollback anthropic` takes it away"
    ]
    assert steps.mark() == "a"
    assert steps.store.state(steps.key).at(Stage.PENDING) is not None


def test_a_promotion_without_an_answer_can_be_asked_about_and_repeated(
    steps: Steps, fail: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    deposit = steps.deposit("b")
    deposit.add()
    fail(SILENT, "UpdateSecretVersionStage", "AWSCURRENT", arrives=True)
    with pytest.raises(Unreachable):
        deposit.promote()
    assert deposit.current_version() == deposit.version_id
    monkeypatch.undo()
    assert deposit.promote() == deposit.version_id
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}}


@pytest.mark.parametrize("label", ["keyplan:pending", "AWSPREVIOUS"])
def test_tidying_that_fails_after_readers_have_the_value_fails_nothing(
    steps: Steps, fail: Callable[..., list[str]], label: str
) -> None:
    deposit = steps.deposit("b")
    deposit.add()
    fail(THROTTLED, "UpdateSecretVersionStage", label)
    assert deposit.promote() == deposit.version_id
    assert steps.mark() == "b"
    assert deposit.restore() == steps.store.state(steps.key).current.version_id  # type: ignore[union-attr]
    assert steps.mark() == "a"


def test_a_date_that_cannot_be_written_stops_a_promotion_before_readers_move(
    steps: Steps, fail: Callable[..., list[str]]
) -> None:
    """A current version without its date would let the old one's grace end too early."""
    steps.deposit("b").add()
    waiting = steps.store.pending(steps.key, steps.store.state(steps.key))
    assert waiting is not None
    fail(THROTTLED, "UpdateSecretVersionStage", "keyplan:2:")
    with pytest.raises(StoreError, match="throttled"):
        waiting.promote()
    assert steps.mark() == "a"


@pytest.mark.parametrize(
    ("operation", "label"), [("PutSecretValue", ""), ("UpdateSecretVersionStage", "AWSCURRENT")]
)
def test_a_revocation_that_aws_refuses_is_told_and_shuts_nothing(
    steps: Steps, fail: Callable[..., list[str]], operation: str, label: str
) -> None:
    state = steps.store.state(steps.key)
    assert state.current is not None
    fail(REFUSED, operation, label)
    with pytest.raises(AccessDenied):
        steps.store.shut(steps.key, state, state.current, REVOKED, NOW)
    assert steps.mark() == "a"
    assert steps.store.state(steps.key).trouble is None


def test_a_value_that_replaces_the_leaked_one_at_that_moment_stays(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = steps.store.state(steps.key)
    assert state.current is not None
    other = steps.deposit("b")
    other.add()
    original = AwsStore.call
    crossed: list[bool] = []

    def call(store: AwsStore, asked: str, key: ManifestKey, **parameters: Any) -> dict[str, Any]:
        if parameters.get("VersionStage") == "AWSCURRENT" and not crossed:
            crossed.append(True)
            other.promote()
        return original(store, asked, key, **parameters)

    monkeypatch.setattr(AwsStore, "call", call)
    steps.store.shut(steps.key, state, state.current, REVOKED, NOW)
    assert steps.labels() == {"a": set(), "b": {"AWSCURRENT"}, "tombstone": set()}
    assert steps.fates()["a"] == REVOKED
    assert steps.store.state(steps.key).trouble is None


def test_another_persons_label_in_the_way_of_a_move_is_a_conflict_and_not_a_fault(
    steps: Steps, fail: Callable[..., list[str]]
) -> None:
    version = steps.store.state(steps.key).current
    assert version is not None
    client, arn = steps.environment.secrets, steps.arn
    deposit = steps.deposit("b")
    deposit.add()
    client.put_secret_value(SecretId=arn, SecretString="{}", VersionStages=["AWSCURRENT"])
    with pytest.raises(ChangedMeanwhile) as caught:
        deposit.promote()
    assert caught.value.exit_code == 4
    assert deposit.withdraw()
    assert not steps.said
