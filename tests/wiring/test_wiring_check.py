"""`keyplan wire … --check PATH`: what counts as stale, what is shown of it, and what is not even read."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan import cli
from keyplan.manifest.model import Manifest
from keyplan.wiring import wire, wire_all
from keyplan.wiring.dotenv import MARKER
from keyplan.wiring.staleness import LINES_MAX, NOT_SHOWN, compare
from tests.wiring.test_wiring_docs import block

KEY = "sk-ant-" + "api03-" + "c4Nary-" * 13 + "c4" + "AA"
UNKNOWN_KEY = "Zx81" * 10  # of a vendor whose form nobody knows
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> Path:
    """A project, as the current directory; the environment's manifest is outside it."""
    (tmp_path / "manifest.json").write_text(json.dumps(manifest.to_json()))
    monkeypatch.setenv("KEYPLAN_MANIFEST", str(tmp_path / "manifest.json"))
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def check(project_folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `keyplan wire TARGET CONSUMER --check PATH …`: exit code, standard output, standard error."""

    def run(target: str, consumer: str, path: str, *more: str) -> tuple[int, str, str]:
        code = cli.run(["wire", target, consumer, "--check", path, *more])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


# Fresh and stale


def test_every_text_that_is_as_printed_is_as_it_should_be(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    for consumer, texts in wire_all(manifest)[0].items():
        for target, text in texts.items():
            (project_folder / "file").write_text(text)
            assert check(target, consumer, "file") == (0, "", "file is as it should be\n")
            (project_folder / "file").write_text("{}\n")
            assert check(target, consumer, "file")[0] == 1


def test_a_changed_line_is_shown_as_diff_shows_it(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    text = wire(manifest, "thumbnails", "lambda")
    (project_folder / "keys.json").write_text(text.replace("claude-haiku-4-5", "claude-haiku-3"))
    code, out, err = check("lambda", "thumbnails", "keys.json")
    assert code == 1
    assert out == (
        "--- keys.json\n"
        "+++ keyplan wire lambda thumbnails\n"
        "@@ -2,7 +2,7 @@\n"
        '   "Role": "arn:aws:iam::123456789012:role/prod-thumbnails-reader",\n'
        '   "Environment": {\n'
        '     "Variables": {\n'
        '-      "ANTHROPIC_MODEL": "claude-haiku-3",\n'
        '+      "ANTHROPIC_MODEL": "claude-haiku-4-5",\n'
        '       "ANTHROPIC_API_KEY_SECRET_ARN": '
        '"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbC12d"\n'
        "     }\n"
        "   }\n"
    )
    assert err == (
        "error: keys.json is stale: it is not what keyplan writes now\n"
        "hint: keyplan wire lambda thumbnails --output keys.json --force\n"
    )


def test_the_hint_makes_the_file_what_it_should_be(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    (project_folder / "keys.json").write_text("{}")
    _, _, err = check("ecs", "chat-api", "keys.json")
    words = err.splitlines()[1].removeprefix("hint: keyplan ").split()
    assert cli.run(words) == 0
    assert check("ecs", "chat-api", "keys.json")[0] == 0


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not here")
def test_patch_makes_of_the_difference_what_keyplan_writes(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    text = wire(manifest, "evals", "github-actions")
    lines = text.splitlines(keepends=True)
    for number, old in enumerate(
        (
            "".join(lines[5:]),
            "".join(lines[:-1]),
            text.removesuffix("\n"),
            "added\n" + text + "added",
            "".join(line for place, line in enumerate(lines) if place % 9),
            "",
        )
    ):
        path = project_folder / f"old-{number}.yml"
        path.write_text(old)
        code, out, _ = check("github-actions", "evals", path.name)
        assert code == 1
        subprocess.run(["patch", "-s", path.name], input=out, text=True, cwd=project_folder, check=True)
        assert path.read_text() == text


def test_standard_input_is_compared_too(
    check: Run, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text, code in ((wire(manifest, "chat-api", "ecs"), 0), ("{}\n", 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        found = check("ecs", "chat-api", "-")
        assert found[0] == code
        assert "standard input is " in found[2]
    assert found[2].endswith("hint: keyplan wire ecs chat-api\n")


def test_line_ends_of_windows_are_named_as_the_only_difference(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    text = wire(manifest, "evals", "github-actions").replace("\n", "\r\n")
    (project_folder / "evals.yml").write_bytes(text.encode())
    assert check("github-actions", "evals", "evals.yml") == (
        1,
        "",
        "error: evals.yml is stale: its lines end in CRLF; nothing else differs\n"
        "hint: in .gitattributes, give its path `text eol=lf`, and check it out again\n",
    )
    (project_folder / "evals.yml").write_bytes(text.replace("production", "staging").encode())
    code, out, err = check("github-actions", "evals", "evals.yml")
    assert (code, out.count("\n-"), "(and its lines end in CRLF)" in err) == (1, 1, True)


def test_the_loop_of_the_page_checks_every_file_of_its_list_and_renews_them(
    project: Path, project_folder: Path, manifest: Manifest
) -> None:
    page = (project / "docs" / "wiring.md").read_text()
    listed = block(page, "a list of committed files")
    (project_folder / "wiring.txt").write_text(listed)
    programs = project_folder.parent / "bin"
    programs.mkdir()
    (programs / "keyplan").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m keyplan "$@"\n')
    (programs / "keyplan").chmod(0o755)
    environ = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(project)}

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", script], cwd=project_folder, env=environ, capture_output=True, text=True, check=False
        )

    script = block(page, "check every committed file")
    (project_folder / "deploy").mkdir()
    (project_folder / ".github" / "workflows").mkdir(parents=True)
    (project_folder / "deploy" / "chat-api.json").write_text("{}\n")
    (project_folder / ".github/workflows/evals.yml").write_text(wire(manifest, "evals", "github-actions"))
    found = run(script)
    assert found.returncode == 1
    assert re.findall(r"^(?:error: )?(\S+) is", found.stderr, re.MULTILINE) == [
        "deploy/chat-api.json",
        ".github/workflows/evals.yml",
    ]
    assert run(script.replace("--check", "--output").replace("$options", "--force")).returncode == 0
    assert run(script).returncode == 0


# What is not shown


@pytest.mark.parametrize(
    "line",
    [
        f"export OTHER={KEY}",
        f"ANTHROPIC_API_KEY={UNKNOWN_KEY}",
        "ANTHROPIC_API_KEY: hunter2",
        '"ANTHROPIC_API_KEY": "hunter2",',
        '  - name: ANTHROPIC_API_KEY\n    value: "hunter2"',
        '{"name": "ANTHROPIC_API_KEY",\n "value": "hunter2"}',
        f"  run: curl --header 'x-api-key: {UNKNOWN_KEY}' https://example.com",
        f"{UNKNOWN_KEY[:20]}+/{UNKNOWN_KEY[:20]}==",
    ],
)
def test_a_value_that_somebody_pasted_into_the_file_is_not_shown(
    check: Run, project_folder: Path, manifest: Manifest, line: str
) -> None:
    text = wire(manifest, "chat-api", "ecs")
    for place in (0, len(text) // 2, len(text)):
        (project_folder / "file").write_text(f"{text[:place]}\n{line}\n{text[place:]}")
        code, out, err = check("ecs", "chat-api", "file")
        assert code == 1
        assert NOT_SHOWN in out
        for value in (KEY, UNKNOWN_KEY[:16], "hunter2"):
            assert value not in out + err
        assert ("it has leaked" in err) == (KEY in line)


def test_names_numbers_arns_commits_and_digests_are_shown() -> None:
    line = (
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/openrouter-api-key-for-search-x9Y8z7 "
        f"actions/checkout@{'0a' * 20} image@sha256:{'0a' * 32} AmazonECSTaskExecutionRolePolicy "
        "1c9d6a52-0000-4000-8000-000000000000 projects/123456789012/locations/global\n"
    )
    found = compare(line.encode(), "x\n", "file", "keyplan", ())
    assert found is not None
    assert f"-{line}".rstrip() in found.lines


def test_a_random_word_that_keyplan_writes_itself_is_shown() -> None:
    found = compare(f"id: {UNKNOWN_KEY}  \n".encode(), f"id: {UNKNOWN_KEY}\n", "file", "keyplan", ())
    assert found is not None
    assert f"-id: {UNKNOWN_KEY}  " in found.lines


def test_a_range_of_no_lines_names_the_line_before_it_as_diff_does() -> None:
    for content, expected, heading in (
        (b"", "x\n", "@@ -0,0 +1,1 @@"),
        (b"a\nb\n", "a\n", "@@ -1,2 +1,1 @@"),
        (b"x\n", "", "@@ -1,1 +0,0 @@"),
    ):
        found = compare(content, expected, "file", "keyplan", ())
        assert found is not None
        assert found.lines[2] == heading


def test_what_would_move_the_terminal_is_written_out() -> None:
    found = compare("\x1b[2J\u202e\r\n".encode(), "x\n", "file", "keyplan", ())
    assert found is not None
    assert "-\\x1b[2J\\u202e" in found.lines


@given(st.text(), st.text())
def test_no_text_is_equal_to_another_or_breaks_the_comparison(found: str, expected: str) -> None:
    try:
        content = found.encode()
        expected.encode()
    except UnicodeEncodeError:
        return
    assert (compare(content, expected, "file", "keyplan", ("KEY",)) is None) == (found == expected)


def test_a_very_long_file_is_told_by_its_size() -> None:
    found = compare(b"a\n" * (LINES_MAX + 1), "a\n", "file", "keyplan", ())
    assert found is not None
    assert (found.words, found.lines) == (
        "it is not what keyplan writes now: it has 5001 lines in place of 1",
        (),
    )


# What is not read


def test_a_file_with_values_is_refused_with_the_reason(check: Run, project_folder: Path) -> None:
    (project_folder / ".env").write_text(f"{MARKER}\n# chat-api in prod\nANTHROPIC_API_KEY='{KEY}'\n")
    code, out, err = check("dotenv", "chat-api", ".env")
    assert (code, out) == (2, "")
    assert err.startswith("error: .env holds values: comparing it would mean to read them")
    assert KEY not in err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_says_so(check: Run, project_folder: Path) -> None:
    (project_folder / "file").write_text("x")
    (project_folder / "file").chmod(0)
    assert check("ecs", "chat-api", "file")[::2] == (2, "error: file cannot be read: permission denied\n")


def test_what_is_no_file_is_refused(check: Run, project_folder: Path) -> None:
    (project_folder / "folder").mkdir()
    os.mkfifo(project_folder / "pipe")
    (project_folder / "circle").symlink_to("circle")
    (project_folder / "latin").write_bytes("ä\n".encode("latin-1"))
    (project_folder / "huge").write_bytes(b" " * (1 << 20) + b" ")
    for path, words in (
        ("gone", "gone is not there\nhint: the same with --output writes it"),
        ("gone/further", "gone/further is not there"),
        ("folder", "folder is a folder, not a file"),
        ("pipe", "pipe is not a regular file"),
        ("latin", "latin, line 1: it is not UTF-8 text"),
        ("huge", "huge is larger than 1024 KiB"),
        ("x" * 300, "cannot be read: file name too long"),
        ("latin/x", "latin/x cannot be read: not a directory"),
        ("circle", "circle"),
        (KEY, "the file that --check names is not there"),
    ):
        code, out, err = check("ecs", "chat-api", path)
        assert (code, out) == (2, "")
        assert words in err
        assert KEY not in err


def test_a_path_outside_the_project_is_not_read_symbolic_links_followed(
    check: Run, project_folder: Path
) -> None:
    secret = project_folder.parent / "credentials"
    secret.write_text("password of somebody\n")
    (project_folder / "link").symlink_to(secret)
    for path in ("../credentials", str(secret), "link"):
        code, out, err = check("ecs", "chat-api", path)
        assert (code, out) == (2, "")
        assert f"{path} is outside the project {project_folder}" in err


def test_the_project_is_the_git_work_tree_without_its_git_folder(
    check: Run, project_folder: Path, monkeypatch: pytest.MonkeyPatch, manifest: Manifest
) -> None:
    (project_folder / ".git").mkdir()
    (project_folder / ".git" / "config").write_text("token of somebody\n")
    (project_folder / "keys.json").write_text(wire(manifest, "chat-api", "ecs"))
    (project_folder / "infrastructure").mkdir()
    (project_folder / "infrastructure" / "Pulumi.yaml").write_text("name: x\n")
    monkeypatch.chdir(project_folder / "infrastructure")
    assert check("ecs", "chat-api", "../keys.json")[0] == 0
    code, out, err = check("ecs", "chat-api", "../.git/config")
    assert (code, out) == (2, "")
    assert "is outside the project" in err


# Settings of Claude Code


def test_settings_are_fresh_as_long_as_they_have_what_would_be_merged(
    check: Run, project_folder: Path, manifest: Manifest
) -> None:
    outside = project_folder.parent / "settings.json"
    outside.write_text(json.dumps({**json.loads(wire(manifest, "research", "claude-code")), "theme": KEY}))
    assert check("claude-code", "research", str(outside)) == (0, "", f"{outside} is as it should be\n")
    changed = {**json.loads(outside.read_text()), "env": {"ANTHROPIC_MODEL": "claude-3"}}
    outside.write_text(json.dumps(changed))
    code, out, err = check("claude-code", "research", str(outside))
    assert (code, out) == (
        1,
        '~ env.ANTHROPIC_MODEL: "claude-opus-4-6" (in place of another)\n'
        '+ env.CLAUDE_CODE_API_KEY_HELPER_TTL_MS: "300000"\n',
    )
    assert err.endswith(f"hint: keyplan wire claude-code research --output {outside} --yes\n")
    assert KEY not in out + err
    assert json.loads(outside.read_text()) == changed


def test_broken_settings_are_refused(check: Run, project_folder: Path) -> None:
    (project_folder / "settings.json").write_text("{ // mine\n}")
    assert check("claude-code", "research", "settings.json")[0] == 2
    (project_folder / "settings.json").write_bytes(b"\xff{}")
    assert "is not UTF-8 text" in check("claude-code", "research", "settings.json")[2]


# Options


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--check", "x"], "--check needs a target and a consumer"),
        (["ecs", "chat-api", "--check", "x", "--output", "y"], "--check compares and --output writes"),
        (["ecs", "chat-api", "--check", "x", "--force"], "--force is about the file"),
        (["claude-code", "research", "--check", "x", "--yes"], "--yes is for"),
        (["ecs", "chat-api", "--check", "-", "--manifest", "-"], "needs standard input for itself"),
        (["ecs", "chat-apy", "--check", "gone"], "did you mean chat-api"),
    ],
)
@pytest.mark.usefixtures("project_folder")
def test_options_that_make_no_sense_together_are_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["wire", *arguments]) == 2
    assert words in capsys.readouterr().err
