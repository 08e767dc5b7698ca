"""docs/commands.md tells the truth about the commands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from keyplan import cli, errors, process
from keyplan.age import State
from keyplan.cli.reference import every_verb, with_help
from keyplan.vendors import anthropic
from tests.command.environments import PROJECT, Environment, fake_key
from tests.command.fake_aws import Answer, FakeAws, failure
from tests.command.test_aws_credentials import identity

PAGE = (PROJECT / "docs" / "commands.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the first table after a heading or a sentence."""
    assert heading in PAGE
    rows: list[list[str]] = []
    for line in PAGE.partition(heading)[2].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif rows:
            break
    return rows[2:]


def test_the_help_on_the_page_is_the_commands_own() -> None:
    assert with_help(PAGE) == PAGE, "run: python -m keyplan.cli.reference docs/commands.md"


def test_every_command_has_its_section_and_its_line() -> None:
    helps = re.findall(r"<!-- help: ([\w -]+) -->", PAGE)
    assert re.findall(r"^###? keyplan ([\w -]+)$", PAGE, re.MULTILINE) == helps
    assert set(helps) == set(every_verb())
    assert {row[0].split()[1].rstrip("`](").split("`")[0] for row in table("# The command")} == set(cli.VERBS)


def test_the_exit_codes_are_those_of_the_code() -> None:
    codes = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    codes |= {value for name, value in vars(cli).items() if name.startswith("EXIT_")}
    codes |= {process.EXIT_NOT_EXECUTABLE, process.EXIT_NOT_FOUND}
    assert [int(row[0]) for row in table("## Exit codes")] == sorted(codes)


def test_every_error_has_a_documented_code() -> None:
    documented = {int(row[0]) for row in table("## Exit codes")}
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.KeyplanError)
    ]
    assert {kind.exit_code for kind in kinds} <= documented


def test_the_variables_that_are_removed_are_the_vendors() -> None:
    assert {row[0].strip("`"): row[1] for row in table("For Anthropic:\n")} == anthropic.OVERRIDES


def test_the_states_are_those_of_the_code() -> None:
    (cell,) = [row[2] for row in table("Each entry of `keys`:") if row[0] == "`state`"]
    assert set(re.findall(r"`([a-z-]+)`", cell)) == {state.value for state in State}


def fields(heading: str) -> list[str]:
    return [row[0].strip("`") for row in table(heading)]


def test_the_json_forms_have_the_documented_fields(environment: Environment) -> None:
    put = json.loads(environment.run("put", "anthropic", "--format", "json", given=fake_key()).stdout)
    status = json.loads(environment.run("status", "--format", "json").stdout)
    assert list(put) == fields("### `put --format json`")
    assert list(status) == fields("### `status --format json`")
    assert list(status["keys"][0]) == fields("Each entry of `keys`:")


@pytest.fixture
def asked(at: Callable[[str], Environment], fake_aws: FakeAws) -> Callable[..., set[str]]:
    """The actions that a command asks AWS for, when everything that it can do happens."""
    old: list[dict[str, Any]] = [
        {
            "VersionId": f"{number:032}",
            "VersionStages": [f"keyplan:2:{number:012}:-:stored:a"],
            "CreatedDate": number,
        }
        for number in range(12)
    ]
    fake_aws.answer("/", identity)
    fake_aws.answer("DescribeSecret", Answer({"ARN": "a", "Name": "n"}))
    fake_aws.answer("ListSecretVersionIds", Answer({"Versions": old}))
    fake_aws.answer("UpdateSecretVersionStage", Answer({}))
    fake_aws.answer("PutSecretValue", Answer({"VersionId": "v" * 32}))
    fake_aws.answer("GetSecretValue", failure("AccessDeniedException"))

    def ask(*arguments: str) -> set[str]:
        at(fake_aws.url).run(*arguments, given=fake_key())
        names = {"/": "sts:GetCallerIdentity"}
        return {names.get(name, f"secretsmanager:{name}") for name in fake_aws.operations()}

    return ask


@pytest.mark.parametrize(
    "arguments", [("put", "anthropic"), ("status",), ("exec", "--", "true")], ids=lambda words: words[0]
)
def test_the_permissions_are_what_the_commands_ask_for(
    arguments: tuple[str, ...], asked: Callable[..., set[str]]
) -> None:
    (cell,) = [row[1] for row in table("## Permissions") if row[0] == f"`{arguments[0]}`"]
    assert set(re.findall(r"`((?:secretsmanager|sts):\w+)`", cell)) == asked(*arguments)
