"""What the AWS store does to versions over a key's life, on moto as the sandbox corrects it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest

from keyplan.errors import (
    ChangedMeanwhile,
    PendingDeletion,
    SecretMissing,
    UsageError,
    ValueMissing,
    ValueRevoked,
)
from keyplan.stores.base import Stage
from keyplan.stores.labels import REVOKED, SERVED, STORED
from tests.command.aws_steps import NOW, Steps, revoke_current
from tests.command.environments import REGION, Environment, fake_key


@pytest.fixture
def steps(environment: Environment) -> Steps:
    return Steps(environment)


def test_a_value_that_is_added_is_pending_and_nobody_reads_it(steps: Steps) -> None:
    steps.put("a")
    deposit = steps.deposit("b")
    assert not deposit.seen_when_added
    deposit.add()
    assert steps.mark() == "a"
    state = steps.store.state(steps.key)
    waiting = state.at(Stage.PENDING)
    assert waiting is not None
    assert waiting.version_id == deposit.version_id
    assert waiting.label is not None
    assert (waiting.label.hint, waiting.label.fate) == ("b...bAA", STORED)
    assert deposit.current_version() == (state.current.version_id if state.current else None) is not None


def test_a_promotion_moves_readers_and_leaves_the_old_value_as_the_previous_one(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}}
    steps.put("c")
    assert steps.labels() == {"a": set(), "b": {"AWSPREVIOUS"}, "c": {"AWSCURRENT"}}


def test_a_first_value_is_seen_when_it_is_added_and_says_so_before(steps: Steps) -> None:
    deposit = steps.deposit("a")
    assert deposit.seen_when_added
    deposit.add()
    assert steps.mark() == "a"
    assert deposit.promote() == deposit.version_id
    assert steps.labels() == {"a": {"AWSCURRENT"}}
    assert not deposit.withdraw()
    with pytest.raises(ValueMissing, match="first value"):
        deposit.restore()


def test_a_promotion_can_be_repeated(steps: Steps) -> None:
    steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    assert deposit.promote() == deposit.promote() == deposit.version_id
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}}


def test_of_two_rotations_at_once_the_later_wins_and_the_other_is_told(steps: Steps) -> None:
    steps.put("a")
    one, two = steps.deposit("b"), steps.deposit("c")
    one.add()
    two.add()
    with pytest.raises(ChangedMeanwhile, match="at the same time") as caught:
        one.promote()
    assert caught.value.exit_code == 4
    assert steps.mark() == "a"
    assert one.withdraw()
    two.promote()
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": set(), "c": {"AWSCURRENT"}}
    assert not steps.said


def test_a_promotion_from_another_version_than_was_seen_is_refused(steps: Steps) -> None:
    steps.put("a")
    late = steps.deposit("c")
    steps.put("b")
    late.add()
    with pytest.raises(ChangedMeanwhile):
        late.promote()
    assert steps.mark() == "b"
    assert late.withdraw()
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}, "c": set()}


def test_of_two_first_values_one_wins_and_the_other_is_told(steps: Steps) -> None:
    one, two = steps.deposit("a"), steps.deposit("b")
    one.add()
    two.add()
    with pytest.raises(ChangedMeanwhile):
        two.promote()
    assert two.withdraw()
    one.promote()
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set()}


def test_what_was_withdrawn_is_known_no_more(steps: Steps) -> None:
    steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    assert deposit.withdraw()
    assert deposit.withdraw(), "a second time"
    state = steps.store.history(steps.key)
    assert [version.is_readable for version in state.versions] == [False, True]
    assert state.versions[0].label is None
    assert state.versions[0].stage is None
    assert steps.store.pending(steps.key, state) is None
    assert len(steps.store.state(steps.key).versions) == 1


def test_a_pending_version_is_promoted_from_another_machine(steps: Steps) -> None:
    steps.put("a")
    steps.deposit("b").add()
    store = steps.store
    resumed = store.pending(steps.key, store.state(steps.key))
    assert resumed is not None
    assert not resumed.seen_when_added
    resumed.add()
    resumed.promote()
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}}
    label = steps.store.state(steps.key).versions[0].label
    assert label is not None
    assert label.fate == SERVED
    assert label.at is not None
    assert (label.hint, label.caller) == ("b...bAA", "user/alice")
    assert resumed.promote() == resumed.version_id


def test_a_pending_version_is_withdrawn_from_another_machine(steps: Steps) -> None:
    steps.put("a")
    steps.deposit("b").add()
    store = steps.store
    waiting = store.pending(steps.key, store.state(steps.key))
    assert waiting is not None
    assert waiting.withdraw()
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set()}


def test_undoing_a_promotion_brings_back_every_stage(steps: Steps) -> None:
    steps.put("a")
    back = steps.put("b")
    deposit = steps.deposit("c")
    deposit.add()
    deposit.promote()
    assert deposit.restore() == back
    assert steps.labels() == {"a": {"AWSPREVIOUS"}, "b": {"AWSCURRENT"}, "c": set()}
    assert steps.fates() == {"a": STORED, "b": STORED}


def test_undoing_the_second_value_leaves_no_previous_one(steps: Steps) -> None:
    steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    deposit.promote()
    deposit.restore()
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": set()}


def test_going_back_swaps_the_current_and_the_previous_version(steps: Steps) -> None:
    first = steps.put("a")
    steps.put("b")
    store = steps.store
    state = store.state(steps.key)
    assert store.go_back(steps.key, state) == first
    assert store.go_back(steps.key, state) == first, "the same call again goes no further"
    assert steps.labels() == {"a": {"AWSCURRENT"}, "b": {"AWSPREVIOUS"}}
    assert steps.fates() == {"a": SERVED, "b": STORED}


def test_nobody_goes_back_to_nothing_or_to_what_was_revoked(steps: Steps) -> None:
    steps.put("a")
    store = steps.store
    with pytest.raises(ValueMissing, match="no previous version to go back to"):
        store.go_back(steps.key, store.state(steps.key))
    steps.put("b")
    state = store.state(steps.key)
    previous = state.at(Stage.PREVIOUS)
    assert previous is not None
    assert previous.label is not None
    arn = steps.arn
    steps.environment.secrets.update_secret_version_stage(
        SecretId=arn,
        VersionStage=str(previous.label.became(REVOKED, NOW)),
        MoveToVersionId=previous.version_id,
    )
    with pytest.raises(ValueRevoked, match="the previous one, was revoked"):
        store.go_back(steps.key, store.state(steps.key))
    assert steps.mark() == "b"


def test_going_back_from_where_nobody_is_any_more_is_refused(steps: Steps) -> None:
    steps.put("a")
    steps.put("b")
    store = steps.store
    state = store.state(steps.key)
    steps.put("c")
    with pytest.raises(ChangedMeanwhile):
        store.go_back(steps.key, state)
    assert steps.mark() == "c"


def test_the_history_is_newest_first_and_has_what_lost_its_labels(steps: Steps) -> None:
    ids = [steps.put(mark) for mark in "abc"]
    arn = steps.arn
    own = steps.store.history(steps.key).versions[-1].label
    steps.environment.secrets.update_secret_version_stage(
        SecretId=arn, VersionStage=str(own), RemoveFromVersionId=ids[0]
    )
    state = steps.store.history(steps.key)
    assert [version.version_id for version in state.versions] == ids[::-1]
    assert [version.is_readable for version in state.versions] == [True, True, False]
    assert all(version.created.utcoffset() == timedelta(0) for version in state.versions)
    assert [version.version_id for version in steps.store.state(steps.key).versions] == ids[:0:-1]


def test_labels_of_many_rotations_never_come_near_the_quota(steps: Steps) -> None:
    for number in range(14):
        steps.put("abcdefghijklmn"[number])
    versions = steps.environment.secrets.list_secret_version_ids(SecretId=steps.arn, IncludeDeprecated=True)[
        "Versions"
    ]
    assert sum(len(entry["VersionStages"]) for entry in versions) <= 13
    revoke_current(steps)
    versions = steps.store.history(steps.key).labels
    assert sum(len(labels) for _, labels in versions) <= 13


def test_the_url_of_a_gateway_comes_from_the_secrets_tag(steps: Steps) -> None:
    assert steps.store.state(steps.key).bound_url is None
    steps.environment.secrets.tag_resource(
        SecretId=steps.arn,
        Tags=[{"Key": "keyplan:url", "Value": "https://llm.example.com"}],
    )
    assert steps.store.state(steps.key).bound_url == "https://llm.example.com"


@pytest.fixture
def replicated(environment: Environment, moto_url: str) -> Callable[[bool], Steps]:
    """Makes the key's secret one that has a copy; moto refuses a copy whose name is taken."""

    def make(is_taken: bool) -> Steps:
        name = f"{environment.name}/anthropic-api-key"
        there: Any = boto3.client(
            "secretsmanager",
            region_name="us-east-1",
            endpoint_url=moto_url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        if is_taken:
            there.create_secret(Name=name)
        environment.secrets.replicate_secret_to_regions(
            SecretId=environment.arn("anthropic"), AddReplicaRegions=[{"Region": "us-east-1"}]
        )
        return Steps(environment)

    return make


@pytest.mark.parametrize(("is_taken", "behind"), [(False, ()), (True, ("us-east-1",))])
def test_a_copy_that_is_not_in_sync_is_named(
    replicated: Callable[[bool], Steps], is_taken: bool, behind: tuple[str, ...]
) -> None:
    steps = replicated(is_taken)
    steps.put("a")
    assert steps.store.state(steps.key).copies_behind == behind


def test_a_deleted_secret_is_restored_with_its_value(steps: Steps) -> None:
    steps.put("a")
    steps.environment.secrets.delete_secret(SecretId=steps.arn)
    state = steps.store.state(steps.key)
    assert state.trouble is not None
    assert isinstance(state.trouble.error, PendingDeletion)
    told = steps.store.restore_secret(steps.key)
    assert told == f"secret {steps.environment.name}/anthropic-api-key can be read again"
    assert steps.mark() == "a"
    with pytest.raises(UsageError, match="is not deleted; there is nothing to restore") as caught:
        steps.store.restore_secret(steps.key)
    assert caught.value.exit_code == 2


def test_a_secret_that_is_gone_for_good_cannot_be_restored(steps: Steps) -> None:
    steps.environment.secrets.delete_secret(SecretId=steps.arn, ForceDeleteWithoutRecovery=True)
    with pytest.raises(SecretMissing):
        steps.store.restore_secret(steps.key)


def test_a_version_is_read_by_its_id_whatever_readers_get(steps: Steps) -> None:
    first = steps.put("a")
    deposit = steps.deposit("b")
    deposit.add()
    reader = steps.reader()
    assert reader.read_version("anthropic", first).reveal() == fake_key("a")
    assert reader.read_version("anthropic", deposit.version_id).reveal() == fake_key("b")
    with pytest.raises(ValueMissing):
        reader.read_version("anthropic", "0" * 32)
    revoke_current(steps)
    stone = steps.store.state(steps.key).current
    assert stone is not None
    with pytest.raises(ValueRevoked):
        reader.read_version("anthropic", stone.version_id)
    assert steps.environment.document["clouds"]["aws"]["region"] == REGION
