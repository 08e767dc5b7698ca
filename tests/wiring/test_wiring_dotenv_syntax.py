"""Dotenv lines: every reader reads back what is written; what they would not agree on is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyplan.wiring.syntax.dotenv import assignment, comment
from tests.wiring import dotenv_readers as readers

# Text that provokes the readers' differences more often than arbitrary text does.
SIGNS = [*"'\"`\\$ #={}()!\n\rnax,;&|<>*?~", "\t", "${V1}", "${", "\\\\", "\\n", "\u2028", "\u00e9", "\ufeff"]
AWKWARD = st.lists(st.sampled_from(SIGNS), max_size=8).map("".join)
VALUES = st.text(max_size=20) | AWKWARD


def written(values: list[str]) -> dict[str, str]:
    """The values that are not refused, by variable."""
    found = {}
    for index, value in enumerate(values):
        try:
            assignment(f"V{index}", value)
        except ValueError:
            continue
        found[f"V{index}"] = value
    return found


def file_of(variables: dict[str, str], folder: Path) -> Path:
    path = folder / "variables"
    lines = ["# a comment with V0='x' in it", *(assignment(name, value) for name, value in variables.items())]
    path.write_bytes("\n".join([*lines, ""]).encode())
    return path


PROFILE = settings(
    max_examples=25,  # each example is a process or two, with up to 60 values in it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@given(st.lists(VALUES, max_size=30))
@PROFILE
def test_python_dotenv_and_sh_read_back_the_same_text(tmp_path: Path, values: list[str]) -> None:
    expected = written(values)
    path = file_of(expected, tmp_path)
    assert readers.by_python(path) == expected
    assert readers.by_sh(path, list(expected)) == expected


@pytest.mark.skipif(not readers.has_node_parser(), reason="Node 20.12 or newer is not here")
@given(st.lists(VALUES, max_size=60))
@PROFILE
def test_node_reads_back_the_same_text(tmp_path: Path, values: list[str]) -> None:
    expected = written(values)
    assert readers.by_node(file_of(expected, tmp_path)) == expected


@pytest.mark.skipif(
    readers.NODE is None or readers.NODE_DOTENV is None,
    reason=f"{readers.NODE_DOTENV_VARIABLE} names no folder with the npm package dotenv",
)
@given(st.lists(VALUES, max_size=60))
@PROFILE
def test_dotenv_for_node_reads_back_the_same_text(tmp_path: Path, values: list[str]) -> None:
    expected = written(values)
    assert readers.by_node_dotenv(file_of(expected, tmp_path)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "plain",
        " spaces ",
        "a#b",
        "a = b",
        'with "quotes"',
        "it's",
        "$HOME",
        "`ls`",
        "$(ls)",
        "a\\b",
        "é☃😀",
        "\ufeff",
    ],
)
def test_ordinary_and_awkward_values_can_be_written(value: str) -> None:
    assert written([value]) == {"V0": value}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a\0b", "NUL"),
        ("a\nb", "line break"),
        ("a\rb", "line break"),
        ("a${HOME}b", "python-dotenv"),
        ("a\\\\b", "two backslashes"),
        ("a\\", "backslash at the end"),
        ("both ' and \"", "double quote"),
        ("' and \\", "a backslash"),
        ("' and $x", "a dollar sign"),
        ("' and `", "a backquote"),
        ("\ud800", "UTF-8"),
    ],
)
def test_what_readers_disagree_about_is_refused_and_never_shown(value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        assignment("NAME", value)
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "é", "A\n"])
def test_a_name_that_sh_could_not_export_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a name"):
        assignment(name, "x")


def test_every_line_of_a_comment_is_a_comment() -> None:
    assert comment("one\n\ntwo") == "# one\n#\n# two"
