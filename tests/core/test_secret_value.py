"""A value can be carried around and not be seen."""

import copy
import hashlib
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.secret_value import SecretValue


@given(st.text(min_size=8).filter(lambda text: text not in "SecretValue(hidden)"))
def test_no_way_of_printing_it_shows_it(text: str) -> None:
    value = SecretValue(text)
    for shown in (str(value), repr(value), f"{value}", f"{value:>40}", "%s" % value, repr([value])):  # noqa: UP031
        assert text not in shown


def test_it_can_be_revealed_where_it_is_meant_to_be() -> None:
    assert SecretValue("plain").reveal() == "plain"


def test_it_is_not_equal_to_its_text() -> None:
    assert SecretValue("a") != "a"
    assert SecretValue("a") == SecretValue("a")
    assert SecretValue("a") != SecretValue("b")


@pytest.mark.parametrize("leak", [pickle.dumps, copy.copy, copy.deepcopy, hash])
def test_it_cannot_be_pickled_copied_or_hashed(leak: object) -> None:
    with pytest.raises(TypeError):
        leak(SecretValue("a"))  # type: ignore[operator]


def test_its_fingerprint_is_the_start_of_its_sha256() -> None:
    assert SecretValue("a").fingerprint() == hashlib.sha256(b"a").hexdigest()[:12]
