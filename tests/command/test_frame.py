"""What every command has in common: help, exit codes, closed streams, Ctrl-C, and failures that nobody
foresaw.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keyplan import __version__
from keyplan.cli import VERBS, run
from keyplan.cli.reference import every_verb
from tests.command.environments import PROJECT, Environment, clean_environment, fake_key

Captured = pytest.CaptureFixture[str]


def keyplan(*arguments: str, home: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, "-m", "keyplan", *arguments],
        **{"capture_output": True, "text": True, "cwd": home, "timeout": 60, "check": False, **options},
        env=clean_environment(home),
    )


def test_without_a_verb_the_verbs_are_told_as_wrong_use(capsys: Captured) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"\n  {verb} " in err for verb in VERBS)


@pytest.mark.parametrize("word", ["-h", "--help", "help"])
def test_help_is_a_result(word: str, capsys: Captured) -> None:
    assert run([word]) == 0
    assert capsys.readouterr().out.startswith("usage: keyplan VERB")


def test_version(capsys: Captured) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"keyplan {__version__}\n"


@pytest.mark.parametrize("verb", every_verb())
def test_every_verb_has_help_that_says_what_a_second_run_does(verb: str, capsys: Captured) -> None:
    assert run([*verb.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: keyplan {verb} ")
    assert "Exit code:" in out or f"usage: keyplan {verb} VERB" in out


def test_a_verb_that_does_not_exist_gets_the_nearest_one_and_is_not_repeated(capsys: Captured) -> None:
    assert run(["statsu"]) == 2
    assert capsys.readouterr().err == "error: there is no such command\nhint: keyplan status --help\n"


@pytest.mark.parametrize("verb", ["put", "status", "exec"])
def test_an_unknown_option_is_not_repeated(verb: str, capsys: Captured) -> None:
    assert run([verb, f"--token={fake_key()}"]) == 2
    out, err = capsys.readouterr()
    assert fake_key() not in out + err


@pytest.mark.parametrize("verb", ["put", "status", "exec"])
def test_options_are_not_guessed_from_their_beginning(verb: str, capsys: Captured) -> None:
    assert run([verb, "--verb"]) == 2
    assert "error:" in capsys.readouterr().err


def test_a_reader_that_has_gone_ends_the_command_quietly(environment: Environment) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        environment.command("status"), stdout=write, stderr=subprocess.PIPE, check=False, timeout=60,
        env=clean_environment(environment.directory),
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("buffered", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_full_disk_is_told(environment: Environment, buffered: dict[str, str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            environment.command("status"), stdout=full, stderr=subprocess.PIPE, check=False, timeout=60,
            env={**clean_environment(environment.directory), **buffered},
        )  # fmt: skip
    assert done.returncode == 74
    assert done.stderr == b"error: standard output cannot be written: is the disk full?\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(closed: str, environment: Environment) -> None:
    def code(*arguments: str) -> int:
        command = ["sh", "-c", f'exec "$@" {closed}', "sh", *environment.command(*arguments)]
        done = subprocess.run(
            command,
            capture_output=True,
            env=clean_environment(environment.directory),
            check=False,
            timeout=60,
        )
        assert b"Traceback" not in done.stderr
        return done.returncode

    assert code("status") == 0
    assert code("put", "anthropic") == 2
    assert code("exec", "--only", "anthropic", "--", "true") == 3


def test_a_closed_standard_output_stays_closed_for_the_program(environment: Environment) -> None:
    environment.run("put", "anthropic", given=fake_key())
    program = ("sh", "-c", "test ! -e /proc/$$/fd/1")
    command = environment.command("exec", "--only", "anthropic", "--", *program)
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command],
        env=clean_environment(environment.directory), check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0


def test_a_failure_that_nobody_foresaw_hides_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("hidden-text") from KeyError("hidden-cause")

    monkeypatch.setattr("keyplan.cli.status.load", fail)
    codes = [run(["status"]), run(["status", "--verbose"])]
    out, err = capsys.readouterr()
    assert (codes, out) == ([70, 70], "")
    assert "error: this is a fault of keyplan (ValueError)" in err
    assert "hint: run it again with --verbose for the place in the code" in err
    assert "in fail" in err
    assert "hidden" not in err.replace("its text is hidden", "").replace(
        'raise ValueError("hidden-text") from KeyError("hidden-cause")', ""
    )


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for verb, words in (("status", "interrupted"), ("put", "interrupted; nothing was stored")):
        monkeypatch.setattr(f"keyplan.cli.{verb}.load", interrupt)
        assert run([verb, *(["anthropic"] if verb == "put" else [])]) == 130
        assert capsys.readouterr().err == f"\n{words}\n"


def test_verbose_says_what_is_done_and_when(environment: Environment) -> None:
    done = environment.run("status", "--verbose")
    assert f"manifest: {environment.manifest_file}" in done.stderr
    assert f"DescribeSecret {environment.name}/anthropic-api-key" in done.stderr


def test_the_console_script_is_the_same_command(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "keyplan"
    done = subprocess.run(
        [script, "--version"], capture_output=True, text=True, check=False, env=clean_environment(tmp_path)
    )
    assert done.stdout == f"keyplan {__version__}\n"


def test_outside_a_project_every_command_says_how_to_name_an_environment(tmp_path: Path) -> None:
    for arguments in (("status",), ("exec", "--", "true"), ("put", "anthropic")):
        done = keyplan(*arguments, home=tmp_path, stdin=subprocess.DEVNULL)
        assert done.returncode == 2
        assert done.stderr.startswith(
            "error: no manifest: there is no Pulumi.yaml here or in a directory above"
        )


HEAVY = {
    "boto3",
    "botocore",
    "dataclasses",
    "typing",
    "inspect",
    "subprocess",
    "yaml",
    "threading",
    "difflib",
    "traceback",
}


def test_the_short_road_imports_nothing_heavy(environment: Environment) -> None:
    """What `keyplan exec` imports is waited for by every program that it starts."""
    environment.run("put", "anthropic", given=fake_key())
    program = (
        "import sys, os\n"
        "heavy = set(sys.argv[1].split())\n"
        "os.execvpe = lambda *_: (print(*sorted(heavy & set(sys.modules)), flush=True), os._exit(0))\n"
        "from keyplan.cli import run\n"
        "sys.exit(run(sys.argv[2:]))\n"
    )
    arguments = environment.command("exec", "--only", "anthropic", "--", "true")[3:]
    # -S: what an editable installation imports at start is not keyplan's.
    program = f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n{program}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, " ".join(HEAVY), *arguments],
        capture_output=True, text=True, check=False, timeout=60, env=clean_environment(environment.directory),
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("\n", "", 0)


REVEALING = {
    "keyplan/cli/key_helper.py",  # prints it for Claude Code, which asked for it
    "keyplan/cli/keychain.py",  # gives it to the vendor's check
    "keyplan/cli/put.py",  # likewise
    "keyplan/cli/wire.py",  # writes the file that was asked for
    "keyplan/doctor/addresses.py",  # connects where it says, and opens the file that it names
    "keyplan/doctor/model.py",  # asks what kind of value it is
    "keyplan/environ.py",  # gives it to the program
    "keyplan/keychain/opening.py",  # gives it to the operating system
    "keyplan/rotation/turning.py",  # gives it to the vendor's check and hint
    "keyplan/stores/raw_value.py",  # gives it to the store, on Google Cloud
    "keyplan/stores/stored_value.py",  # gives it to the store
    "keyplan/vendors/organization.py",  # asks whether an Admin API key can stand in a header
    "keyplan/vendors/road.py",  # asks the same of a value
    "keyplan/vendors/talk.py",  # puts it into a header of the request to its vendor
    "keyplan/wiring/dotenv.py",  # quotes it for that file
}


def test_values_are_revealed_in_these_places_only() -> None:
    found = set()
    for path in (PROJECT / "keyplan").rglob("*.py"):
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute))
        if any(node.attr == "reveal" for node in calls):
            found.add(str(path.relative_to(PROJECT)))
    assert found == REVEALING
