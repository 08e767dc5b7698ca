"""The audit as a comment on a pull request: no text of an account gets out of its cell, and it fits."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keyplan.audit import baseline, gate
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.questions import Reader
from keyplan.audit.reports import markdown
from keyplan.cli import run
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    READER,
    ROOT,
    SECRET,
    allow,
    document,
    role,
    snapshot,
    trusting,
    user,
    when,
)

# What code may look like: between backticks nothing that ends them, a cell or a line; in HTML's element
# letters and numbers of characters alone.
CODE = re.compile(
    r"`[A-Za-z0-9:/_+=,.@?*()\[\]-][A-Za-z0-9 :/_+=,.@?*()\[\]-]*`"
    r"|<code>(?:[A-Za-z0-9 …�]|&#[0-9]+;)*</code>|-"
)
WORD = rf"(?:[(]?[A-Za-z]+(?:'s)?[)]?[.,;:]?|[0-9]{{1,6}}[.,;:]?|(?:{CODE.pattern})[.,;:]*|…)"
SENTENCE = re.compile(f"{WORD}(?: {WORD})*")
HOSTILE = st.text(
    st.one_of(
        st.sampled_from("|`\\<>&@#:*_~[]()!$-=+/\"' \n\t\r\x0b\x85\u2028\u202e\ud800azAZ09.;{}^%"),
        st.characters(),
    ),
    max_size=20,
)


def _shown(text: str) -> str:
    """What a reader of the page sees of code."""
    inside = text[1:-1] if text.startswith("`") else text.removeprefix("<code>").removesuffix("</code>")
    return html.unescape(inside)


@given(HOSTILE)
def test_no_text_of_an_account_leaves_its_code(text: str) -> None:
    made = markdown.code(text)
    assert CODE.fullmatch(made), made
    plain = "".join("�" if "\ud800" <= each <= "\udfff" or not each.isprintable() else each for each in text)
    assert _shown(made) == (plain or "-")


@given(HOSTILE)
@example("0 :")
@example("a `:` b")
def test_no_sentence_mentions_links_or_formats(text: str) -> None:
    made = markdown.words(text)
    assert SENTENCE.fullmatch(made), made


NEUTRAL = {
    "a mention": "@security",
    "a reference": "#12",
    "a link": "https://example.com",
    "a commit": "deadbeef",
    "an emoji": ":x:",
    "HTML": "<img/src=x>",
    "a bar": "a|b",
    "a quoted bar": "a\\|b",
    "a backtick": "a`b",
}


@pytest.mark.parametrize("text", NEUTRAL.values(), ids=NEUTRAL)
def test_what_a_forge_would_act_on_stands_in_code(text: str) -> None:
    made = markdown.words(f"see {text}, please")
    assert re.fullmatch(rf"see (?:{CODE.pattern}), please", made), made
    assert text in _shown(made.removeprefix("see ").removesuffix(", please"))


def test_a_sentence_stays_a_sentence() -> None:
    message = "is not in the catalogue and can read it: reads by role/reader p0[0], if aws:sourceip fits"
    expected = (
        "is not in the catalogue and can read it: reads by `role/reader` `p0[0]`, if `aws:sourceip` fits"
    )
    assert markdown.words(message) == expected


@given(HOSTILE)
def test_the_hidden_mark_is_one_comment_that_nothing_ends(mark: str) -> None:
    first = markdown.readers("Title", mark, (), "Nobody.").splitlines()[0]
    assert re.fullmatch(r"<!-- keyplan audit [^>]* -->", first)
    assert "--" not in first[4:-3]


def test_a_comment_says_who_reads_through_whom_and_why(tmp_path: Path, capfdbinary: Any) -> None:
    file = tmp_path / "accounts.json"
    office = when(IpAddress={"aws:SourceIp": "10.0.0.0/8"})
    ann, bob = user("ann", document(allow("sts:AssumeRole"))), user("bob", document(allow(**office)))
    reader = role("reader", document(allow()), trust=trusting({"AWS": ROOT}))
    file.write_text(json.dumps(snapshot(ann, bob, reader)))
    words = ["audit", "readers", "prod/anthropic-api-key", "--snapshot", str(file), "--format", "markdown"]
    assert run(words) == 0
    told = capfdbinary.readouterr().out.decode()
    assert told.splitlines()[:9] == [
        f"<!-- keyplan audit readers {SECRET} -->",
        "### Who can read `prod/anthropic-api-key`",
        "",
        "**2 can read, 1 under a condition, 0 unknown**",
        "",
        "| Verdict | Principal | Secret | Through |",
        "|---|---|---|---|",
        f"| allow | `{ACCOUNT} role/reader` | `prod/anthropic-api-key-AbCdEf` | - |",
        f"| allow | `{ACCOUNT} user/ann` | `prod/anthropic-api-key-AbCdEf` | `{ACCOUNT} role/reader` |",
    ]
    assert "<details><summary>Why</summary>" in told
    assert "`p0[0]` allows if" in told
    assert told.count(f"| `{ACCOUNT} role/reader` | `prod/anthropic-api-key-AbCdEf` | read:") == 1


def test_nobody_is_said(tmp_path: Path, capfdbinary: Any) -> None:
    file = tmp_path / "accounts.json"
    file.write_text(json.dumps(snapshot(user("ann"))))
    assert run(["audit", "keys", "ann", "--snapshot", str(file), "--format", "markdown"]) == 0
    told = capfdbinary.readouterr().out.decode()
    assert told == (
        f"<!-- keyplan audit keys {ANN} -->\n### What `{ACCOUNT} user/ann` can read\n\n"
        "It can read no secret of the snapshot.\n"
    )


def _reader(number: int, verdict: Verdict = Verdict.ALLOW) -> Reader:
    name = f"arn:aws:iam::{ACCOUNT}:role/r{number:06}"
    return Reader(name, SECRET, verdict, (name,), f"read: {name} p0[0] allows")


@given(st.integers(0, 400), st.integers(1_500, 20_000))
def test_a_comment_fits_and_counts_what_it_leaves_out(count: int, limit: int) -> None:
    told = markdown.readers("Title", "readers x", map(_reader, range(count)), "Nobody.", limit)
    assert len(told.encode()) <= limit
    shown = told.count("| allow |")
    left_out = re.search(r"([0-9,]+)(?: more)? readers are left out here", told)
    assert shown + (int(left_out[1].replace(",", "")) if left_out else 0) == count
    assert told.count("<details>") == told.count("</details>")


def test_the_worst_are_the_ones_that_are_shown() -> None:
    found = [_reader(number, Verdict.UNKNOWN) for number in range(5_000)]
    found += [_reader(9_000, Verdict.CONDITIONAL), _reader(9_001)]
    told = markdown.readers("Title", "matrix", iter(found), "Nobody.")
    assert "**1 can read, 1 under a condition, 5,000 unknown**" in told
    verdicts = re.findall(r"^\| (allow|conditional|unknown) \|", told, re.MULTILINE)
    assert verdicts[:3] == ["allow", "conditional", "unknown"]
    assert f"{5_002 - len(verdicts):,} more readers are left out here" in told


def test_a_long_name_and_a_long_chain_are_cut_visibly() -> None:
    chain = tuple(f"arn:aws:iam::{ACCOUNT}:role/{number}" for number in range(30))
    long = Reader(chain[0], SECRET + "x" * 5_000, Verdict.ALLOW, chain, "read: " + "word " * 5_000)
    told = markdown.readers("Title", "matrix", [long], "Nobody.")
    assert "23 more → `111122223333 role/29` |" in told
    assert "x…" in html.unescape(told)
    assert len(told) < 5_000


def test_the_gate_tells_what_counts_and_folds_what_is_accepted() -> None:
    accepted = baseline.Acceptance("unlisted-reader", ANN, SECRET, "on call, see #12", "2027-01-31")
    idle = baseline.Acceptance("public", "*", SECRET, "old", "2026-01-31")
    found = [
        gate.Finding("unlisted-reader", READER, SECRET, "conditional", "can read it", (READER,)),
        gate.Finding("unlisted-reader", ANN, SECRET, "allow", "can read it", (ANN, READER)),
        gate.Finding("public", "*", SECRET, "allow", "is let in"),
    ]
    outcome = baseline.weighed(found, [accepted, idle], "2026-11-21")
    told = markdown.gate("prod", outcome, [accepted, idle])
    assert told.startswith("<!-- keyplan audit gate prod -->\n### keyplan audit: 2 findings in `prod`\n")
    secret = "`prod/anthropic-api-key-AbCdEf`"
    rows = [line for line in told.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `public` | `allow` | `*` | {secret} | is let in | - |",
        f"| `unlisted-reader` | `conditional` | `{ACCOUNT} role/reader` | {secret} | can read it | - |",
        f"| `unlisted-reader` | `{ACCOUNT} user/ann` | {secret} | on call, see <code>&#35;12</code> "
        "| `2027-01-31` |",
        f"| `public` | `*` | {secret} | old | `2026-01-31` |",
    ]
    assert re.findall("<summary>(.*)</summary>", told) == [
        "1 accepted",
        "1 of the acceptances expired or meet nothing: take them out",
    ]


def test_the_gate_tells_of_acceptances_that_end_soon() -> None:
    ending = baseline.Acceptance("unlisted-reader", ANN, SECRET, "on call", "2026-11-30")
    found = [gate.Finding("unlisted-reader", ANN, SECRET, "allow", "can read it", (ANN,))]
    told = markdown.gate("prod", baseline.weighed(found, [ending], "2026-11-21"), [ending])
    assert "<summary>1 of the acceptances end soon</summary>" in told
    assert told.count("`2026-11-30`") == 2


def test_a_gate_without_findings_says_so() -> None:
    told = markdown.gate("prod", baseline.Outcome([], [], []))
    assert told.endswith("No findings in `prod`\n\nWho can read the keys is as the catalogue says.\n")


def test_a_comment_of_many_findings_fits_a_forge() -> None:
    many = [
        gate.Finding("unlisted-reader", f"arn:aws:iam::{ACCOUNT}:role/{n}|", SECRET, "allow", "can read it")
        for n in range(2_000)
    ]
    told = markdown.gate("prod", baseline.Outcome(many, many, []))
    assert len(told.encode()) <= markdown.COMMENT_CHARACTERS_MAX
    assert "more findings are left out here: `--format json` has them all." in told
    assert "2,000 accepted findings are left out here" in told
