"""The YAML writer, read back by a YAML 1.1 reader (PyYAML) and a YAML 1.2 reader (ruamel)."""

from __future__ import annotations

from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from keyplan.wiring.syntax.yaml import Block, Folded, Noted, Verbatim, render, scalar

CHARACTERS = st.characters(codec="utf-8")
TEXTS = st.text(CHARACTERS, max_size=40)
PRINTABLE_LINES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp", "Co", "Cn"))
)


def read_both(text: str) -> Any:
    """What the text means, after both readers agreed on it."""
    old, new = pyyaml.safe_load(text), YAML(typ="safe", pure=True).load(text)
    assert old == new
    return new


@given(st.dictionaries(TEXTS, TEXTS, min_size=1))
def test_any_text_comes_back_as_text_key_or_value(document: dict[str, str]) -> None:
    assert read_both(render(dict(document))) == document


@given(
    st.recursive(
        TEXTS | st.integers() | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=12,
    )
)
def test_any_structure_comes_back_as_it_was(node: Any) -> None:
    assert read_both(render({"top": node, "list": [node, {"inner": node}]})) == {
        "top": node,
        "list": [node, {"inner": node}],
    }


@pytest.mark.parametrize(
    "word",
    ["yes", "No", "ON", "off", "y", "true", "null", "~", "", "1e3", "0x1F", "1:30", "1_000", ".5", "-", "?"],
)
def test_words_that_a_reader_takes_for_something_else_are_quoted(word: str) -> None:
    assert scalar(word) == f'"{word}"'
    assert read_both(render({word: word})) == {word: word}


@pytest.mark.parametrize(
    "text", ["a: b", "a #b", "a:", "- a", "a\n", " a", "a ", "@a", "`a`", "%a", "{a}", "[a", "!a"]
)
def test_text_with_yaml_signs_is_quoted(text: str) -> None:
    assert read_both(render({"key": text})) == {"key": text}


@pytest.mark.parametrize(
    "text", ["main", "a-b_c/d.e@f:g", "Run evals (prod)", "arn:aws:iam::123456789012:role/x"]
)
def test_ordinary_text_stays_as_a_person_would_write_it(text: str) -> None:
    assert scalar(text) == text


@given(st.lists(PRINTABLE_LINES, min_size=1, max_size=5).map("\n".join))
def test_a_block_keeps_a_script_byte_for_byte(script: str) -> None:
    first = script.split("\n")[0]
    if not first or not script.rstrip("\n"):
        with pytest.raises(ValueError, match="first line"):
            render({"run": Block(script)})
        return
    assert read_both(render({"run": Block(script)}))["run"].rstrip("\n") == script.rstrip("\n")


@pytest.mark.parametrize("script", ["echo\tx", "echo x ", "a\r\nb", "a\x07", " a", "\na"])
def test_a_block_refuses_what_it_could_not_keep(script: str) -> None:
    with pytest.raises(ValueError, match="a block"):
        render({"run": Block(script)})


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        render({"key": "\ud800"})


def test_notes_become_comments_and_change_nothing_else() -> None:
    noted = render({"a": Noted("why\nand how", [Noted("one", {"b": 1}), 2]), Verbatim("on"): {}})
    assert noted == "# why\n# and how\na:\n  # one\n  - b: 1\n  - 2\non: {}\n"


def test_a_note_where_it_would_break_the_list_is_a_programming_error() -> None:
    with pytest.raises(TypeError):
        render({"a": [{"b": Noted("no", 1)}]})
    with pytest.raises(TypeError):
        render({"a": Noted("no", Noted("no", 1))})


@given(st.lists(st.from_regex(r"[!-~]([ -~]{0,60}[!-~])?", fullmatch=True), min_size=1, max_size=6))
def test_folded_lines_come_back_joined_by_a_space(lines: list[str]) -> None:
    document = render({"commands": [Folded(tuple(lines))], "after": "x"})
    assert read_both(document) == {"commands": [" ".join(lines)], "after": "x"}


@pytest.mark.parametrize("lines", [(), ("",), (" a",), ("a ",), ("a\nb",), ("a\x07b",)], ids=repr)
def test_lines_that_would_not_fold_are_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a folded text"):
        render({"command": Folded(lines)})
