"""Accepted findings: by name, with a reason, until a last day; and what the gate prints and exits with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyplan.audit.baseline import Acceptance, proposed, read_baseline, weighed
from keyplan.audit.gate import CODES, Finding
from keyplan.cli import run
from keyplan.errors import UsageError
from keyplan.manifest.model import GcpLocation, GcpSecretLocation, Manifest
from tests.audit.accounts import SECRET, allow, document, secret, snapshot, user
from tests.audit.gated import BREAK_GLASS, IAM, LISTED, manifest

TODAY = "2026-11-21"  # of the snapshots
ADMIN, ANN = user("admin", document(allow("*"))), user("ann", document(allow()))
Gate = Callable[..., int]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Run the gate on an account; its exit code."""

    def ask(
        *principals: Any, baseline: Any = None, form: str = "text", held_against: Manifest | None = None,
        **more: Any,
    ) -> int:  # fmt: skip
        files = {
            "snapshot": snapshot(*principals, **more),
            "manifest": (held_against or manifest()).to_json(),
            **({} if baseline is None else {"baseline": baseline}),
        }
        words = ["audit", "gate", "--format", form]
        for name, written in files.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(written))
            words += [f"--{name}", str(tmp_path / f"{name}.json")]
        return run(words)

    return ask


def acceptance(**changes: str) -> dict[str, str]:
    return {
        "code": "administrator",
        "principal": f"{IAM}user/admin",
        "secret": SECRET,
        "reason": "the account's administrator",
        "expires": "2027-06-30",
        **changes,
    }


def test_what_is_accepted_passes_until_its_last_day(gate: Gate) -> None:
    assert gate(LISTED, ADMIN) == 1
    assert gate(LISTED, ADMIN, baseline=[acceptance()]) == 0
    assert gate(LISTED, ADMIN, baseline=[acceptance(expires=TODAY)]) == 0
    assert gate(LISTED, ADMIN, baseline=[acceptance(expires="2026-11-20")]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"principal": f"{IAM}user/another"},
        {"secret": SECRET[:-1] + "g"},
        {"code": "unlisted-reader"},
    ],
    ids=["another principal", "another secret", "another finding"],
)
def test_an_acceptance_accepts_nothing_else(gate: Gate, changes: dict[str, str]) -> None:
    assert gate(LISTED, ADMIN, baseline=[acceptance(**changes)]) == 1


def test_an_administrator_is_accepted_once_for_every_secret_but_not_for_a_locked_one(gate: Gate) -> None:
    everywhere = [acceptance(secret="*")]
    assert gate(LISTED, ADMIN, baseline=everywhere) == 0
    locked = manifest(lockdown=True)
    assert gate(LISTED, ADMIN, baseline=everywhere, held_against=locked) == 1


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("accepted", "entry 1 is not an object with code, principal, secret, reason, expires"),
        ({}, "entry 1 has no `code`"),
        (acceptance(reason=" "), "entry 1 has no `reason`: say why the finding is accepted"),
        (acceptance(expires=""), "entry 1 has no `expires`: say until when, as in 2027-01-31"),
        (acceptance(expires="soon"), "entry 1: `expires` is a date, as in 2027-01-31"),
        (acceptance(expires="20270131"), "entry 1: `expires` is a date, as in 2027-01-31"),
        (acceptance(code="adminstrator"), "entry 1: there is no such code; did you mean administrator"),
        (
            acceptance(code="unlisted-reader", secret="*"),
            "entry 1: only administrator can be accepted for every secret; name one",
        ),
        (acceptance(expire="2027-01-31"), "entry 1 has a field that no acceptance has; it has code, "),
    ],
    ids=["text", "nothing", "no reason", "no date", "no day", "basic date", "code", "every secret", "field"],
)
def test_a_baseline_that_says_too_little_is_refused(gate: Gate, capsys: Any, entry: Any, words: str) -> None:
    assert gate(LISTED, baseline=[entry]) == 2
    assert f"the baseline's {words}" in capsys.readouterr().err


def test_a_baseline_that_is_no_list_or_says_something_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="not a list"):
        read_baseline({"findings": []})
    with pytest.raises(UsageError, match="entry 2 is there twice"):
        read_baseline([acceptance(), acceptance(expires="2027-12-31")])


def test_acceptances_of_changes_may_stand_in_the_same_file_and_the_gate_leaves_them_alone(
    gate: Gate, capsys: Any
) -> None:
    assert gate(LISTED, ADMIN, baseline=[acceptance(), acceptance(code="opened")]) == 0
    assert "opened" not in capsys.readouterr().err


# ---- what a person reads --------------------------------------------------------------------------------


def test_findings_are_told_with_their_way_and_alike_ones_once(gate: Gate, capsys: Any) -> None:
    assert gate(LISTED, ANN) == 1
    said = capsys.readouterr()
    assert said.out == (
        "unlisted-reader (allow): 111122223333 user/ann\n"
        "  is not in the catalogue and can read it: reads by user/ann p0[0]\n"
        "  prod/anthropic-api-key-AbCdEf\n"
        "1 finding\n"
    )
    assert "keyplan audit path PRINCIPAL SECRET" in said.err
    assert gate(LISTED) == 0
    assert capsys.readouterr() == ("no findings\n", "")


def test_what_one_gap_leaves_open_is_told_once_for_all(gate: Gate, capsys: Any) -> None:
    everybody = [user(f"u{number:02}") for number in range(12)]
    assert gate(LISTED, *everybody, secrets=[secret("not a policy")]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("unlisted-reader (unknown): 111122223333 user/u00, 111122223333 user/u01, ")
    assert said[0].endswith("user/u09 and 2 more")
    assert said[1].endswith(
        "reads by secret:prod/anthropic-api-key-AbCdEf policy[0], which the snapshot leaves open"
    )
    assert said[2] == "  prod/anthropic-api-key-AbCdEf"
    assert said[-1] == "13 findings"


def test_a_person_is_told_of_acceptances_that_are_over_end_soon_or_meet_nothing(
    gate: Gate, capsys: Any
) -> None:
    baseline = [
        acceptance(expires="2026-12-05"),
        acceptance(principal=f"{IAM}user/gone"),
        acceptance(principal=f"{IAM}user/late", expires="2026-11-01"),
    ]
    assert gate(LISTED, ADMIN, baseline=baseline) == 0
    said = capsys.readouterr()
    assert said.out == "no findings, 1 accepted\n"
    name = "warning: the acceptance of administrator for 111122223333 user/"
    assert said.err.splitlines() == [
        f"{name}gone and prod/anthropic-api-key-AbCdEf meets no finding any more: take it out of the "
        "baseline",
        f"{name}late and prod/anthropic-api-key-AbCdEf ended on 2026-11-01: take the access away, or accept "
        "it anew with its reason",
        f"{name}admin and prod/anthropic-api-key-AbCdEf ends on 2026-12-05",
    ]


def test_fourteen_days_are_soon_and_fifteen_are_not() -> None:
    finding = Finding("administrator", "a", "s", "allow", "")
    for expires, soon in (("2026-12-05", 1), ("2026-12-06", 0), (TODAY, 1)):
        [given_] = read_baseline([acceptance(principal="a", secret="s", expires=expires)])
        assert len(weighed([finding], [given_], TODAY).expiring) == soon


def test_without_the_snapshots_date_nothing_can_be_accepted(gate: Gate, capsys: Any) -> None:
    assert gate(LISTED, ADMIN, baseline=[acceptance()], context={}) == 2
    assert "aws:CurrentTime" in capsys.readouterr().err


# ---- a baseline to begin with ---------------------------------------------------------------------------


def test_a_baseline_is_proposed_and_refused_until_every_entry_has_its_reason(gate: Gate, capsys: Any) -> None:
    assert gate(LISTED, ADMIN, ANN, form="baseline") == 1
    entries = json.loads(capsys.readouterr().out)
    assert [(each["code"], each["principal"], each["secret"], each["reason"]) for each in entries] == [
        ("administrator", f"{IAM}user/admin", "*", ""),
        ("unlisted-reader", f"{IAM}user/ann", SECRET, ""),
    ]
    assert {each["expires"] for each in entries} == {"2027-02-19"}
    assert entries[1]["message"].endswith("reads by user/ann p0[0]")
    assert gate(LISTED, ADMIN, ANN, baseline=entries) == 2
    assert "entry 1 has no `reason`" in capsys.readouterr().err
    for entry in entries:
        entry["reason"] = "as agreed with the team"
    assert gate(LISTED, ADMIN, ANN, baseline=entries) == 0


def test_a_proposal_keeps_what_is_in_use_and_drops_what_is_not(gate: Gate, capsys: Any) -> None:
    held, over = acceptance(), acceptance(principal=f"{IAM}user/gone")
    assert gate(LISTED, ADMIN, ANN, baseline=[held, over], form="baseline") == 1
    entries = json.loads(capsys.readouterr().out)
    assert entries[0] == held
    assert [each["principal"] for each in entries] == [f"{IAM}user/admin", f"{IAM}user/ann"]


names = st.sampled_from(["a", "b"])
findings = st.builds(
    Finding, st.sampled_from(sorted(CODES)), names, names, st.just("allow"), st.just(""), st.just(())
)


@given(st.lists(findings, unique=True, max_size=8))
def test_a_proposal_with_reasons_accepts_exactly_what_it_was_made_of(found: list[Finding]) -> None:
    entries = proposed(weighed(found, (), TODAY), (), TODAY)
    accepted = read_baseline([{**each, "reason": "so"} for each in entries])
    outcome = weighed(found, accepted, TODAY)
    assert (outcome.counting, outcome.unused) == ([], [])
    other = Finding("public", "c", "a", "allow", "")
    assert weighed([other], accepted, TODAY).counting == [other]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_any_json_is_a_baseline_or_refused(written: Any) -> None:
    try:
        found = read_baseline(written)
    except UsageError:
        return
    assert all(isinstance(each, Acceptance) for each in found)


def test_what_is_on_google_cloud_is_said_not_to_be_weighed(gate: Gate, capsys: Any) -> None:
    both = manifest(break_glass=BREAK_GLASS)
    place = GcpLocation("example-prod", "1", "europe-west1", "projects/example-prod/roles/abc",
                        "projects/example-prod/roles/def", {})  # fmt: skip
    secret = GcpSecretLocation(
        "prod-anthropic-api-key", "projects/example-prod/secrets/prod-anthropic-api-key"
    )
    keys = {name: replace(each, gcp=secret) for name, each in both.keys.items()}
    assert gate(LISTED, held_against=replace(both, gcp=place, keys=keys)) == 0
    assert capsys.readouterr().err == (
        "note: what prod has on Google Cloud is not in a snapshot of AWS: not weighed\n"
    )


def test_what_a_snapshot_lacks_is_said_before_a_key_is_missed_in_it(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = {"account": "1", "region": "r", "call": "secretsmanager:ListSecrets", "reason": "not allowed"}
    assert gate(LISTED, secrets=[], missing=[denied]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("warning: account 1, r: secretsmanager:ListSecrets was not answered")
    assert told[1].startswith("error: the snapshot has no secret of the key anthropic: ")
