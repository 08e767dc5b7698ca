"""`keyplan rotate` as a person runs it: what to make is said first, and what is typed is never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.command.environments import fake_key
from tests.command.test_prompt import Terminal
from tests.home import Home, mark


@pytest.fixture
def terminal(on_aws: Home) -> Iterator[Terminal]:
    """A terminal that waits for the new key of an environment that has an old one."""
    on_aws.put(on_aws.new_key("old"))
    opened = Terminal(on_aws.environment, verb="rotate")
    yield opened
    opened.close()


def test_where_and_under_which_name_comes_before_the_prompt(terminal: Terminal, on_aws: Home) -> None:
    before = terminal.shown.decode().replace("\r\n", "\n")
    name = f"{on_aws.environment.name}-anthropic-key-20"
    head, where, called, *_ = before.splitlines()
    assert head == f"make a new key for anthropic of environment {on_aws.environment.name}:"
    assert where.split()[0] == "where"
    assert where.split()[1].startswith("https://platform.")
    assert called.split()[0] == "name"
    assert called.split()[1].startswith(name)
    assert f"  in the sandbox  python -m sandbox console create {name}" in before
    assert before.endswith("\nvalue of the new key, not shown: ")
    new = on_aws.new_key("new")
    assert not terminal.echoes()
    terminal.type(f"{new}\n".encode())
    code, shown = terminal.end()
    assert code == 0, shown
    assert new not in shown
    assert "rotated key anthropic" in shown
    assert on_aws.served() == [new]
    assert terminal.is_as_before()


def test_ctrl_c_at_the_prompt_stores_nothing(terminal: Terminal, on_aws: Home) -> None:
    (old,) = on_aws.served()
    terminal.type(b"sk-ant-\x03")
    code, shown = terminal.end()
    assert code == 130
    assert shown.endswith("\ninterrupted; nothing was stored\n")
    assert on_aws.served() == [old]
    assert old is not None
    assert on_aws.stages() == [{"current": mark(old)}]


def test_a_key_that_the_vendor_does_not_know_is_refused_and_not_shown(
    terminal: Terminal, on_aws: Home
) -> None:
    terminal.type(f"{fake_key()}\n".encode())
    code, shown = terminal.end()
    assert code == 2
    assert "error: this value is not taken: " in shown
    assert "xxxx" not in shown
    assert len(on_aws.history()["clouds"][0]["versions"]) == 1
