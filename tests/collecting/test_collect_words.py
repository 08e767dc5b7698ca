"""What is said while a collection goes on, and of what it lacks."""

from __future__ import annotations

import io

from keyplan.collecting.calls import Call
from keyplan.collecting.outcome import gaps_of
from keyplan.collecting.progress import Progress
from keyplan.collecting.refusals import Refusal
from tests.collecting.fake_clients import FakeClients, asker_of
from tests.collecting.world import ACCOUNT, REGION

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"


def test_gaps_of_one_kind_are_one_line() -> None:
    asker = asker_of(FakeClients())
    for number in range(3):
        asker.ask(Call(ACCOUNT, REGION, "kms", "GetKeyPolicy", {"KeyId": str(number)}, f"key {number}"))
    asker.ask(Call(ACCOUNT, "", "iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/x"}))
    assert sorted(gaps_of(asker.missing)) == [
        f"account {ACCOUNT}, {REGION}: kms:GetKeyPolicy: not allowed (3 times, first key 0)",
        f"account {ACCOUNT}: iam:GetPolicy: not allowed",
    ]


def test_progress_is_one_line_that_is_written_over_and_taken_away() -> None:
    stream, ticks = io.StringIO(), iter(range(100))
    progress = Progress(stream, lambda _text: None, clock=lambda: float(next(ticks)))
    call = Call(ACCOUNT, REGION, "kms", "ListGrants")
    progress.asked(call, None)
    progress.asked(call, Refusal("not allowed"))
    progress.done()
    assert stream.getvalue().split("\r")[1:3] == [
        "collecting: 1 call answered, last kms:ListGrants",
        "collecting: 1 call answered, 1 without an answer, last kms:ListGrants",
    ]
    assert stream.getvalue().endswith("\r")
    assert "\n" not in stream.getvalue()


def test_progress_is_told_in_lines_for_verbose_and_survives_a_closed_terminal() -> None:
    lines: list[str] = []
    stream = io.StringIO()
    stream.close()
    progress = Progress(stream, lines.append)
    progress.asked(Call(ACCOUNT, REGION, "kms", "ListGrants", resource=KEY), None)
    progress.asked(Call(ACCOUNT, "", "iam", "GetPolicy"), Refusal("not allowed"))
    progress.done()
    assert lines == [
        f"{ACCOUNT} {REGION}: kms:ListGrants {KEY}: answered",
        f"{ACCOUNT}: iam:GetPolicy: not allowed",
    ]
