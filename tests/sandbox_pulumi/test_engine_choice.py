"""Which engine a run has, what is said about it, and how `python -m sandbox pulumi` says what went wrong.

The tests with the real engine share one sandbox and follow each other: it begins with Pulumi's engine, loses
its cloud, begins again with the builtin one, and so on.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from keyplan.errors import KeyplanError, UsageError
from sandbox import engine_choice
from sandbox.commands.pulumi import command_in
from sandbox.engine_choice import AUTO, BUILTIN, PULUMI, VARIABLE, Choice, choose, requested
from sandbox.project import Project
from sandbox.pulumi_cli import obtain
from sandbox.pulumi_cli.find import ON_PATH, Engine, Search, search
from sandbox.server.record import ServerRecord
from tests.end_to_end.project_copy import ProjectCopy, Ran
from tests.end_to_end.stack_copy import write_configuration
from tests.sandbox_pulumi.engine_copy import WITHOUT_ASKING, give_engine, workspace
from tests.sandbox_pulumi.machines import write_script

STACK = "sandbox"
KEY = "sk-ant-" + "api03-" + "x" * 93 + "AA"
SMALL = {"owner": "a@example.com", "protect": False, "keys": {"anthropic": {"vendor": "anthropic"}}}
GONE = "the sandbox's cloud was gone, and the values in it with it: everything has to be made again"
START_OVER = "hint: python -m sandbox down, which forgets the values in it, then up with the other engine\n"
MISSING = "error: there is no pulumi on PATH, and keyplan has no copy of its own\nhint: python -m sandbox "
QUIET = ("--color=never", "--non-interactive")


def refused(began_with: str) -> str:
    return f"error: this sandbox began with the engine {began_with}, and stays with it\n{START_OVER}"


def kill_server(copy: ProjectCopy) -> None:
    record = json.loads((copy.directory / ".keyplan/sandbox/server.json").read_text())
    os.kill(record["pid"], signal.SIGKILL)


def without_engine(copy: ProjectCopy, place: Path) -> Mapping[str, str]:
    """Variables that hide every engine from a copy, whose home has none."""
    place.mkdir(exist_ok=True)
    return {"PATH": str(place)}


def ended(ran: Ran, code: int) -> Ran:
    assert ran.code == code, ran.said
    return ran


# ---- what is asked for ----


@pytest.mark.parametrize(
    ("argument", "variable", "engine"),
    [
        (None, None, AUTO),
        (None, "", AUTO),
        (None, "builtin", BUILTIN),
        ("pulumi", "builtin", PULUMI),
        ("auto", "builtin", AUTO),
        ("pulumi", "no-such", PULUMI),
    ],
)
def test_the_option_wins_over_the_variable(argument: str | None, variable: str | None, engine: str) -> None:
    assert requested(argument, {} if variable is None else {VARIABLE: variable}) == engine


@pytest.mark.parametrize(
    ("argument", "environ", "place"),
    [
        ("Pulumi", {}, "--engine"),
        ("", {VARIABLE: "builtin"}, "--engine"),
        (None, {VARIABLE: "moto"}, VARIABLE),
    ],
)
def test_an_unknown_engine_is_refused_where_it_was_asked_for(
    argument: str | None, environ: Mapping[str, str], place: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        requested(argument, environ)
    assert refusal.value.message == f"{place} asks for an engine that there is not"
    assert refusal.value.hint == "one of auto, pulumi, builtin"


def test_only_by_its_name_is_an_engine_obtained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    got = Engine(tmp_path / "pulumi", "3.259.0", "keyplan's own copy", None)
    calls: list[str] = []

    def obtained(environ: Mapping[str, str], report: object) -> Engine:
        calls.append("obtained")
        return got

    monkeypatch.setattr(obtain, "obtain_engine", obtained)
    record = ServerRecord(pid=1, port=1, instance="i", started=0.0, process_start="")
    nothing = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    project = Project(tmp_path)
    assert choose(AUTO, project, record, nothing, print).pulumi is None
    assert choose(BUILTIN, project, record, nothing, print) == Choice(None, "as asked for")
    assert calls == []
    assert choose(PULUMI, project, record, nothing, print) == Choice(got, "keyplan's own copy")
    assert calls == ["obtained"]


def test_every_pulumi_of_the_machine_is_asked_once_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches: list[Mapping[str, str]] = []

    def counted(environ: Mapping[str, str], known: Mapping[str, str]) -> Search:
        searches.append(environ)
        return search(environ, known)

    monkeypatch.setattr(engine_choice, "search", counted)
    monkeypatch.setattr(engine_choice, "_began_with", lambda project, record: PULUMI)
    record = ServerRecord(pid=1, port=1, instance="i", started=0.0, process_start="")
    with pytest.raises(KeyplanError, match="there is no pulumi on PATH"):
        choose(AUTO, Project(tmp_path), record, {"PATH": str(tmp_path), "HOME": str(tmp_path)}, print)
    assert len(searches) == 1


# ---- a machine without an engine ----


@pytest.fixture(scope="module")
def bare(make_copy: Callable[[], ProjectCopy], tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    """A copy on a machine without any pulumi."""
    copy = make_copy()
    copy.environment |= without_engine(copy, tmp_path_factory.mktemp("empty"))
    del copy.environment["KEYPLAN_SANDBOX_ENGINE"]
    write_configuration(copy, SMALL)
    return copy


def test_without_an_engine_a_pulumi_command_says_how_to_get_one_and_starts_nothing(bare: ProjectCopy) -> None:
    ran = ended(bare.sandbox("pulumi", "preview", f"--stack={STACK}"), 3)
    assert ran.said == f"{MISSING}engine --obtain, or install Pulumi: https://www.pulumi.com/docs/install/\n"
    assert not (bare.directory / ".keyplan/sandbox/server.json").exists()
    assert not (bare.home / ".cache").exists()


def test_without_an_engine_the_builtin_one_is_used_and_the_reason_said(bare: ProjectCopy) -> None:
    ran = ended(bare.sandbox("up", "--preview"), 0)
    assert ran.stderr.splitlines()[0] == "engine: builtin (there is no pulumi; `make engine` gets one)"
    write_script(Path(bare.environment["PATH"]) / "pulumi", "exit 1")
    ran = ended(bare.sandbox("up"), 0)
    assert ran.stderr.splitlines()[0] == (
        "engine: builtin (there is no pulumi on this machine that can be used; `make engine` gets one)"
    )
    assert not (bare.home / ".cache").exists()


def test_what_the_builtin_engine_made_no_pulumi_command_touches(bare: ProjectCopy) -> None:
    assert ended(bare.sandbox("pulumi", "stack", "ls"), 2).said == refused("builtin")
    assert ended(bare.sandbox("up", "--engine", "pulumi"), 2).said == refused("builtin")


# ---- a machine with Pulumi's engine ----


@pytest.fixture(scope="module")
def copy(make_copy: Callable[[], ProjectCopy], real_engine: Engine) -> ProjectCopy:
    """A copy with the real engine on its PATH, and no variable that asks for one."""
    result = give_engine(make_copy(), real_engine)
    del result.environment["KEYPLAN_SANDBOX_ENGINE"]
    write_configuration(result, SMALL)
    return result


def pulumi_said(engine: Engine) -> str:
    return f"engine: Pulumi {engine.version} ({ON_PATH})"


def test_pulumis_engine_is_preferred_and_said(copy: ProjectCopy, real_engine: Engine) -> None:
    ran = ended(copy.sandbox("up"), 0)
    assert ran.stderr.splitlines()[0] == pulumi_said(real_engine)
    assert (workspace(copy) / f"state/.pulumi/stacks/keyplan/{STACK}.json").exists()
    assert not (copy.directory / ".keyplan/sandbox/state.json").exists()
    ended(copy.keyplan("put", "anthropic", stdin=KEY), 0)


def test_a_stack_of_pulumis_engine_is_left_to_it(copy: ProjectCopy, real_engine: Engine) -> None:
    for ran in (
        copy.sandbox("up", "--engine", "builtin"),
        copy.sandbox("up", environment={VARIABLE: "builtin"}),
        copy.sandbox("up", "--preview", "--engine=builtin", environment={VARIABLE: "pulumi"}),
    ):
        assert ended(ran, 2).said == refused("pulumi")
    for words in (["--engine", "auto"], ["--engine", "pulumi"]):
        ran = ended(copy.sandbox("up", *words, environment={VARIABLE: "builtin"}), 0)
        assert pulumi_said(real_engine) in ran.stderr
        assert ran.stdout.startswith("kept: 31 resources\n")


def test_when_its_engine_is_gone_the_other_does_not_take_over(copy: ProjectCopy, tmp_path: Path) -> None:
    nothing = without_engine(copy, tmp_path / "empty")
    for words in (["up"], ["up", "--engine", "pulumi"], ["pulumi", "stack", "ls"]):
        assert ended(copy.sandbox(*words, environment=nothing), 3).said.startswith(MISSING)
    assert not (copy.home / ".cache").exists()


def test_when_the_cloud_is_gone_it_is_made_again_with_either_engine(
    copy: ProjectCopy, real_engine: Engine
) -> None:
    kill_server(copy)
    ran = ended(copy.sandbox("up", "--engine", "builtin"), 0)
    assert ran.stderr.splitlines()[:2] == [GONE, "engine: builtin (as asked for)"]
    assert "without a value: anthropic" in ran.stdout
    assert ended(copy.sandbox("up", "--engine", "pulumi"), 2).said == refused("builtin")
    assert ended(copy.sandbox("pulumi", "preview", f"--stack={STACK}"), 2).said == refused("builtin")
    ran = ended(copy.sandbox("up", "--preview"), 0)
    assert ran.stderr.splitlines()[0] == "engine: builtin (this sandbox began with it)"

    kill_server(copy)
    ran = ended(copy.sandbox("up"), 0)
    assert ran.stderr.splitlines()[:2] == [GONE, pulumi_said(real_engine)]
    assert "created: " in ran.stdout
    ended(copy.keyplan("put", "anthropic", stdin=KEY), 0)


def test_a_pulumi_command_in_a_cloud_that_is_gone_says_so_and_plans_everything_anew(
    copy: ProjectCopy,
) -> None:
    kill_server(copy)
    ran = ended(copy.sandbox("pulumi", "preview", f"--stack={STACK}", *QUIET), 0)
    assert ran.stderr.splitlines()[0] == GONE
    assert "unchanged" not in ran.stdout
    ran = ended(copy.sandbox("pulumi", f"--stack={STACK}", "up", *WITHOUT_ASKING, *QUIET), 0)
    assert f"keyplan's commands now act on {STACK} in the sandbox" in ran.stderr
    assert "no value" in ended(copy.keyplan("status"), 0).stdout


# ---- what goes wrong with a Pulumi command ----


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ([], None),
        (["up"], "up"),
        (["-s", "dev", "up"], "up"),
        (["--stack=dev", "config", "set"], "config"),
        (["--non-interactive", "-e", "--color", "never", "destroy", "-s", "up"], "destroy"),
        (["--help"], None),
        (["-v"], None),
    ],
)
def test_the_command_is_found_behind_options(words: list[str], command: str | None) -> None:
    assert command_in(words) == command


WRONG_USE: Mapping[str, tuple[list[str], str]] = {
    "no command": (
        [],
        "error: which Pulumi command?\nhint: python -m sandbox pulumi preview -s dev\n",
    ),
    "an unknown stack": (
        ["up", "--stack", "organization/keyplan/" + KEY],
        "error: there is no such stack, and no file that describes it\n"
        "hint: one of dev, prod, sandbox; or write a Pulumi.STACK.yaml for another\n",
    ),
    "configuration that would be lost": (
        ["-s", "dev", "config", "set", "--secret", "owner", KEY],
        "error: the sandbox reads the configuration from the checkout\nhint: edit Pulumi.ENVIRONMENT.yaml\n",
    ),
    "another project": (
        ["up", "-s", "dev", "--cwd=/elsewhere"],
        "error: --cwd leads out of the sandbox, where no address of the emulator is configured\n"
        "hint: change into the project's directory, and edit Pulumi.ENVIRONMENT.yaml\n",
    ),
    "another project, in short": (
        ["-C/elsewhere", "up"],
        "error: -C leads out of the sandbox, where no address of the emulator is configured\n"
        "hint: change into the project's directory, and edit Pulumi.ENVIRONMENT.yaml\n",
    ),
    "another configuration": (
        ["preview", "-s", "dev", "--config-file", "other.yaml"],
        "error: --config-file leads out of the sandbox, where no address of the emulator is configured\n"
        "hint: change into the project's directory, and edit Pulumi.ENVIRONMENT.yaml\n",
    ),
}


@pytest.mark.parametrize("what", WRONG_USE)
def test_wrong_use_is_told_in_two_lines_that_repeat_nothing(copy: ProjectCopy, what: str) -> None:
    words, told = WRONG_USE[what]
    assert ended(copy.sandbox("pulumi", *words), 2).said == told


def test_mistakes_in_the_catalogue_are_told_with_their_lines_before_anything_is_done(
    copy: ProjectCopy,
) -> None:
    path = copy.directory / "Pulumi.dev.yaml"
    path.write_text(
        yaml.safe_dump({"config": {"keyplan:owner": "a@example.com", "keyplan:keys": {"a": {"vendor": "x"}}}})
    )
    line = path.read_text().splitlines().index("      vendor: x") + 1
    for words in (["up", "--stack=dev", *WITHOUT_ASKING], ["preview", "-s", "dev", "--json"]):
        ran = ended(copy.sandbox("pulumi", *words), 2)
        assert ran.stdout == ""
        assert ran.stderr.splitlines()[0] == "error: the configuration of dev has 2 mistakes"
        found = "keys.a.vendor: found `x`; allowed: anthropic, anthropic-admin, gateway or generic"
        assert f"  {path.name}:{line}: {found}" in ran.stderr
    assert "dev" not in copy.sandbox("pulumi", "stack", "ls", "--json").stdout
    # Neither help nor a stack without the mistakes is held up by them.
    assert "Usage:" in ended(copy.sandbox("pulumi", "up", "-s", "dev", "--help"), 0).stdout
    ended(copy.sandbox("pulumi", "preview", f"--stack={STACK}"), 0)


BROKEN = """
import pulumi


def break_it(_: object) -> None:
    raise RuntimeError("out of " + "cheese")


def break_later() -> None:
    pulumi.export("broken", pulumi.Output.from_input(1).apply(break_it))
"""


@pytest.mark.parametrize("function", ["break_it(None)", "break_later()"])
def test_a_program_that_raises_is_told_with_the_lines_of_its_own_code(
    copy: ProjectCopy, function: str
) -> None:
    main = copy.directory / "__main__.py"
    before = main.read_text()
    (copy.directory / "components" / "broken.py").write_text(BROKEN)
    main.write_text(f"from components import broken\n\nbroken.{function}\n")
    try:
        ran = copy.sandbox("pulumi", "up", f"--stack={STACK}", *WITHOUT_ASKING, *QUIET)
        ended(ran, 1)
        assert "now act on" not in ran.said
        *_, told = ran.stdout.split("Traceback (most recent call last):\n")
        lines = told.split("\n\n")[0].splitlines()
        assert lines[-1].strip() == "RuntimeError: out of cheese"
        files = [line.split('"')[1] for line in lines if line.lstrip().startswith("File ")]
        assert files[-1] == str(copy.directory / "components" / "broken.py")
        assert len(files) <= 3
        assert files[0].startswith(str(copy.directory))
    finally:
        main.write_text(before)
