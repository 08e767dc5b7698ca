"""A collection that is cut off loses nothing that was answered, and says how old it is."""

from __future__ import annotations

import _thread
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.collecting.calls import Call
from keyplan.collecting.journal import Header, Journal, work_file
from keyplan.errors import UsageError
from tests.collecting.world import ACCOUNT, AUDITOR, REGION, SECOND, Collector, Made, client_error
from tests.command.environments import PROJECT

EVERYTHING = ("--region", REGION, "--region", SECOND, "--role", AUDITOR)
HEADER = Header(ACCOUNT, "AWS", "2026-11-22T01:02:03Z")


def without_time(snapshot: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in snapshot.items() if name not in ("collected", "context")}


def test_after_ctrl_c_only_the_rest_is_asked(collector: Collector, made: Made) -> None:
    collector.run(*EVERYTHING)
    whole, calls = without_time(collector.snapshot), len(collector.sent)
    collector.file.unlink()
    collector.sent.clear()

    pressed: list[Call] = []

    def fault(call: Call) -> None:
        if call.action == "secretsmanager:GetResourcePolicy":
            pressed.append(call)
            if pressed[0] is call:
                _thread.interrupt_main()
            time.sleep(0.5)  # until the command has ended: what is not answered by then is not kept
            raise client_error("ThrottlingException", call.operation)

    collector.fault = fault
    others = set(threading.enumerate())
    done = collector.run(*EVERYTHING)
    assert done.code == 130
    assert done.err.startswith("error: interrupted: no snapshot was written; ")
    assert "hint: run the same command with --resume" in done.err
    assert not collector.file.exists()
    assert stat.S_IMODE(collector.work_file.stat().st_mode) == 0o600
    kept = len(collector.work_file.read_bytes().splitlines()) - 1
    for thread in set(threading.enumerate()) - others:
        thread.join()  # a command's process ends without them; here they would ask beside the next one
    collector.fault = lambda _call: None
    collector.sent.clear()
    done = collector.run(*EVERYTHING, "--resume")
    assert (done.code, len(collector.sent)) == (0, calls - kept)
    assert f"resumed: {kept} calls were answered since 20" in done.err
    assert without_time(collector.snapshot) == whole
    assert not collector.work_file.exists()


KILLED = """
import os, signal, sys
sys.path.insert(0, {project!r})
from tests.collecting.world import Collector, furnish, in_environment
from tests.moto_classes import corrected_moto
from moto import mock_aws
from pathlib import Path
in_environment()
def fault(call):
    if call.action == "kms:ListGrants":
        os.kill(os.getpid(), signal.SIGKILL)
with corrected_moto(["aws_policies", "pending_deletion"]), mock_aws():
    furnish()
    collector = Collector(Path({directory!r}), fault=fault)
    with collector.watching():
        collector.run()
"""


def test_after_kill_9_what_was_answered_is_there(collector: Collector, made: Made, tmp_path: Path) -> None:
    script = KILLED.format(project=str(PROJECT), directory=str(tmp_path))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not collector.file.exists()

    def fault(call: Call) -> None:  # that process had a moto of its own: this one does not know its keys
        if call.service in ("kms", "secretsmanager"):
            raise client_error("NotFoundException", call.operation)

    collector.fault = fault
    done = collector.run("--resume")
    assert done.code == 0
    assert "resumed: " in done.err
    asked = [call.action for call in collector.sent]
    assert "secretsmanager:ListSecrets" not in asked
    assert "kms:ListGrants" in asked


def test_what_is_old_is_said_and_dated_to_when_it_began(collector: Collector, made: Made) -> None:
    with_old_work(collector, "2020-01-01T00:00:00Z")
    done = collector.run("--resume")
    assert "warning: what is resumed is up to " in done.err
    assert "without --resume everything is asked anew" in done.err
    assert collector.snapshot["context"] == {"aws:CurrentTime": "2020-01-01T00:00:00Z"}


def with_old_work(collector: Collector, began: str, **header: str) -> None:
    call = Call(ACCOUNT, "", "organizations", "DescribeOrganization")
    written = Header(**{"account": ACCOUNT, "place": "AWS", "began": began, **header})
    journal = Journal(collector.work_file, written, resume=False)
    journal.put(call.key, {"Code": "AWSOrganizationsNotInUseException"})
    journal.close(remove=False)


def test_without_resume_it_begins_anew_and_says_so(collector: Collector, made: Made) -> None:
    with_old_work(collector, "2020-01-01T00:00:00Z")
    done = collector.run()
    assert done.code == 0
    assert done.err == (
        "a collection that was cut off lay beside it, and is begun anew (--resume would have gone on)\n"
    )
    assert not collector.snapshot["collected"]["at"].startswith("2020")


def test_there_may_be_nothing_to_resume(collector: Collector, made: Made) -> None:
    assert collector.run("--resume").err == "there is nothing to resume: everything is asked\n"


def test_the_work_of_another_account_is_not_resumed(collector: Collector, made: Made) -> None:
    with_old_work(collector, "2020-01-01T00:00:00Z", place="127.0.0.1:4566")
    before = collector.work_file.read_bytes()
    done = collector.run("--resume")
    assert done.code == 2
    assert "is of another collection: account 123456789012 at 127.0.0.1:4566" in done.err
    assert collector.work_file.read_bytes() == before


@pytest.mark.parametrize("content", ["[]\n", "notes\n", '{"format": "other"}\n', "{}\n[1]\n"])
def test_a_file_that_is_no_work_file_is_not_resumed(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.collecting"
    path.write_text(content)
    for _ in range(2):  # a file that is refused is let go
        with pytest.raises(UsageError, match="is not the work file of a collection"):
            Journal(path, HEADER, resume=True)
    assert path.read_text() == content


def test_two_collections_do_not_write_one_file(tmp_path: Path) -> None:
    path = work_file(tmp_path / "accounts.json")
    first = Journal(path, HEADER, resume=False)
    with pytest.raises(UsageError, match="another `keyplan audit collect` is writing"):
        Journal(path, HEADER, resume=True)
    first.close(remove=True)
    Journal(path, HEADER, resume=False).close(remove=True)
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_place_of_the_work_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    path = work_file(tmp_path / "accounts.json")
    path.symlink_to(tmp_path / "mine")
    with pytest.raises(UsageError, match="cannot be written"):
        Journal(path, HEADER, resume=False)
    assert (tmp_path / "mine").read_text() == "mine"


@given(st.data())
def test_a_line_that_was_damaged_is_asked_again_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "x.collecting"
    journal = Journal(path, HEADER, resume=False)
    for key, answer in ANSWERS:
        journal.put(key, answer)
    journal.close(remove=False)
    lines = path.read_bytes().split(b"\n")
    number = data.draw(st.integers(0, len(ANSWERS) - 1))
    whole = lines[1 + number]
    damaged = data.draw(
        st.binary(max_size=60).filter(lambda content: b"\n" not in content)
        | st.integers(0, len(whole) - 1).map(lambda at: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
            lambda each: json.dumps(each).encode()
        )
    )
    path.write_bytes(b"\n".join([*lines[: 1 + number], damaged, *lines[2 + number :]]))
    resumed = Journal(path, HEADER, resume=True)
    assert [resumed.get(key) for key, _ in ANSWERS] == [
        answer if each != number or damaged == whole else None for each, (_, answer) in enumerate(ANSWERS)
    ]
    resumed.close(remove=True)


ANSWERS = [(f"key {number}", {"answer": "ä" * number}) for number in range(4)]


@given(st.integers(min_value=0, max_value=400))
def test_wherever_a_killed_process_left_off_whole_answers_are_kept(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "x.collecting"
    journal = Journal(path, HEADER, resume=False)
    ends = [path.stat().st_size]
    for key, answer in ANSWERS:
        journal.put(key, answer)
        ends.append(path.stat().st_size)
    journal.close(remove=False)
    content = path.read_bytes()
    cut = min(cut, len(content))
    path.write_bytes(content[:cut])
    resumed = Journal(path, HEADER, resume=True)
    expected = sum(end <= cut for end in ends[1:])
    assert [resumed.get(key) for key, _ in ANSWERS] == [
        answer if number < expected else None for number, (_, answer) in enumerate(ANSWERS)
    ]
    resumed.put("later", {"x": 1})
    resumed.close(remove=False)
    again = Journal(path, HEADER, resume=True)
    assert (again.kept, again.get("later")) == (expected + 1, {"x": 1})
    again.close(remove=True)
