"""From what was typed, pasted or piped to a value: one line end goes, every other mistake is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import ValueRejected
from keyplan.intake import INPUT_LIMIT_BYTES, from_input, from_prompt

KEY = "or-0123456789abcdef"
REFUSED = {
    "nothing": ("", "there is no value: standard input was empty"),
    "a line end only": ("\n", "there is no value: standard input was empty"),
    "spaces only": ("  ", "nothing but white space"),
    "two line ends": (f"{KEY}\n\n", "more than one line end after the value"),
    "two lines": (f"{KEY}\n{KEY}\n", "the value has 2 lines"),
    "a space before": (f" {KEY}", "white space before the value"),
    "a space after": (f"{KEY} \n", "white space after the value"),
    "a tab inside": (f"{KEY}\t{KEY}", "white space inside the value"),
    "a hard space inside": (f"{KEY}\u00a0{KEY}", "white space inside the value"),
    "double quotes": (f'"{KEY}"', "a quote around the value"),
    "single quotes": (f"'{KEY}'\n", "a quote around the value"),
    "one quote": (f"{KEY}'", "a quote around the value"),
    "quotes of a word processor": (f"\u201c{KEY}\u201d", "a quote around the value"),
    "a name": (f"ANTHROPIC_API_KEY={KEY}", "a variable's name and `=`"),
    "an export": (f"export ANTHROPIC_API_KEY='{KEY}'", "a variable's name and `=`"),
    "a line of powershell": (f"$env:ANTHROPIC_API_KEY = '{KEY}'", "a variable's name and `=`"),
    "a JSON object": (f'{{"ANTHROPIC_API_KEY": "{KEY}"}}', "the value is a JSON object"),
    "a NUL": (f"{KEY}\0", "a NUL character"),
    "a zero-width space": (f"{KEY}\u200b", "a character in it that cannot be seen"),
    "a mark of byte order": (f"\ufeff{KEY}", "a character in it that cannot be seen"),
    "an escape sequence": (f"\x1b[200~{KEY}", "a character in it that cannot be seen"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_each_mistake_is_refused_with_its_own_words(text: str, words: str) -> None:
    with pytest.raises(ValueRejected) as caught:
        from_input(text.encode())
    assert words in caught.value.message
    assert KEY not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_line_end_that_echo_adds_is_taken_off(end: str) -> None:
    assert from_input(f"{KEY}{end}".encode()).reveal() == KEY


@pytest.mark.parametrize("text", ["QUJD=", "a=b" * 0 + "QUJDREVG==", "abc/def+ghi="])
def test_base64_with_its_padding_is_no_assignment(text: str) -> None:
    assert from_input(text.encode()).reveal() == text


def test_other_encodings_are_refused() -> None:
    with pytest.raises(ValueRejected, match="not UTF-8 text"):
        from_input(KEY.encode("utf-16"))


def test_the_limit_is_the_stores_limit() -> None:
    from_input(b"x" * INPUT_LIMIT_BYTES)
    for content in (b"x" * (INPUT_LIMIT_BYTES + 1), b"x" * (INPUT_LIMIT_BYTES + 3)):
        with pytest.raises(ValueRejected, match="too large"):
            from_input(content)


def test_a_line_that_the_terminal_may_have_cut_is_refused() -> None:
    assert len(from_prompt("x" * 4094)) == 4094
    with pytest.raises(ValueRejected, match="too long for a terminal"):
        from_prompt("x" * 4095)


def test_an_empty_prompt_says_so() -> None:
    with pytest.raises(ValueRejected, match="nothing was entered"):
        from_prompt("")


@given(st.binary(max_size=40))
def test_whatever_comes_in_either_is_the_value_itself_or_is_refused(content: bytes) -> None:
    try:
        text = from_input(content).reveal()
    except ValueRejected:
        return
    assert content.decode() in (text, f"{text}\n", f"{text}\r\n")
    assert text.isprintable()
    assert not any(character.isspace() for character in text)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\"'`={"), min_size=1))
def test_every_printable_word_goes_through_unchanged(text: str) -> None:
    assert from_input(f"{text}\n".encode()).reveal() == text
    assert from_prompt(text).reveal() == text
