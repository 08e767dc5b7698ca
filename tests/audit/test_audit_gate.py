"""`keyplan audit gate`: what differs between the account and the catalogue, and what is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keyplan.cli import run
from keyplan.manifest import AwsLocation, Manifest, ManifestConsumer, ManifestKey, SecretLocation
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    details,
    document,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
)

READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
PEOPLE = f"arn:aws:iam::{ACCOUNT}:policy/people"
EXACT = document(allow("secretsmanager:GetSecretValue", SECRET[:-6] + "??????"))
LISTED = role("reader", EXACT)
Gate = Callable[..., tuple[int, list[dict[str, Any]]]]


def _manifest() -> Manifest:
    consumers = {
        "chat": ManifestConsumer("chat", "ecs", ("anthropic",), {}, READER, (), {}),
        "people": ManifestConsumer("people", "people", ("anthropic",), {}, None, (PEOPLE,), {}),
    }
    its_key = ManifestKey(
        name="anthropic",
        vendor="anthropic",
        owner="ml@example.com",
        env_var="ANTHROPIC_API_KEY",
        value_format=None,
        rotate_every="90d",
        remind_before="14d",
        grace="7d",
        aws=SecretLocation("prod/anthropic-api-key", SECRET, "ANTHROPIC_API_KEY"),
    )
    auditor = f"arn:aws:iam::{ACCOUNT}:role/prod-keyplan-auditor"
    place = AwsLocation(ACCOUNT, "aws", REGION, KEY, (), auditor, {})
    return Manifest("prod", "platform@example.com", "7d", place, {"anthropic": its_key}, consumers)


@pytest.fixture
def gate(tmp_path: Path, capsys: Any) -> Gate:
    """Run the gate on an account; its exit code and its findings."""

    def ask(*principals: Any, baseline: Any = None, **more: Any) -> tuple[int, list[dict[str, Any]]]:
        accounts, manifest = tmp_path / "accounts.json", tmp_path / "manifest.json"
        accounts.write_text(json.dumps(snapshot(*principals, **more)))
        manifest.write_text(json.dumps(_manifest().to_json()))
        words = [
            "audit",
            "gate",
            "--snapshot",
            str(accounts),
            "--manifest",
            str(manifest),
            "--format",
            "json",
        ]
        if baseline is not None:
            (tmp_path / "baseline.json").write_text(json.dumps(baseline))
            words += ["--baseline", str(tmp_path / "baseline.json")]
        code = run(words)
        out = capsys.readouterr().out
        return code, json.loads(out)["findings"] if out else []

    return ask


def _codes(found: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(each["code"], each["principal"].rpartition("/")[2]) for each in found]


def test_an_account_that_is_as_the_catalogue_says_passes(gate: Gate) -> None:
    assert gate(LISTED, user("nobody")) == (0, [])


def test_a_stranger_is_found_with_the_way_through_roles(gate: Gate) -> None:
    code, found = gate(
        role("reader", EXACT, trust=trusting({"AWS": ROOT})),
        user("ann", document(allow("sts:AssumeRole"))),
    )
    assert code == 1
    assert _codes(found) == [("unlisted-reader", "ann")]
    assert found[0]["path"] == [f"arn:aws:iam::{ACCOUNT}:user/ann", READER]
    assert found[0]["message"] == "can read it and is not in the catalogue, through 1 role"


def test_a_stranger_is_found_who_comes_by_the_secrets_own_policy_or_by_a_grant(gate: Gate) -> None:
    ann = f"arn:aws:iam::{ACCOUNT}:user/ann"
    own = secret(document({**allow(), "Principal": {"AWS": ann}}))
    assert _codes(gate(LISTED, user("ann"), secrets=[own])[1]) == [("unlisted-reader", "ann")]
    decrypts = document({**allow("kms:Decrypt"), "Principal": {"AWS": READER}})
    locked = key(decrypts, Grants=[{"GranteePrincipal": ann, "Operations": ["Decrypt"]}])
    reads = user("ann", EXACT)
    found = gate(LISTED, reads, secrets=[secret(KmsKeyId=KEY)], kms_keys=[locked])[1]
    assert _codes(found) == [("unlisted-reader", "ann")]


def test_people_are_those_who_have_the_policy(gate: Gate) -> None:
    there = details(
        LISTED,
        user("ann", AttachedManagedPolicies=[attached("people")]),
        user("bob", GroupList=["team"]),
        groups=[
            {
                "GroupName": "team",
                "Arn": f"arn:aws:iam::{ACCOUNT}:group/team",
                "GroupPolicyList": [],
                "AttachedManagedPolicies": [attached("people")],
            }
        ],
        policies=[managed("people", EXACT)],
    )
    assert gate(authorization_details=there) == (0, [])


@pytest.mark.parametrize(
    ("principals", "verdict"),
    [([], "unknown"), ([role("reader")], "deny")],
    ids=["a role that is gone", "a role without the permission"],
)
def test_a_reader_of_the_catalogue_who_cannot_read_is_found(
    gate: Gate, principals: list[Any], verdict: str
) -> None:
    code, found = gate(*principals)
    assert code == 1
    assert [(each["code"], each["verdict"]) for each in found] == [("listed-without-access", verdict)]


def test_a_reader_by_a_wildcard_is_found(gate: Gate) -> None:
    code, found = gate(role("reader", document(allow())))
    assert (code, _codes(found)) == (1, [("wildcard-grant", "reader")])


def test_a_secret_that_others_may_read_is_found(gate: Gate) -> None:
    everybody = secret(document({**allow(), "Principal": "*"}), KmsKeyId=KEY)
    codes = {each["code"] for each in gate(LISTED, secrets=[everybody], kms_keys=[key()])[1]}
    assert codes == {"public"}
    other = {"AWS": f"arn:aws:iam::{OTHER}:root"}
    shared = secret(document({**allow(), "Principal": other}), KmsKeyId=KEY)
    codes = {each["code"] for each in gate(LISTED, secrets=[shared], kms_keys=[key()])[1]}
    assert codes == {"cross-account"}


GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [("repo:example/evals:*", []), ("repo:*", [("foreign-ci", "reader")])],
    ids=["one repository", "every repository"],
)
def test_a_trust_that_another_repository_meets_is_found(
    gate: Gate, subject: str, expected: list[tuple[str, str]]
) -> None:
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": subject}}
    trust = trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", Condition=condition)
    assert _codes(gate(role("reader", EXACT, trust=trust))[1]) == expected


def _acceptance(**changes: str) -> dict[str, str]:
    return {
        "code": "unlisted-reader",
        "principal": f"arn:aws:iam::{ACCOUNT}:user/admin",
        "secret": SECRET,
        "reason": "the account's administrator",
        "expires": "2026-12-31",
        **changes,
    }


ADMIN = user("admin", document(allow("*")))


def test_what_is_accepted_passes_until_its_last_day(gate: Gate) -> None:
    assert gate(LISTED, ADMIN)[0] == 1
    assert gate(LISTED, ADMIN, baseline=[_acceptance()]) == (0, [])
    assert gate(LISTED, ADMIN, baseline=[_acceptance(expires="2026-11-21")])[0] == 0
    assert gate(LISTED, ADMIN, baseline=[_acceptance(expires="2026-11-20")])[0] == 1
    assert gate(LISTED, ADMIN, baseline=[_acceptance(principal="another")])[0] == 1


@pytest.mark.parametrize(
    "entry",
    [{}, _acceptance(reason=""), _acceptance(expires="soon"), "accepted"],
    ids=["nothing", "no reason", "no date", "no object"],
)
def test_a_baseline_that_says_too_little_is_refused(gate: Gate, entry: Any) -> None:
    assert gate(LISTED, baseline=[entry]) == (2, [])


def test_a_person_is_told_what_an_acceptance_still_does(tmp_path: Path, capsys: Any, gate: Gate) -> None:
    gate(LISTED, ADMIN, baseline=[_acceptance(), _acceptance(principal="gone")])
    words = ["audit", "gate", "--snapshot", str(tmp_path / "accounts.json")]
    words += ["--manifest", str(tmp_path / "manifest.json"), "--baseline", str(tmp_path / "baseline.json")]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert out == "no findings, 1 accepted; of the acceptances, 1 expired or meet nothing: take them out\n"


def test_a_snapshot_of_another_account_is_refused(gate: Gate, capsys: Any) -> None:
    assert gate(LISTED, secrets=[])[0] == 2
