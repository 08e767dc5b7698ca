"""Durations of the catalogue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.durations import SECONDS_PER, Duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("12h", 43_200), ("1d", 86_400), ("90d", 7_776_000), ("2w", 1_209_600)],
)
def test_a_number_and_a_unit_is_that_many_seconds(text: str, seconds: int) -> None:
    assert Duration.parse(text).seconds == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "d", "0d", "-1d", "1.5d", "90 d", "90D", "1d12h", "٣d", "100000d", "1d\n"]
)
def test_any_other_form_is_refused_with_the_allowed_one(text: str) -> None:
    with pytest.raises(ValueError, match="as in `12h`, `90d` or `2w`"):
        Duration.parse(text)


@given(st.integers(1, 99_999), st.sampled_from(sorted(SECONDS_PER)))
def test_what_is_printed_reads_back_as_the_same_length(number: int, unit: str) -> None:
    duration = Duration.parse(f"{number}{unit}")
    printed = str(duration)
    # Ten thousands of weeks print as days with more digits than a catalogue may write.
    if len(printed) <= 6:
        assert Duration.parse(printed) == duration
    assert printed.endswith(("d", "h"))


def test_half_a_day_counts_as_half() -> None:
    assert Duration.parse("12h").days == 0.5
