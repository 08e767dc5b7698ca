"""Grants spread over policies: nothing lost, nothing twice, every policy inside its quota."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.policy.documents import Grant, operator_document, reader_document, render
from components.aws.policy.grants import Room, pack_grants, placeholder_key_arn
from components.aws.policy.packing import Packing, pack
from components.aws.policy.quotas import (
    MANAGED_POLICIES_PER_ROLE,
    MANAGED_POLICY_CHARACTERS,
    QuotaExceeded,
)
from keyplan.catalogue import Key
from tests.components.catalogues import (
    ACCOUNT,
    MANAGED_ONLY,
    OWN_ROLE,
    OWN_ROLE_WITH_AWS_POLICY,
    key,
    many,
)

OVERHEAD = 200


def size_of(items: Sequence[int]) -> int:
    """A document of items as long as their number says."""
    return OVERHEAD + sum(items)


SIZES = st.lists(st.integers(1, MANAGED_POLICY_CHARACTERS - OVERHEAD), max_size=60)


@given(SIZES, st.integers(0, 10_240), st.integers(0, 10))
def test_every_item_is_in_one_policy_in_its_order_and_every_policy_fits(
    sizes: list[int], inline_room: int, slots: int
) -> None:
    try:
        packing = pack(sizes, size_of, inline_room, slots, "consumer `chat` of prod")
    except QuotaExceeded:
        assert size_of(sizes) > inline_room + (slots - 1) * MANAGED_POLICY_CHARACTERS / 2, "this would fit"
        return
    assert [item for chunk in packing.chunks for item in chunk] == sizes
    assert all(packing.managed), "an empty policy"
    assert not packing.inline or size_of(packing.inline) <= inline_room
    assert all(size_of(chunk) <= MANAGED_POLICY_CHARACTERS for chunk in packing.managed)
    assert len(packing.managed) <= slots
    assert packing == pack(sizes, size_of, inline_room, slots, "consumer `chat` of prod")


def test_each_policy_is_as_full_as_it_can_be() -> None:
    packing = pack([1000] * 20, size_of, 3200, 10, "consumer `chat` of prod")
    assert packing == Packing(inline=(1000,) * 3, managed=((1000,) * 5,) * 3 + ((1000,) * 2,))


def test_a_policy_may_be_exactly_as_long_as_the_quota_and_no_longer() -> None:
    longest = MANAGED_POLICY_CHARACTERS - OVERHEAD
    assert pack([longest], size_of, 0, 1, "x").managed == ((longest,),)
    assert pack([longest - 1, 2], size_of, 0, 2, "x").managed == ((longest - 1,), (2,))
    assert pack([1], size_of, OVERHEAD + 1, 0, "x").inline == (1,)
    with pytest.raises(QuotaExceeded):
        pack([longest + 1], size_of, 0, 1, "x")
    with pytest.raises(QuotaExceeded):
        pack([2], size_of, OVERHEAD + 1, 0, "x")


def test_what_does_not_fit_says_which_quota_and_how_many_would() -> None:
    with pytest.raises(QuotaExceeded) as error:
        pack([1000] * 20, size_of, 0, 3, "consumer `chat` of prod")
    assert error.value.message == (
        "consumer `chat` of prod has 20 keys and only 15 fit into the 3 policies that the quota "
        "`Managed policies attached to an IAM role` leaves, at 6,144 characters each"
    )
    assert error.value.hint == "split the consumer into two, each with a part of the keys"


def test_one_item_that_fits_nowhere_is_told_apart() -> None:
    with pytest.raises(QuotaExceeded) as error:
        pack([6000], size_of, 0, 10, "consumer `chat` of prod")
    assert error.value.message == (
        "one grant of consumer `chat` of prod alone is longer than the 6,144 characters that the quota "
        "`Managed policy length` allows"
    )


def grants_of(keys: list[Key], room: Room, every_key: bool = False) -> Packing[Grant]:
    return pack_grants(ACCOUNT, keys, reader_document, room, "consumer `chat` of prod", every_key=every_key)


def named(count: int) -> list[Key]:
    return list(many(count).keys.values())


def test_one_key_is_one_inline_policy() -> None:
    pattern = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-??????"
    assert grants_of([key()], OWN_ROLE) == Packing((Grant((pattern,), (pattern,)),), ())


def test_a_copy_in_another_region_is_read_there_and_decrypted_by_its_own_key() -> None:
    packing = grants_of([key(replicas=("eu-central-1",))], OWN_ROLE)
    here = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-??????"
    there = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/anthropic-api-key-??????"
    assert packing.inline == (Grant((here, there), (here,)),)


def test_no_keys_need_no_policy() -> None:
    assert grants_of([], OWN_ROLE) == Packing((), ())


@pytest.mark.parametrize(
    ("room", "every_key"), [(OWN_ROLE, False), (OWN_ROLE_WITH_AWS_POLICY, False), (MANAGED_ONLY, True)]
)
@pytest.mark.parametrize("count", [1, 50, 390, 500])
def test_500_keys_fit_and_each_is_read_and_decrypted_once(count: int, room: Room, every_key: bool) -> None:
    keys = named(count)
    packing = grants_of(keys, room, every_key)
    texts = [
        render(reader_document(ACCOUNT, placeholder_key_arn(ACCOUNT), chunk)) for chunk in packing.chunks
    ]
    rooms = [room.inline_characters] * bool(packing.inline)
    rooms += [MANAGED_POLICY_CHARACTERS] * len(packing.managed)
    assert all(len(text) <= limit for text, limit in zip(texts, rooms, strict=True))
    assert len(packing.managed) <= room.managed_policies
    granted = [secret for chunk in packing.chunks for grant in chunk for secret in grant.secrets]
    assert granted == [
        f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{each.secret_name}-??????" for each in keys
    ]
    decrypted = [context for chunk in packing.chunks for grant in chunk for context in grant.contexts]
    endings = [f":{each.secret_name}-??????" for each in keys]
    whole = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:*"]
    assert [pattern[pattern.rindex(":") :] for pattern in decrypted] == endings or decrypted == whole


def test_a_pattern_for_all_decryptions_is_only_for_who_reads_every_key() -> None:
    with pytest.raises(QuotaExceeded) as error:
        grants_of(named(500), MANAGED_ONLY)
    assert error.value.message == (
        "consumer `chat` of prod has 500 keys and 477 fit: the quotas leave 10 managed policies of 6,144 "
        "characters (`Managed policies attached to an IAM role`, `Managed policy length`)"
    )
    assert grants_of(named(477), MANAGED_ONLY)
    with pytest.raises(QuotaExceeded):
        grants_of(named(478), MANAGED_ONLY)


def test_operators_of_500_keys_fit_into_managed_policies() -> None:
    packing = pack_grants(
        ACCOUNT, named(500), operator_document, MANAGED_ONLY, "the operator policy of prod", every_key=True
    )
    assert packing.inline == ()
    assert len(packing.managed) <= MANAGED_POLICIES_PER_ROLE


def test_the_placeholder_is_as_long_as_a_real_key() -> None:
    real = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert len(placeholder_key_arn(ACCOUNT)) == len(real)
