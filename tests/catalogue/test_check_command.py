"""`keyplan check`: what it prints, for people and for machines, and its exit codes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keyplan.cli import run


@pytest.fixture
def copy(project: Path, tmp_path: Path) -> Path:
    """This project's own configuration, to make mistakes in."""
    for file in project.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.fixture
def with_mistakes(copy: Path) -> Path:
    """The two mistakes that docs/catalogue.md shows."""
    edit(copy / "Pulumi.prod.yaml", "rotateEvery: 90d", "rotateEvry: 90d")
    evals = "      environment: production\n      keys: [anthropic-evals]"
    edit(copy / "Pulumi.prod.yaml", evals, "      environment: production\n      keys: [antropic]")
    return copy


def test_right_environments_are_counted(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--project", str(copy)]) == 0
    assert capsys.readouterr().out == (
        "dev: ok, 2 keys, 4 consumers\nprod: ok, 3 keys, 11 consumers\nsandbox: ok, 2 keys, 10 consumers\n"
    )


def test_the_project_is_found_from_a_directory_inside_it(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / "inside").mkdir()
    monkeypatch.chdir(copy / "inside")
    assert run(["check", "sandbox", "dev", "sandbox"]) == 0
    assert capsys.readouterr().out == "sandbox: ok, 2 keys, 10 consumers\ndev: ok, 2 keys, 4 consumers\n"


def test_mistakes_are_printed_as_the_reference_shows_them(
    with_mistakes: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--project", str(with_mistakes), "prod"]) == 2
    printed = capsys.readouterr()
    assert printed.out.count("\n  ") == 2
    assert f"```text\n{printed.out}```" in (project / "docs" / "catalogue.md").read_text()
    assert printed.err == ""


def test_one_wrong_environment_does_not_hide_the_others(
    with_mistakes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--project", str(with_mistakes)]) == 2
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == ["dev: ok, 2 keys, 4 consumers", "prod: 2 mistakes", "sandbox: ok, 2 keys, 10 consumers"]


def test_json_has_the_documented_fields_and_no_others(
    with_mistakes: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--project", str(with_mistakes), "--format", "json", "dev", "prod"]) == 2
    document = json.loads(capsys.readouterr().out)
    right, wrong = document["environments"]
    assert document["format"] == "keyplan-check/1"
    assert right == {"environment": "dev", "ok": True, "keys": 2, "consumers": 4, "problems": []}
    assert {name: value for name, value in wrong.items() if name != "problems"} == {
        "environment": "prod",
        "ok": False,
        "keys": 0,
        "consumers": 0,
    }
    assert wrong["problems"][1] == {
        "path": "consumers.evals.keys[0]",
        "found": "`antropic`",
        "allowed": "one of the keys anthropic, anthropic-evals, openrouter",
        "suggestion": "anthropic",
        "file": "Pulumi.prod.yaml",
        "line": wrong["problems"][1]["line"],
        "column": None,
    }
    reference = (project / "docs" / "catalogue.md").read_text()
    names = {*document, *right, *wrong["problems"][0]}
    assert [
        name for name in sorted(names) if f".{name}`" not in reference and f"`{name}`" not in reference
    ] == []


def test_an_unknown_environment_lists_those_that_exist_and_is_not_repeated(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--project", str(copy), "prodd"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no such environment; the project has dev, prod, sandbox\nhint: keyplan check prod\n"
    )


def test_a_file_that_cannot_be_read_is_a_mistake_of_its_environment(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "Pulumi.prod.yaml").write_bytes(b"\xff")
    assert run(["check", "--project", str(copy), "prod"]) == 2
    assert capsys.readouterr().out == (
        "prod: 1 mistake\n  Pulumi.prod.yaml:1: found bytes that are not UTF-8; allowed: a text "
        "file in UTF-8\n"
    )


def test_a_directory_without_a_project_says_how_to_name_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["check"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no Pulumi.yaml here or in a directory above\nhint: keyplan check "
        "--project DIRECTORY\n"
    )
    (tmp_path / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\n")
    assert run(["check"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no Pulumi.ENV.yaml in the project's directory\n"
        "hint: keyplan check --project DIRECTORY\n"
    )


def test_checking_imports_neither_pulumi_nor_a_cloud_sdk(copy: Path) -> None:
    script = (
        "import sys; from keyplan.cli import run; code = run(['check', '--project', sys.argv[1]]); "
        "heavy = {'pulumi', 'boto3', 'botocore', 'components', 'sandbox'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
