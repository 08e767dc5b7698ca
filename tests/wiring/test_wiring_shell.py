"""The shell target: what every shell that is here makes of `eval "$(keyplan wire shell CONSUMER)"`."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire
from keyplan.wiring.syntax import shell as syntax
from tests.wiring.conftest import example
from tests.wiring.local_consumers import (
    LEFTOVERS,
    NAME,
    PRINT,
    environment,
    record_as,
    recorded,
    run,
    with_variables,
    without_keys,
)
from tests.wiring_gcp.plain_texts import MANY, VARIABLES

SHELLS = [name for name in ("sh", "dash", "bash", "ksh", "mksh", "zsh") if shutil.which(name)]


def evaluated(shell: str, text: str, home: Path, **more: str) -> dict[str, str]:
    """The environment of a program that the shell starts after it evaluated the text."""
    (home / "text").write_bytes(text.encode())
    script = 'eval "$(cat text)"; exec "$@"'
    done = run([shell, "-c", script, shell, *PRINT], environment(home, **more), home)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("shell", SHELLS)
@MANY
@given(env=VARIABLES)
def test_every_shell_reads_back_exactly_the_same_text(
    shell: str, tmp_path: Path, env: dict[str, str]
) -> None:
    found = evaluated(shell, wire(with_variables(example(), env), NAME, "shell"), tmp_path)
    assert {name: found.get(name) for name in env} == env


@pytest.mark.parametrize("shell", SHELLS)
def test_what_would_win_over_a_key_is_gone_and_the_rest_stays(
    shell: str, manifest: Manifest, tmp_path: Path
) -> None:
    found = evaluated(shell, wire(manifest, NAME, "shell"), tmp_path, MINE="1", **LEFTOVERS)
    assert set(found) & set(LEFTOVERS) == set()
    assert (found["MINE"], found["ANTHROPIC_MODEL"]) == ("1", "claude-sonnet-4-6")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_function_starts_a_program_with_its_arguments_through_exec(
    shell: str, manifest: Manifest, tmp_path: Path
) -> None:
    record_as(tmp_path, "keyplan")
    (tmp_path / "text").write_text(wire(manifest, NAME, "shell"))
    script = 'eval "$(cat text)"; with_keys claude "a b" "" "*" --flag "$(printf "x\\ny")"'
    done = run([shell, "-c", script], environment(tmp_path, RECORD=str(tmp_path / "record")), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert recorded(tmp_path / "record")[0] == [
        "exec", "--manifest", f"{tmp_path}/.config/keyplan/prod.json", "--consumer", NAME, "--",
        "claude", "a b", "", "*", "--flag", "x\ny",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
def test_an_eval_without_its_quotes_does_nothing(shell: str, manifest: Manifest, tmp_path: Path) -> None:
    hostile = with_variables(manifest, {"TEXT": "* \n touch made; $(touch made) `touch made`"})
    (tmp_path / "text").write_text(wire(hostile, NAME, "shell"))
    # zsh does not split an unquoted substitution, so that this is right there.
    done = run([shell, "-c", 'eval $(cat text); echo "[${TEXT-unset}]"'], environment(tmp_path), tmp_path)
    assert done.returncode == 0
    if shell != "zsh":
        assert done.stdout == "[unset]\n"
    assert not (tmp_path / "made").exists()


def test_a_shell_that_stops_at_errors_and_unset_variables_goes_on(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(wire(manifest, NAME, "shell"))
    done = run(["sh", "-euc", 'eval "$(cat text)"; echo on'], environment(tmp_path), tmp_path)
    assert (done.stdout, done.stderr) == ("on\n", "")


def test_a_consumer_without_keys_gets_its_variables_and_no_function(manifest: Manifest) -> None:
    assert wire(without_keys(manifest, env={"A": "1"}), NAME, "shell") == (
        "# Variables of chat-api in prod; no value of a key is in here.\n"
        '# eval "$(keyplan wire shell chat-api)"\n'
        "export A='1'\n"
    )


@pytest.mark.parametrize(
    ("route", "env", "gone"),
    [
        ("federation", {"ANTHROPIC_FEDERATION_RULE_ID": "fdrl_x"}, {*LEFTOVERS} - {"OPENROUTER_API_KEY"}),
        ("subscription", {}, {*LEFTOVERS} - {"OPENROUTER_API_KEY"}),
        (
            "bedrock",
            {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_REGION": "eu-west-1"},
            {"CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_VERTEX"},
        ),
    ],
)
def test_on_a_route_without_a_key_what_would_win_over_it_is_gone(
    manifest: Manifest, tmp_path: Path, route: str, env: dict[str, str], gone: set[str]
) -> None:
    text = wire(without_keys(manifest, route=route, env=env), NAME, "shell")
    found = evaluated("sh", text, tmp_path, **LEFTOVERS)
    assert set(LEFTOVERS) - set(found) == gone
    assert {name: found[name] for name in env} == env
    assert "with_keys" not in text


def test_the_address_of_a_gateway_stays_with_its_token(manifest: Manifest, tmp_path: Path) -> None:
    key = replace(
        manifest.keys["anthropic"],
        vendor="gateway",
        env_var="ANTHROPIC_AUTH_TOKEN",
        base_url="https://g.test",
    )
    changed = with_variables(manifest, {"ANTHROPIC_BASE_URL": "https://g.test"})
    changed = replace(changed, keys={**manifest.keys, "anthropic": key})
    found = evaluated("sh", wire(changed, NAME, "shell"), tmp_path, **LEFTOVERS)
    assert {name: found[name] for name in LEFTOVERS if name in found} == {
        "ANTHROPIC_BASE_URL": "https://g.test"
    }


@pytest.mark.parametrize("name", ["UID", "IFS", "PPID", "USERNAME", "_", "status"])
def test_a_variable_that_shells_keep_for_themselves_is_refused(manifest: Manifest, name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} of chat-api cannot be written: shells keep a variable"):
        wire(with_variables(manifest, {name: "CANARY"}), NAME, "shell")


def test_what_no_shell_can_hold_is_refused_and_never_shown(manifest: Manifest) -> None:
    with pytest.raises(UsageError, match="NUL") as caught:
        wire(with_variables(manifest, {"TEXT": "CANARY\0"}), NAME, "shell")
    assert "CANARY" not in caught.value.message
    with pytest.raises(UsageError, match="a name may have letters"):
        wire(with_variables(manifest, {"A;touch made": "x"}), NAME, "shell")
    with pytest.raises(ValueError, match="NUL"):
        syntax.word("a\0")


@pytest.mark.parametrize("environment_name", ["a b", "a;b", "$(id)", "a\nb", "é"])
def test_a_name_that_a_command_line_would_read_otherwise_is_an_error(
    manifest: Manifest, environment_name: str
) -> None:
    with pytest.raises(ManifestError, match="a name that is not letters"):
        wire(replace(manifest, environment=environment_name), NAME, "shell")


def test_every_line_of_a_comment_is_a_comment() -> None:
    assert syntax.comment("a\nb\rc\u2028d") == "# a\n# b\n# c\n# d"
