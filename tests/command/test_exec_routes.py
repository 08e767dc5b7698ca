"""`keyplan exec` for a consumer whose route needs no key: nothing is read, nothing wins over the route."""

from __future__ import annotations

import pytest

from tests.command.environments import Environment
from tests.command.test_exec import SHOW, seen

LEFT = {
    "ANTHROPIC_API_KEY": "left over",
    "ANTHROPIC_AUTH_TOKEN": "left over",
    "ANTHROPIC_PROFILE": "left-over",
    "CLAUDE_CODE_USE_VERTEX": "1",
}
RULE = {"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_01Example"}


def on_route(environment: Environment, route: str, env: dict[str, str]) -> Environment:
    """The environment with `chat-api` on a route without a key."""
    chat = environment.document["consumers"]["chat-api"]
    chat |= {"keys": [], "route": route, "env": env}
    if route == "federation":
        chat["identityAudience"] = "https://api.anthropic.com"
    environment.save()
    return environment


def test_what_would_win_over_federation_is_removed_and_named(environment: Environment) -> None:
    done = on_route(environment, "federation", RULE).run("exec", "--consumer", "chat-api", *SHOW, **LEFT)
    assert seen(done) == RULE
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        f"removed {name}" for name in sorted(LEFT)
    ]
    assert "left over" not in done.stderr


def test_a_providers_route_keeps_a_key_and_loses_another_providers_flag(environment: Environment) -> None:
    env = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"}
    done = on_route(environment, "bedrock", env).run("exec", "--consumer", "chat-api", *SHOW, **LEFT)
    kept = {name: text for name, text in LEFT.items() if name != "CLAUDE_CODE_USE_VERTEX"}
    assert seen(done).items() >= {**kept, **env}.items()
    assert "removed CLAUDE_CODE_USE_VERTEX: Claude Code could use it instead of bedrock" in done.stderr


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_PROFILE"])
def test_one_can_be_kept_by_name(environment: Environment, name: str) -> None:
    changed = on_route(environment, "federation", RULE)
    done = changed.run("exec", "--consumer", "chat-api", "--keep", name, *SHOW, **LEFT)
    assert seen(done) == {**RULE, name: LEFT[name]}


def test_a_key_that_is_named_is_not_the_consumers(environment: Environment) -> None:
    changed = on_route(environment, "federation", RULE)
    done = changed.run("exec", "--consumer", "chat-api", "--only", "anthropic", *SHOW)
    assert done.returncode == 2
    assert "there is no such key in consumer chat-api; it has none" in done.stderr
