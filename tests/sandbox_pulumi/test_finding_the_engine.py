"""Which `pulumi` the sandbox runs, and what is said about those that it does not."""

from __future__ import annotations

import os
import time
from importlib.metadata import requires
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.errors import EXIT_DONE, EXIT_REFUSED, KeyplanError
from sandbox import cli
from sandbox.pulumi_cli import find
from sandbox.pulumi_cli.find import (
    INSTALLED,
    OLDEST,
    ON_PATH,
    OWN_COPY,
    Engine,
    cache_directory,
    find_engine,
    parse_version,
    require_engine,
    search,
)
from tests.sandbox_pulumi.machines import VERSION, Machine, answering, write_script


def test_a_machine_without_an_engine_has_none(machine: Machine) -> None:
    assert find_engine(machine.environ()) is None


def test_path_comes_before_pulumis_own_folder_and_that_before_the_cache(machine: Machine) -> None:
    places = [(machine.on_path, ON_PATH), (machine.installed, INSTALLED), (machine.own_copy(), OWN_COPY)]
    for binary, _ in places:
        write_script(binary, answering(f"v{VERSION}"))
    for binary, origin in places:
        assert find_engine(machine.environ()) == Engine(binary, VERSION, origin, None)
        binary.unlink()
    assert find_engine(machine.environ()) is None


def test_of_its_own_copies_the_newest_is_used(machine: Machine) -> None:
    for version in ("3.259.0", "3.1000.0", "3.99.0"):
        write_script(machine.own_copy(version), answering(f"v{version}"))
    engine = find_engine(machine.environ())
    assert engine is not None
    assert engine.version == "3.1000.0"


def test_a_copy_that_is_not_finished_is_not_found(machine: Machine) -> None:
    for name in (".unfinished-v3.259.0", "3.259.0", "latest"):
        write_script(machine.cache / name / "bin" / "pulumi", answering(f"v{VERSION}"))
    assert search(machine.environ()) == find.Search(None, ())


UNUSABLE = {
    "another program of that name": (
        answering("GNU pulumi"),
        "does not answer `pulumi version` with a version",
    ),
    "a script that prints nothing": ("true", "does not answer `pulumi version` with a version"),
    "a page of text": (
        "while :; do echo 0123456789; done",
        "does not answer `pulumi version` with a version",
    ),
    "one that fails": ("exit 7", "is broken: `pulumi version` ended with exit code 7"),
    "one that crashes": ("kill -SEGV $$", "is broken: `pulumi version` ended with signal 11"),
    "one too old": (
        answering("v3.230.9"),
        "is version 3.230.9, and the oldest that works with this program is 3.231.0",
    ),
    "one of another time": (
        answering("v4.0.0"),
        "is version 4.0.0, and this program is written for version 3",
    ),
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_one_that_cannot_be_used_is_passed_over_with_the_reason(machine: Machine, kind: str) -> None:
    body, reason = UNUSABLE[kind]
    write_script(machine.on_path, body)
    write_script(machine.own_copy(), answering(f"v{VERSION}"))
    found = search(machine.environ())
    assert found.engine == Engine(machine.own_copy(), VERSION, OWN_COPY, None)
    assert [str(one) for one in found.passed_over] == [f"{machine.on_path} {reason}"]


def test_what_is_no_program_is_passed_over_with_the_reason(machine: Machine) -> None:
    folders = {name: machine.root / name for name in ("folder", "link", "loop", "text", "foreign")}
    for folder in folders.values():
        folder.mkdir()
    (folders["folder"] / "pulumi").mkdir()
    (folders["link"] / "pulumi").symlink_to("nowhere")
    (folders["loop"] / "pulumi").symlink_to("pulumi")
    (folders["text"] / "pulumi").write_text("v3.259.0")
    write_script(folders["foreign"] / "pulumi", "", interpreter="/no/such/interpreter")
    found = search(machine.environ(PATH=":".join(map(str, folders.values()))))
    assert {one.binary.parent.name: one.reason for one in found.passed_over} == {
        "folder": "is a directory",
        "link": "is a link to nothing",
        "loop": "is a link to nothing",
        "text": "is not executable",
        "foreign": "cannot be started (no such file or directory)",
    }


def test_one_that_is_linked_from_two_folders_is_named_once(machine: Machine) -> None:
    write_script(machine.on_path, "exit 7")
    (machine.root / "other").mkdir()
    (machine.root / "other" / "pulumi").symlink_to(machine.on_path)
    found = search(machine.environ(PATH=f"{machine.root}/other:{machine.root}/bin"))
    assert [one.binary for one in found.passed_over] == [machine.root / "other" / "pulumi"]


def test_one_that_hangs_is_ended_with_what_it_started(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "ANSWER_SECONDS", 3.0)
    write_script(machine.on_path, f"/bin/sleep 600 & echo $! > {machine.root}/child; wait")
    (passed_over,) = search(machine.environ()).passed_over
    assert passed_over.reason == "gave no version within 3 seconds"
    assert is_gone(int((machine.root / "child").read_text()))


def is_gone(process: int) -> bool:
    """Whether it ends within ten seconds; a zombie that nobody waits for has ended."""
    for _ in range(1000):
        try:
            os.kill(process, 0)
            state = Path(f"/proc/{process}/stat")
            if state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("entry", ["bin", ".", ""])
def test_a_folder_of_the_checkout_brings_no_engine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    write_script(machine.on_path, answering(f"v{VERSION}"))
    monkeypatch.chdir(machine.on_path.parent if entry != "bin" else machine.root)
    assert search(machine.environ(PATH=entry)) == find.Search(None, ())


def test_it_is_asked_once_and_again_when_it_changed(machine: Machine) -> None:
    asked = machine.root / "asked"
    write_script(machine.on_path, f"echo x >> {asked}; echo v3.259.0")
    for _ in range(3):
        find_engine(machine.environ())
    assert asked.read_text() == "x\n"
    write_script(machine.on_path, f"echo x >> {asked}; echo v3.1000.0")
    assert require_engine(machine.environ()).version == "3.1000.0"
    assert asked.read_text() == "x\nx\n"


def test_the_question_looks_for_no_update_and_writes_no_log_into_the_home(machine: Machine) -> None:
    write_script(
        machine.on_path, f'echo "$PULUMI_SKIP_UPDATE_CHECK $PULUMI_HOME" > {machine.root}/told; echo v3.259.0'
    )
    find_engine(machine.environ(PULUMI_HOME=str(machine.home / ".pulumi")))
    skipped, home = (machine.root / "told").read_text().split()
    assert skipped == "true"
    assert not home.startswith(str(machine.home))
    assert not Path(home).exists()


def test_the_language_host_is_found_beside_it_and_beside_what_it_links_to(machine: Machine) -> None:
    write_script(machine.on_path, answering(f"v{VERSION}"))
    assert require_engine(machine.environ()).language_host is None
    distribution = machine.root / "distribution"
    write_script(distribution / "pulumi", answering(f"v{VERSION}"))
    host = write_script(distribution / "pulumi-language-python", "")
    machine.on_path.unlink()
    machine.on_path.symlink_to(distribution / "pulumi")
    assert require_engine(machine.environ()) == Engine(machine.on_path, VERSION, ON_PATH, host)
    beside = write_script(machine.on_path.with_name("pulumi-language-python"), "")
    assert require_engine(machine.environ()).language_host == beside
    beside.chmod(0o644)
    assert require_engine(machine.environ()).language_host == host


@given(
    numbers=st.tuples(*[st.integers(0, 10**6)] * 3),
    v=st.sampled_from(["", "v"]),
    rest=st.sampled_from(["", "-alpha.1700000000", "-dev.0+dirty", "+abc"]),
)
def test_every_version_is_read(numbers: tuple[int, int, int], v: str, rest: str) -> None:
    assert parse_version(v + ".".join(map(str, numbers)) + rest) == numbers


@given(st.text().filter(lambda text: not text.lstrip("v")[:1].isdigit()))
def test_what_does_not_start_with_a_number_is_no_version(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize("text", ["3.259", "3.259.0.1", "3.259.0 beta", "vv3.259.0", "3.259.0\n", "3,259,0"])
def test_what_is_nearly_a_version_is_none(text: str) -> None:
    assert parse_version(text) is None


@pytest.mark.parametrize("package", ["pulumi-aws", "pulumi-gcp"])
def test_the_oldest_version_is_the_one_that_the_provider_packages_ask_for(package: str) -> None:
    (needed,) = [line for line in requires(package) or [] if line.startswith("pulumi<")]
    assert needed == f"pulumi<{find.MAJOR + 1}.0.0,>={'.'.join(map(str, OLDEST))}"


def test_the_cache_is_where_the_user_keeps_caches(machine: Machine) -> None:
    assert cache_directory(machine.environ()) == machine.cache
    assert cache_directory(machine.environ(XDG_CACHE_HOME="relative")) == machine.cache
    assert cache_directory({"XDG_CACHE_HOME": "/elsewhere"}) == Path("/elsewhere/keyplan/engine")


def test_an_engine_that_is_needed_and_missing_comes_with_the_command_that_gets_one(machine: Machine) -> None:
    with pytest.raises(KeyplanError) as caught:
        require_engine(machine.environ())
    assert caught.value.message == "there is no pulumi on PATH, and keyplan has no copy of its own"
    assert caught.value.hint == (
        "python -m sandbox engine --obtain, or install Pulumi: https://www.pulumi.com/docs/install/"
    )
    write_script(machine.on_path, answering("v3.0.0"))
    with pytest.raises(KeyplanError) as caught:
        require_engine(machine.environ())
    assert caught.value.message == (
        f"no pulumi of this machine can be used\n  {machine.on_path} is version 3.0.0, "
        "and the oldest that works with this program is 3.231.0"
    )


def use(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in machine.environ().items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    # It is for a command's own process: here it would change what the other tests see.
    monkeypatch.setattr(cli, "isolate_this_process", lambda: None)


def test_the_command_says_which_engine_is_used_and_which_is_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(machine, monkeypatch)
    write_script(machine.on_path, answering("v3.0.0"))
    write_script(machine.own_copy(), answering(f"v{VERSION}"))
    assert cli.main(["engine"]) == EXIT_DONE
    assert capsys.readouterr().out == (
        f"pulumi 3.259.0: keyplan's own copy\n  {machine.own_copy()}\n"
        "  runs Python with the language host of the sandbox, since it has none of its own\n"
        f"  passed over: {machine.on_path} is version 3.0.0, "
        "and the oldest that works with this program is 3.231.0\n"
    )


def test_the_command_fails_where_there_is_no_engine(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(machine, monkeypatch)
    assert cli.main(["engine"]) == EXIT_REFUSED
    assert capsys.readouterr().out == ""


def test_the_real_engine_answers(real_engine: Engine) -> None:
    assert real_engine.binary.is_absolute()
    assert (parse_version(real_engine.version) or ()) >= OLDEST
