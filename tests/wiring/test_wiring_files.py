"""Files of wiring: whole or not at all, private from the first byte, and never where git picks them up."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keyplan.errors import UsageError
from keyplan.wiring import files
from keyplan.wiring.git_guard import require_out_of_git

CONTENT = b"A='1'\n"


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Writing


@pytest.mark.usefixtures("_open_umask")
@pytest.mark.parametrize("there_before", [False, True])
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_has_its_content_and_its_mode(tmp_path: Path, there_before: bool, mode: int) -> None:
    path = tmp_path / ".env"
    if there_before:
        path.write_bytes(b"old and longer than the new content")
        path.chmod(0o666)
    files.write(path, CONTENT, mode)
    assert (path.read_bytes(), mode_of(path), os.listdir(tmp_path)) == (CONTENT, mode, [".env"])


@pytest.mark.usefixtures("_open_umask")
@pytest.mark.parametrize("unnamed_files", [True, False])
@pytest.mark.parametrize("there_before", [False, True])
def test_no_other_user_can_open_it_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed_files: bool, there_before: bool
) -> None:
    path = tmp_path / ".env"
    if there_before:
        path.write_bytes(b"old")
        path.chmod(0o600)
    if not unnamed_files:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    seen: list[int] = []
    write, opening = os.write, os.open

    def opened(*arguments: Any, **named: Any) -> int:
        descriptor = opening(*arguments, **named)
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))  # whoever opens it now can read it later
        return descriptor

    def looking(descriptor: int, data: memoryview) -> int:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        seen.extend(mode_of(entry) for entry in tmp_path.iterdir())
        return write(descriptor, data[:2])  # in pieces, as a full pipe or disk would take it

    monkeypatch.setattr(os, "write", looking)
    monkeypatch.setattr(os, "open", opened)
    files.write(path, CONTENT, 0o600)
    assert set(seen) == {0o600}
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("unnamed_files", [True, False])
@pytest.mark.parametrize("failing", ["write", "fsync", "link", "rename"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unnamed_files: bool, failing: str
) -> None:
    path = tmp_path / ".env"
    path.write_bytes(b"old")
    if not unnamed_files:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
        failing = "fsync" if failing == "link" else failing

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "CANARY of the system")

    monkeypatch.setattr(*((Path, "rename") if failing == "rename" else (os, failing)), full)
    with pytest.raises(UsageError, match="cannot be written: no space left on device"):
        files.write(path, CONTENT, 0o600)
    monkeypatch.undo()
    assert (path.read_bytes(), os.listdir(tmp_path)) == (b"old", [".env"])


KILLED = """
import os, signal, sys
from pathlib import Path
from keyplan.wiring import files
if sys.argv[2] == "named":
    os.__dict__.pop("O_TMPFILE", None)
def stop(descriptor):
    os.kill(os.getpid(), int(sys.argv[3]))
os.fsync = stop
files.write(Path(sys.argv[1]), b"A='CANARY'\\n", 0o600)
"""


@pytest.mark.parametrize(
    ("kind", "number"),
    [("unnamed", signal.SIGKILL), ("unnamed", signal.SIGTERM), ("named", signal.SIGTERM)],
)
def test_a_killed_process_leaves_no_value_behind(tmp_path: Path, kind: str, number: signal.Signals) -> None:
    if kind == "unnamed" and not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no files without a name")
    path = tmp_path / ".env"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), kind, str(int(number))], capture_output=True, check=False
    )
    assert done.returncode == -number
    # A signal that can be held back arrives when the file is complete; the last one leaves nothing at all.
    assert os.listdir(tmp_path) == ([] if number == signal.SIGKILL else [".env"])


def test_what_a_power_cut_left_is_removed_by_the_next_run(tmp_path: Path) -> None:
    leftover = tmp_path / "..env.keyplan-0123456789abcdef"
    leftover.write_text("A='CANARY'")
    (tmp_path / ".env.local").write_text("of somebody else")
    files.write(tmp_path / ".env", CONTENT, 0o600)
    assert sorted(os.listdir(tmp_path)) == [".env", ".env.local"]


def test_a_folder_that_refuses_is_an_error_without_a_trace(tmp_path: Path) -> None:
    missing = tmp_path / "gone" / ".env"
    with pytest.raises(UsageError, match="cannot be written: no such file or directory"):
        files.write(missing, CONTENT, 0o600)


# Paths


def test_symbolic_links_are_followed_before_anything_is_checked(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "x").symlink_to("y")
    assert files.resolve(tmp_path / "link" / "x") == tmp_path.resolve() / "real" / "y"


def test_what_is_no_place_for_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "gone" / "x", "there is no folder"),
        (tmp_path / "pipe", "is not a regular file"),
        (Path("/dev/null"), "is not a regular file"),
    ):
        with pytest.raises(UsageError, match=words):
            files.resolve(path)
    with pytest.raises(UsageError, match=r"in a circle|is not a regular file"):
        files.resolve(tmp_path / "loop")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"# mark\nA=1\n", True),
        (b"# mark", False),
        (b"# marks\n", False),
        (b"", False),
        (b"\n# mark\n", False),
    ],
)
def test_the_first_line_says_who_wrote_a_file(tmp_path: Path, content: bytes, found: bool) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert files.starts_with_line(path, "# mark") is found


# git

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")


def git(folder: Path, *command: str) -> None:
    subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.com", *command],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A work tree that ignores `.env` and `private/`."""
    folder = tmp_path.resolve() / "repository"
    (folder / "private").mkdir(parents=True)
    git(folder.parent, "init", "-q", str(folder))
    (folder / ".gitignore").write_text("/.env\nprivate/\n")
    return folder


@needs_git
def test_a_path_that_git_ignores_is_allowed(repository: Path) -> None:
    require_out_of_git(repository / ".env")
    require_out_of_git(repository / "private" / "anything")


def test_a_path_outside_every_work_tree_is_allowed(tmp_path: Path) -> None:
    require_out_of_git(tmp_path.resolve() / ".env")


@needs_git
def test_a_path_that_git_does_not_ignore_is_refused_with_the_way_out(repository: Path) -> None:
    with pytest.raises(UsageError, match="git does not ignore") as caught:
        require_out_of_git(repository / ".env.local")
    assert caught.value.hint == (
        f"echo /.env.local >> {repository}/.gitignore, or choose a path outside the work tree"
    )


@needs_git
def test_a_path_that_git_tracks_is_refused_though_it_is_ignored(repository: Path) -> None:
    (repository / ".env").write_text("")
    git(repository, "add", "-f", ".env")
    with pytest.raises(UsageError, match="git tracks"):
        require_out_of_git(repository / ".env")
    (repository / ".env").unlink()  # deleted, and still tracked
    with pytest.raises(UsageError, match="git tracks"):
        require_out_of_git(repository / ".env")


@needs_git
def test_a_name_is_never_taken_for_a_pattern_or_an_option(repository: Path) -> None:
    (repository / ".gitignore").write_text("*.env\n")
    require_out_of_git(repository / "--help.env")
    (repository / "a.env").write_text("")
    git(repository, "add", "-f", "a.env")
    require_out_of_git(repository / "*.env")


@needs_git
def test_the_innermost_work_tree_decides(repository: Path) -> None:
    inner = repository / "private" / "inner"
    git(repository, "init", "-q", str(inner))
    with pytest.raises(UsageError, match="git does not ignore"):
        require_out_of_git(inner / ".env")


@needs_git
def test_a_linked_work_tree_is_a_work_tree(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "first")
    git(repository, "worktree", "add", "-q", str(repository.parent / "linked"))
    with pytest.raises(UsageError, match="git does not ignore"):
        require_out_of_git(repository.parent / "linked" / ".env.local")


@needs_git
def test_variables_of_a_git_hook_do_not_change_the_answer(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository.parent / "other"
    git(repository.parent, "init", "-q", str(other))
    (other / ".git" / "info" / "exclude").write_text("*\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(repository))
    with pytest.raises(UsageError, match="git does not ignore"):
        require_out_of_git(repository / ".env.local")


@needs_git
@pytest.mark.parametrize("kind", ["no git", "broken repository", "inside .git"])
def test_when_git_cannot_say_the_answer_is_no(
    repository: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = repository / ".env"
    if kind == "no git":
        monkeypatch.setenv("PATH", str(repository))
    elif kind == "broken repository":
        shutil.rmtree(repository / ".git")
        (repository / ".git").write_text("gitdir: /nowhere\n")
    else:
        path = repository / ".git" / "x"
    with pytest.raises(UsageError, match="inside a git work tree, and nobody can say whether git ignores it"):
        require_out_of_git(path)
