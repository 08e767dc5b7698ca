"""`keyplan exec` with a gateway's pair and with Admin API keys: together, apart, and never by accident."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command.environments import Environment, clean_environment, fake_key

SHOW = ("--", sys.executable, "-c", "import json, os, sys; json.dump(dict(os.environ), sys.stdout)")
URL = "https://llm.example.com/anthropic"
VALUES = {
    "anthropic": fake_key(),
    "gate": "gw-token-1",
    "spare": "gw-token-2",
    "admin": "sk-ant-" + "admin01-" + "y" * 93 + "AA",
}
VENDORS: dict[str, dict[str, Any]] = {
    "anthropic": {"vendor": "anthropic", "envVar": "ANTHROPIC_API_KEY"},
    "gate": {"vendor": "gateway", "envVar": "ANTHROPIC_AUTH_TOKEN", "baseUrl": URL},
    "spare": {"vendor": "gateway", "envVar": "SPARE_TOKEN", "baseUrl": "https://spare.example.com"},
    "admin": {"vendor": "anthropic-admin", "envVar": "ANTHROPIC_ADMIN_API_KEY"},
}


@pytest.fixture
def with_keys(new_environment: Callable[..., Environment]) -> Callable[..., Environment]:
    """An environment with these keys and their values; the consumer `evals` reads all of them."""

    def make(*keys: str) -> Environment:
        environment = new_environment(*keys)
        for name in keys:
            entry = environment.document["keys"][name]
            entry.update(VENDORS[name])
            entry["aws"]["jsonKey"] = entry["envVar"]
            content = json.dumps({entry["envVar"]: VALUES[name]})
            environment.secrets.put_secret_value(SecretId=environment.arn(name), SecretString=content)
        environment.document["consumers"] = {
            "evals": {
                **environment.document["consumers"]["evals"],
                "env": {"ANTHROPIC_MODEL": "claude-sonnet-4-6", **pair(keys)},
            }
        }
        environment.save()
        return environment

    return make


def pair(keys: tuple[str, ...]) -> dict[str, str]:
    """The addresses that the manifest gives a consumer of these keys."""
    variables = {"gate": "ANTHROPIC_BASE_URL", "spare": "SPARE_BASE_URL"}
    return {variables[name]: VENDORS[name]["baseUrl"] for name in keys if name in variables}


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    started_with = {*clean_environment(Path()), "LC_CTYPE"}
    return {name: text for name, text in json.loads(done.stdout).items() if name not in started_with}


def test_a_gateways_token_comes_with_its_address(with_keys: Callable[..., Environment]) -> None:
    done = with_keys("gate").run("exec", *SHOW)
    assert seen(done) == {"ANTHROPIC_AUTH_TOKEN": VALUES["gate"], "ANTHROPIC_BASE_URL": URL}
    assert done.stderr == ""


def test_leftovers_do_not_part_the_pair(with_keys: Callable[..., Environment]) -> None:
    """Another address in the shell would get the token; an API key there would be sent to the gateway."""
    done = with_keys("gate").run(
        "exec", *SHOW, ANTHROPIC_BASE_URL="https://old.example.com", ANTHROPIC_API_KEY="hidden-text"
    )
    assert seen(done) == {"ANTHROPIC_AUTH_TOKEN": VALUES["gate"], "ANTHROPIC_BASE_URL": URL}
    assert done.stderr.startswith("removed ANTHROPIC_API_KEY: ")
    assert "ANTHROPIC_BASE_URL" not in done.stderr
    assert "hidden-text" not in done.stderr


def test_keeping_the_address_of_the_shell_does_not_send_the_token_there(
    with_keys: Callable[..., Environment],
) -> None:
    done = with_keys("gate").run(
        "exec", "--keep", "ANTHROPIC_BASE_URL", *SHOW, ANTHROPIC_BASE_URL="https://old.example.com"
    )
    assert seen(done)["ANTHROPIC_BASE_URL"] == URL


def test_a_consumer_of_a_gateway_gets_the_pair_once(with_keys: Callable[..., Environment]) -> None:
    done = with_keys("gate", "spare").run("exec", "--consumer", "evals", *SHOW)
    assert seen(done) == {
        "ANTHROPIC_AUTH_TOKEN": VALUES["gate"],
        "ANTHROPIC_BASE_URL": URL,
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
        "SPARE_TOKEN": VALUES["spare"],
        "SPARE_BASE_URL": "https://spare.example.com",
    }


def test_the_address_of_a_gateway_that_was_not_asked_for_is_not_set(
    with_keys: Callable[..., Environment],
) -> None:
    """With it and without its token, a key of the shell's own would go to that gateway."""
    done = with_keys("gate", "spare").run("exec", "--consumer", "evals", "--only", "spare", *SHOW)
    assert seen(done) == {
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
        "SPARE_TOKEN": VALUES["spare"],
        "SPARE_BASE_URL": "https://spare.example.com",
    }


def test_an_api_key_is_not_given_to_a_program_that_would_send_it_to_a_gateway(
    with_keys: Callable[..., Environment],
) -> None:
    environment = with_keys("anthropic", "gate")
    done = environment.run("exec", *SHOW)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the keys anthropic and gate cannot be in one program: ANTHROPIC_BASE_URL says where it sends "
        "both, so anthropic would go to the gateway of gate\n"
        "hint: choose one with --only anthropic, or a consumer's keys with --consumer NAME\n"
    )
    assert seen(environment.run("exec", "--only", "anthropic", *SHOW)) == {
        "ANTHROPIC_API_KEY": VALUES["anthropic"]
    }
    assert seen(environment.run("exec", "--only", "gate", *SHOW)) == {
        "ANTHROPIC_AUTH_TOKEN": VALUES["gate"],
        "ANTHROPIC_BASE_URL": URL,
    }


def test_a_gateway_with_a_variable_of_its_own_may_be_beside_an_api_key(
    with_keys: Callable[..., Environment],
) -> None:
    assert seen(with_keys("anthropic", "spare").run("exec", *SHOW)) == {
        "ANTHROPIC_API_KEY": VALUES["anthropic"],
        "SPARE_TOKEN": VALUES["spare"],
        "SPARE_BASE_URL": "https://spare.example.com",
    }


def test_a_gateway_with_a_variable_of_its_own_takes_nothing_away_from_the_shell(
    with_keys: Callable[..., Environment],
) -> None:
    done = with_keys("spare").run("exec", *SHOW, ANTHROPIC_API_KEY="the-shells-own")
    assert (seen(done)["ANTHROPIC_API_KEY"], done.stderr) == ("the-shells-own", "")


def test_an_admin_key_is_given_only_to_whom_names_it_or_reads_it(
    with_keys: Callable[..., Environment],
) -> None:
    environment = with_keys("admin", "anthropic")
    api_key = {"ANTHROPIC_API_KEY": VALUES["anthropic"]}
    admin_key = {"ANTHROPIC_ADMIN_API_KEY": VALUES["admin"]}
    assert seen(environment.run("exec", *SHOW)) == api_key
    assert seen(environment.run("exec", "--only", "admin", *SHOW)) == admin_key
    consumers = seen(environment.run("exec", "--consumer", "evals", *SHOW))
    assert consumers == {**api_key, **admin_key, "ANTHROPIC_MODEL": "claude-sonnet-4-6"}


def test_an_environment_of_admin_keys_says_how_to_get_one(with_keys: Callable[..., Environment]) -> None:
    environment = with_keys("admin")
    done = environment.run("exec", *SHOW)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: environment {environment.name} has no keys but Admin API keys, which a program gets only by "
        "name\nhint: keyplan exec --only admin -- …\n"
    )


def test_a_manifest_that_sends_the_token_elsewhere_than_its_key_says_is_refused(
    with_keys: Callable[..., Environment],
) -> None:
    environment = with_keys("gate")
    environment.document["consumers"]["evals"]["env"]["ANTHROPIC_BASE_URL"] = "https://evil.example"
    environment.save()
    done = environment.run("exec", "--consumer", "evals", *SHOW)
    assert (done.returncode, done.stdout) == (2, "")
    assert "consumers.evals.env.ANTHROPIC_BASE_URL: expected the baseUrl of its gateway's key" in done.stderr
