"""docs/rotation.md says of the moments what the code says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from keyplan.rotation import moment
from keyplan.rotation.moment import Moment
from tests.command.environments import PROJECT

PAGE = (PROJECT / "docs" / "rotation.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading."""
    rows: list[list[str]] = []
    for line in PAGE.partition(heading)[2].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return rows[2:]


def meanings() -> dict[str, str]:
    """What the code says beside each moment."""
    source = Path(moment.__file__ or "").read_text()
    return dict(re.findall(r'^    [A-Z_]+ = "([a-z-]+)"  # (.+)$', source, re.MULTILINE))


def test_every_moment_stands_there_with_its_meaning_and_the_step_that_follows() -> None:
    told = {
        name.strip("`"): (meaning, following) for name, meaning, following in table("## Where a rotation")
    }
    says = meanings()
    assert told == {each.value: (says[each.value], each.next.value) for each in Moment}


def test_the_code_that_is_named_is_there() -> None:
    for name in re.findall(r"`(keyplan/[\w/]+\.py)`", PAGE):
        assert ast.parse((PROJECT / name).read_text())


def test_every_command_and_option_that_is_named_is_there() -> None:
    from keyplan.cli.reference import help_of

    for verb, options in re.findall(r"`keyplan (\w+) (?:KEY)?((?: --[\w-]+)*)", PAGE):
        text = help_of(verb)
        for option in options.split():
            assert f"`{option}" in text, (verb, option)
