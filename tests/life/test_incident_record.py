"""The incident record: its form, and its file, which is whole, private and never in another one's place."""

from __future__ import annotations

import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from keyplan.errors import UsageError
from keyplan.reads.tally import Read, ReadReport, tally
from keyplan.revoking.incident import Done, Incident, create, default_name, read_earlier
from keyplan.revoking.steps import open_incident
from keyplan.revoking.target import choose
from keyplan.stores.base import Stage
from tests.life.conftest import NOW, manifest_with
from tests.life.states import DAY, state, version

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "incident.schema.json").read_text())


def mistakes(document: Any) -> list[str]:
    return [
        error.message
        for error in Draft202012Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(document)
    ]


def incident() -> Incident:
    consumers = {"chat-api": {"runtime": "ecs"}, "web": {"runtime": "cloud-run", "cloud": "gcp"}}
    manifest = manifest_with(consumers)
    states = {
        "aws": state(version("b", DAY, Stage.CURRENT), version("a", 9 * DAY, Stage.PREVIOUS)),
        "gcp": state(version("b", DAY, Stage.CURRENT), version("a", 9 * DAY, Stage.PREVIOUS)),
    }
    callers = {"aws": "assumed-role/Admin/alice", "gcp": "user:alice@example.com"}
    return open_incident(
        manifest, manifest.keys["anthropic"], choose("anthropic", states), states, callers, NOW
    )


def test_a_record_is_what_its_schema_says_from_the_first_moment() -> None:
    document = incident().to_json()
    assert mistakes(document) == []
    assert (document["state"], {step["state"] for step in document["steps"]}) == ("open", {"planned"})
    assert document["next"][-1].startswith("until then, if the value before it (stored 2026-11-12)")


def test_the_schema_refuses_what_is_not_in_it() -> None:
    document = incident().to_json()
    assert mistakes({**document, "value": {**document["value"], "text": "sk-"}}) != []
    assert mistakes({**document, "steps": []}) != []
    assert mistakes({name: field for name, field in document.items() if name != "owner"}) != []


def test_it_is_shut_when_the_vendor_and_every_store_are_done() -> None:
    found = incident()
    for name in ("vendor", "store-aws"):
        found.step(name).state = Done.DONE
    assert not found.is_shut
    found.step("store-gcp").state = Done.DONE
    assert found.is_shut
    found.step("vendor").state = Done.BY_HAND
    assert found.to_json()["state"] == "open"


def test_reads_of_a_report_are_within_the_schema() -> None:
    read = Read("arn:x", "IAM user arn:x", NOW, "10.0.0.1", "boto3")
    found = incident()
    readers = tally([read], manifest_with({}), "anthropic", "aws")
    found.reads.append(ReadReport("aws", NOW, NOW, readers, notes=("late",)).to_json())
    assert mistakes(found.to_json()) == []


def test_the_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    found = incident()
    file = create(path, found, pytest.fail)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found.step("vendor").state = Done.DONE
    file.save(found)
    assert json.loads(path.read_text()) == found.to_json()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["record.json"]


def test_no_file_is_ever_replaced(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("somebody's")
    with pytest.raises(UsageError, match="already: a record never replaces another"):
        create(path, incident(), pytest.fail)
    assert path.read_text() == "somebody's"
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "record.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        create(tmp_path / "record.json", incident(), pytest.fail)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        create(tmp_path / "none" / "record.json", incident(), pytest.fail)


def test_a_file_that_cannot_be_written_any_more_is_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    said: list[str] = []
    file = create(folder / "record.json", incident(), said.append)
    (folder / "record.json").unlink()
    folder.rmdir()
    file.save(incident())
    file.save(incident())
    assert file.is_behind
    assert len(said) == 1
    assert said[0].endswith("what is done from now on is printed at the end")


def test_an_earlier_record_of_the_key_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    found = incident()
    create(path, found, pytest.fail)
    earlier = read_earlier(path, "prod", "anthropic")
    assert earlier is not None
    assert (earlier.fingerprint, earlier.opened) == ("b" * 12, NOW)
    assert earlier.versions == tuple((entry["cloud"], entry["versionId"]) for entry in found.versions)
    assert read_earlier(tmp_path / "none.json", "prod", "anthropic") is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"format": "keyplan-incident/1"}', "\x00", "[" * 9999]
)
def test_any_other_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is no incident record of key anthropic of environment prod"):
        read_earlier(path, "prod", "anthropic")
    assert path.read_text() == text


def test_the_record_of_another_key_is_another_file(tmp_path: Path) -> None:
    create(tmp_path / "record.json", incident(), pytest.fail)
    with pytest.raises(UsageError):
        read_earlier(tmp_path / "record.json", "prod", "openrouter")


def test_two_incidents_of_a_second_have_two_names() -> None:
    assert default_name("prod", "anthropic", NOW) == "keyplan-incident-prod-anthropic-20261121T181500Z.json"
    assert default_name("prod", "a/../b", NOW, 2) == "keyplan-incident-prod-a----b-20261121T181500Z-2.json"
    assert default_name("prod", "a", NOW) != default_name("prod", "a", NOW + timedelta(seconds=1))
