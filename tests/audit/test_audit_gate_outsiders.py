"""The gate: wildcards, and what is open to other accounts, services, federations and everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import (
    KEY,
    OTHER,
    READER,
    SECRET,
    allow,
    document,
    key,
    role,
    secret,
    trusting,
    when,
)
from tests.audit.gated import EXACT, IAM, LISTED, NAME, codes, consumer, found_in, manifest, said


def test_a_reader_by_a_wildcard_is_found_with_the_statement() -> None:
    assert said(role("reader", document(allow(Sid="ReadAll")))) == [
        "wildcard-grant: reads it by a wildcard, and so whatever else that covers: role/reader p0[ReadAll]"
    ]


def test_a_reader_of_everything_but_something_reads_by_a_wildcard() -> None:
    but = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "NotResource": f"{SECRET}x"}
    assert codes(found_in(role("reader", document(but)))) == [("wildcard-grant", "reader")]


@pytest.mark.parametrize(
    ("principal", "code", "message"),
    [
        ("*", "public", "everybody is let in by"),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "cross-account", "another account is let in by"),
        ({"Service": "glue.amazonaws.com"}, "service-access", "a service is let in by"),
        ({"Federated": f"{IAM}saml-provider/idp"}, "federated-access", "a federation is let in by"),
    ],
    ids=["everybody", "account", "service", "federation"],
)
def test_a_secret_that_outsiders_may_read_is_found_with_the_statement(
    principal: Any, code: str, message: str
) -> None:
    own = secret(document({**allow(), "Principal": principal}), KmsKeyId=KEY)
    assert said(LISTED, secrets=[own], kms_keys=[key()]) == [f"{code}: {message} {NAME} policy[0]"]


@pytest.mark.parametrize(
    ("principal", "code", "who"),
    [
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "cross-account", "another account"),
        ({"AWS": "*"}, "public", "everybody"),
        ({"Service": "lambda.amazonaws.com"}, "service-access", "a service that is not its runtime's"),
    ],
    ids=["account", "everybody", "service"],
)
def test_a_readers_role_that_outsiders_may_take_is_found(principal: Any, code: str, who: str) -> None:
    [finding] = found_in(role("reader", EXACT, trust=trusting(principal)))
    name = next(iter(principal.values()))
    assert (finding.code, finding.principal, finding.path) == (code, name, (name, READER))
    assert finding.message == f"{who} can take a role that reads it, by role/reader trust[0]"


def test_another_account_is_found_behind_a_role_that_is_accepted_itself() -> None:
    far = f"arn:aws:iam::{OTHER}:root"
    boss = role("boss", document(allow("*")), trust=trusting({"AWS": far}))
    found = found_in(
        LISTED, boss, role("step", document(allow("sts:AssumeRole")), trust=trusting({"AWS": far}))
    )
    assert ("cross-account", far, (far, f"{IAM}role/boss")) in [
        (each.code, each.principal, each.path) for each in found
    ]


def test_of_two_ways_of_one_account_the_surer_one_is_told() -> None:
    far = f"arn:aws:iam::{OTHER}:root"
    at_work = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    own = secret(document({**allow(**at_work), "Principal": {"AWS": far}}), KmsKeyId=KEY)
    [finding] = found_in(role("reader", EXACT, trust=trusting({"AWS": far})), secrets=[own], kms_keys=[key()])
    assert (finding.code, finding.verdict) == ("cross-account", "allow")
    assert finding.path == (far, READER)


def test_a_condition_on_the_way_makes_the_finding_conditional() -> None:
    far, at_work = {"AWS": f"arn:aws:iam::{OTHER}:root"}, when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    [finding] = found_in(role("reader", EXACT, trust=trusting(far, **at_work)))
    assert (finding.code, finding.verdict) == ("cross-account", "conditional")
    [finding, _] = found_in(role("reader", document(allow(resource=SECRET, **at_work)), trust=trusting(far)))[
        ::-1
    ]
    assert (finding.code, finding.verdict) == ("cross-account", "conditional")
    saml = {"Federated": f"{IAM}saml-provider/idp"}
    [finding] = found_in(role("reader", EXACT, trust=trusting(saml, "sts:AssumeRoleWithSAML", **at_work)))
    assert (finding.code, finding.verdict) == ("federated-access", "conditional")


def test_of_a_role_that_the_catalogue_only_refers_to_nobody_said_which_service_takes_it() -> None:
    trust = trusting({"Service": "lambda.amazonaws.com"})
    assert found_in(role("reader", EXACT, trust=trust), held_against=manifest(consumer("iam-role"))) == []


def test_a_federation_that_is_not_the_runtimes_is_found_at_a_readers_role() -> None:
    saml = f"{IAM}saml-provider/idp"
    trust = trusting({"Federated": saml}, "sts:AssumeRoleWithSAML")
    [finding] = found_in(role("reader", EXACT, trust=trust))
    assert (finding.code, finding.principal, finding.path) == ("federated-access", saml, (saml, READER))
    # Of a role that the catalogue only refers to, nobody said who takes it.
    assert found_in(role("reader", EXACT, trust=trust), held_against=manifest(consumer("iam-role"))) == []
