"""`keyplan exec`: the program gets its keys and nothing else changes, or it is not started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command.environments import Environment, clean_environment, fake_key
from tests.command.fake_aws import CUT, CUT_SHORT, Answer, FakeAws, failure, value

OTHER = "or-0123456789abcdef"
# Prints the variables that are of interest here, as JSON.
SHOW = ("--", sys.executable, "-c", "import json, os, sys; json.dump(dict(os.environ), sys.stdout)")


@pytest.fixture
def filled(environment: Environment) -> Environment:
    """Both keys have a value, stored as a user without keyplan would."""
    for key, variable, text in (
        ("anthropic", "ANTHROPIC_API_KEY", fake_key()),
        ("openrouter", "OPENROUTER_API_KEY", OTHER),
    ):
        content = json.dumps({variable: text})
        environment.secrets.put_secret_value(SecretId=environment.arn(key), SecretString=content)
    return environment


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert done.returncode == 0, done.stderr
    variables: dict[str, str] = json.loads(done.stdout)
    return {
        name: text
        for name, text in variables.items()
        if name not in clean_environment(Path()) and name != "LC_CTYPE"
    }


def test_the_program_gets_every_key_of_the_environment(filled: Environment) -> None:
    done = filled.run("exec", *SHOW)
    assert seen(done) == {"ANTHROPIC_API_KEY": fake_key(), "OPENROUTER_API_KEY": OTHER}
    assert done.stderr == ""


def test_only_the_keys_that_are_named_are_read(filled: Environment) -> None:
    filled.secrets.delete_secret(SecretId=filled.arn("openrouter"))
    assert seen(filled.run("exec", "--only", "anthropic", *SHOW)) == {"ANTHROPIC_API_KEY": fake_key()}


def test_a_consumer_gets_its_keys_and_its_plain_variables(filled: Environment) -> None:
    assert seen(filled.run("exec", "--consumer", "chat-api", *SHOW)) == {
        "ANTHROPIC_API_KEY": fake_key(),
        "ANTHROPIC_MODEL": "claude-sonnet-4-6",
    }


def test_what_would_win_over_a_key_is_removed_and_named(filled: Environment) -> None:
    done = filled.run(
        "exec", "--only", "anthropic", "--keep", "CLAUDE_CODE_USE_VERTEX", *SHOW,
        ANTHROPIC_AUTH_TOKEN="hidden-text", CLAUDE_CODE_USE_VERTEX="1", CLAUDE_CODE_OAUTH_TOKEN="o",
    )  # fmt: skip
    assert seen(done) == {
        "ANTHROPIC_API_KEY": fake_key(), "CLAUDE_CODE_USE_VERTEX": "1", "CLAUDE_CODE_OAUTH_TOKEN": "o",
    }  # fmt: skip
    assert done.stderr == (
        "removed ANTHROPIC_AUTH_TOKEN: Claude Code would use it instead of the key "
        "(--keep ANTHROPIC_AUTH_TOKEN leaves it)\n"
    )


@pytest.mark.parametrize("code", [0, 1, 3, 130, 255])
def test_the_exit_code_is_the_programs(filled: Environment, code: int) -> None:
    assert filled.run("exec", "--", "sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGPIPE])
def test_a_signal_that_ends_the_program_is_seen_as_that_signal(filled: Environment, number: int) -> None:
    assert filled.run("exec", "--", "sh", "-c", f"kill -{int(number)} $$").returncode == -number


def test_signals_have_the_meaning_that_they_had_for_the_caller(filled: Environment) -> None:
    """Python ignores SIGPIPE for itself; a program that inherited that would write into closed pipes for
    ever.
    """
    program = ("sh", "-c", "yes | head -n 1; grep -i sigign /proc/self/status")
    direct = subprocess.run(program, capture_output=True, text=True, check=True)
    assert filled.run("exec", "--", *program).stdout == direct.stdout


def test_a_signal_that_the_caller_ignores_stays_ignored(filled: Environment) -> None:
    program = ("sh", "-c", "kill -2 $$; kill -1 $$; echo alive")
    done = subprocess.run(
        ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", *filled.command("exec", "--", *program)],
        capture_output=True, env=clean_environment(filled.directory), check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, b"alive\n")


def test_the_process_itself_becomes_the_program(filled: Environment) -> None:
    command = filled.command("exec", "--", "sh", "-c", "echo $$")
    started = subprocess.Popen(command, env=clean_environment(filled.directory), stdout=subprocess.PIPE)
    assert started.communicate(timeout=60)[0] == f"{started.pid}\n".encode()


def test_standard_input_is_the_programs(filled: Environment) -> None:
    assert filled.run("exec", "--", "cat", given="hello").stdout == "hello"


def test_arguments_reach_the_program_as_they_are(filled: Environment) -> None:
    program = (sys.executable, "-c", "import sys; print(sys.argv[1:])")
    arguments = ("--", "--only", "a b", "", "$HOME", "--verbose", "-h")
    assert filled.run("exec", "--", *program, *arguments).stdout == f"{list(arguments)}\n"


@pytest.mark.parametrize(
    ("make", "code", "words"),
    {
        "no such program": (lambda path: "no-such-program", 127, "the program was not found"),
        "no such file": (lambda path: str(path / "nothing"), 127, "the program was not found"),
        "not executable": (lambda path: str(path / "manifest.json"), 126, "it is not executable"),
        "a directory": (lambda path: str(path), 126, "it is not executable"),
        "not a program": (lambda path: str(_broken(path)), 126, "not a program that this machine can run"),
    }.values(),
)
def test_a_program_that_cannot_be_started_is_told_as_shells_do(
    filled: Environment, make: Callable[[Path], str], code: int, words: str
) -> None:
    done = filled.run("exec", "--", make(filled.directory))
    assert done.returncode == code
    assert words in done.stderr


def _broken(path: Path) -> Path:
    file = path / "broken"
    file.write_bytes(b"\x7fELF")
    file.chmod(0o755)
    return file


def test_every_key_that_cannot_be_read_is_named_before_anything_is_started(filled: Environment) -> None:
    filled.secrets.delete_secret(SecretId=filled.arn("openrouter"), RecoveryWindowInDays=7)
    filled.document["keys"]["anthropic"]["aws"].update(
        name="t/gone", arn="arn:aws:secretsmanager:eu-west-1:123456789012:secret:t/gone-AbCdEf"
    )
    filled.save()
    done = filled.run("exec", "--", "touch", "started")
    assert done.returncode == 3
    lines = done.stderr.splitlines()
    assert lines[0] == "error: 2 keys cannot be read:"
    assert f"key anthropic of environment {filled.name}: there is no secret t/gone" in lines[1]
    assert f"secret {filled.name}/openrouter-api-key is deleted, and can be restored until 20" in lines[2]
    assert lines[3] == "the program was not started"
    assert not (filled.directory / "started").exists()


def test_a_key_without_a_value_is_told_with_the_command_that_stores_one(environment: Environment) -> None:
    environment.secrets.put_secret_value(
        SecretId=environment.arn("openrouter"), SecretString=json.dumps({"OPENROUTER_API_KEY": OTHER})
    )
    done = environment.run("exec", "--", "true")
    assert done.returncode == 3
    assert done.stderr == (
        f"error: key anthropic of environment {environment.name}: nobody has stored a value in secret "
        f"{environment.name}/anthropic-api-key yet\n"
        "the program was not started\n"
        "hint: keyplan put anthropic; or run without it: keyplan exec --only openrouter -- …\n"
    )


WRONG_USE = {
    "no program": (("exec",), "there is no program to run: give it after `--`"),
    "nothing after the dashes": (("exec", "--"), "there is no program to run: give it after `--`"),
    "a program without the dashes": (("exec", "env"), "the arguments are not understood"),
    "a key that is not there": (
        ("exec", "--only", "typo", "--", "true"),
        "there is no such key in environment",
    ),
    "a consumer that is not there": (
        ("exec", "--consumer", "typo", "--", "true"),
        "there is no such consumer",
    ),
    "a key that the consumer does not read": (
        ("exec", "--consumer", "chat-api", "--only", "openrouter", "--", "true"),
        "there is no such key in consumer chat-api; it has anthropic",
    ),
    "no time at all": (("exec", "--timeout", "0", "--", "true"), "--timeout is without its value, or"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG_USE.values(), ids=WRONG_USE.keys())
def test_wrong_use_is_told_without_repeating_what_was_typed(
    arguments: tuple[str, ...], words: str, filled: Environment
) -> None:
    done = filled.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "typo" not in done.stderr


def test_two_keys_with_one_variable_are_refused(filled: Environment) -> None:
    filled.document["keys"]["openrouter"]["envVar"] = "ANTHROPIC_API_KEY"
    filled.save()
    done = filled.run("exec", "--", "true")
    assert done.returncode == 2
    assert "the keys anthropic and openrouter both have the variable ANTHROPIC_API_KEY" in done.stderr
    assert filled.run("exec", "--only", "anthropic", "--", "true").returncode == 0


def test_another_shape_in_the_store_is_told_and_not_shown(filled: Environment) -> None:
    filled.secrets.put_secret_value(SecretId=filled.arn("anthropic"), SecretString="hidden-text")
    done = filled.run("exec", "--only", "anthropic", "--", "true")
    assert done.returncode == 3
    assert (
        "holds text that is not JSON; expected a JSON object with the one field ANTHROPIC_API_KEY"
        in done.stderr
    )
    assert "hidden-text" not in done.stdout + done.stderr


FAULTS: dict[str, tuple[list[Answer], int, int]] = {
    "throttled, then answered": ([failure("ThrottlingException"), value(fake_key())], 0, 2),
    "throttled until the attempts end": ([failure("ThrottlingException")], 3, 5),
    "broken inside, then answered": ([failure("InternalServiceError", status=500), value(fake_key())], 0, 2),
    "unavailable without a code, then answered": ([Answer(raw=b"busy", status=503), value(fake_key())], 0, 2),
    "cut, then answered": ([Answer(fault=CUT), value(fake_key())], 0, 2),
    "cut in the middle, then answered": ([Answer(fault=CUT_SHORT), value(fake_key())], 0, 2),
    "denied, which is not tried again": ([failure("AccessDeniedException")], 3, 1),
    "another protocol": ([Answer(raw=b"<html>welcome to the proxy</html>")], 3, 1),
    "a redirection": ([Answer(status=302)], 3, 1),
    "no object": ([Answer(["x"])], 3, 1),
    "an answer without end": ([Answer({**value(fake_key()).body, "more": "x" * 1_100_000})], 3, 1),
}


@pytest.mark.parametrize(("answers", "code", "attempts"), FAULTS.values(), ids=FAULTS.keys())
def test_what_may_pass_is_tried_again_and_nothing_else(
    answers: list[Answer], code: int, attempts: int, at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    fake_aws.answer("GetSecretValue", *answers)
    done = at(fake_aws.url).run("exec", "--only", "anthropic", "--", "printenv", "ANTHROPIC_API_KEY")
    assert (done.returncode, fake_aws.operations().count("GetSecretValue")) == (code, attempts)
    assert done.stdout == (f"{fake_key()}\n" if code == 0 else "")
    assert "fault of keyplan" not in done.stderr


DENIED = {
    "on the secret": (
        "not authorized to perform: secretsmanager:GetSecretValue",
        "your AWS identity may not do secretsmanager:GetSecretValue",
    ),
    "on the KMS key": (
        "Access to KMS is not allowed",
        "the KMS key behind it is not: your AWS identity may not do kms:Decrypt",
    ),
}


@pytest.mark.parametrize(("message", "words"), DENIED.values(), ids=DENIED.keys())
def test_a_denial_says_whether_the_secret_or_the_kms_key_denied(
    message: str, words: str, at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    fake_aws.answer("GetSecretValue", failure("AccessDeniedException", message))
    done = at(fake_aws.url).run("exec", "--only", "anthropic", "--", "true")
    assert done.returncode == 3
    assert words in done.stderr


def test_a_store_that_does_not_answer_in_time_is_told(
    at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    fake_aws.answer("GetSecretValue", Answer(wait_seconds=30))
    started = time.monotonic()
    done = at(fake_aws.url).run("exec", "--timeout", "0.3", "--only", "anthropic", "--", "true")
    assert (done.returncode, time.monotonic() - started < 20) == (3, True)
    assert "it took too long" in done.stderr


def test_a_sandbox_that_is_gone_is_told_with_the_way_to_start_it(at: Callable[[str], Environment]) -> None:
    done = at("http://127.0.0.1:1").run("exec", "--only", "anthropic", "--", "true")
    assert done.returncode == 3
    assert "no answer from the sandbox at 127.0.0.1:1: the connection was refused" in done.stderr
    assert "hint: start the sandbox: make sandbox" in done.stderr


def test_many_keys_are_read_at_once_and_come_out_in_order(
    new_environment: Callable[..., Environment],
) -> None:
    names = [f"key-{number:02}" for number in range(12)]
    environment = new_environment(*names)
    for name in names:
        variable = name.upper().replace("-", "_")
        environment.document["keys"][name]["envVar"] = variable
        environment.document["keys"][name]["aws"]["jsonKey"] = variable
        if name != "key-05":
            content = json.dumps({variable: f"value-of-{name}"})
            environment.secrets.put_secret_value(SecretId=environment.arn(name), SecretString=content)
    environment.save()
    failed = environment.run("exec", "--", "true")
    assert (failed.returncode, "key key-05 of environment" in failed.stderr) == (3, True)
    only = [word for name in names if name != "key-05" for word in ("--only", name)]
    variables = seen(environment.run("exec", *only, *SHOW))
    assert list(variables.values()) == [f"value-of-{name}" for name in names if name != "key-05"]


def test_ctrl_c_before_the_program_is_started_ends_with_130(
    at: Callable[[str], Environment], fake_aws: FakeAws
) -> None:
    fake_aws.answer("GetSecretValue", Answer(wait_seconds=30))
    environment = at(fake_aws.url)
    # With two keys threads are waiting; one key is read by the main thread.
    for arguments in ((), ("--only", "anthropic")):
        fake_aws.requests.clear()
        started = subprocess.Popen(
            environment.command("exec", *arguments, "--", "touch", "started"),
            env=clean_environment(environment.directory), cwd=environment.directory, stderr=subprocess.PIPE,
        )  # fmt: skip
        while not fake_aws.requests:
            time.sleep(0.01)
        os.kill(started.pid, signal.SIGINT)
        assert started.communicate(timeout=20)[1] == b"\ninterrupted; the program was not started\n"
        assert started.returncode == 130
    assert not (environment.directory / "started").exists()


def test_the_value_is_in_no_argument_and_on_no_disk(filled: Environment) -> None:
    done = filled.run("exec", "--verbose", "--", "sh", "-c", "cat /proc/$$/cmdline | tr '\\0' ' '")
    assert done.returncode == 0
    assert fake_key() not in done.stdout + done.stderr
    assert all(
        fake_key().encode() not in path.read_bytes() for path in filled.directory.rglob("*") if path.is_file()
    )
