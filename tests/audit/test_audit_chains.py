"""Reach through roles, tokens of CI systems, and principals whose own policies are not in the snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import graph_of, reach, result
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    ROOT,
    SECRET,
    allow,
    deny,
    document,
    estate_of,
    key,
    role,
    secret,
    trusting,
    user,
    when,
)

READS = document(allow())
ASSUMES = document(allow("sts:AssumeRole"))


def _arn(kind: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{kind}/{name}"


def _reach(*principals: dict[str, Any], **more: Any) -> dict[str, tuple[str, list[str]]]:
    estate = estate_of(*principals, **more)
    return {
        found["principal"].rpartition("/")[2]: (
            found["verdict"],
            [step.rpartition("/")[2] for step in found["path"]],
        )
        for found in reach(estate, graph_of(estate))
    }


def test_who_may_become_a_reader_reaches_the_secret_by_a_shortest_way() -> None:
    found = _reach(
        user("ann", ASSUMES),
        user("nobody"),
        role("first", ASSUMES, trust=trusting({"AWS": ROOT})),
        role("reader", READS, trust=trusting({"AWS": ROOT})),
        role("apart", READS),
    )
    assert found == {
        "ann": ("allow", ["ann", "reader"]),
        "first": ("allow", ["first", "reader"]),
        "reader": ("allow", ["reader"]),
        "apart": ("allow", ["apart"]),
    }


def test_a_way_of_two_roles_is_found_and_a_circle_is_no_trap() -> None:
    found = _reach(
        user("ann"),
        role("first", ASSUMES, trust=trusting({"AWS": [_arn("user", "ann"), _arn("role", "second")]})),
        role("second", ASSUMES, trust=trusting({"AWS": _arn("role", "first")})),
        role("reader", READS, trust=trusting({"AWS": _arn("role", "second")})),
    )
    assert found["ann"] == ("allow", ["ann", "first", "second", "reader"])


def test_a_longer_way_that_is_sure_counts_more_than_a_short_one_under_a_condition() -> None:
    mfa = when(Bool={"aws:MultiFactorAuthPresent": "true"})
    found = _reach(
        user("ann", ASSUMES),
        role("middle", ASSUMES, trust=trusting({"AWS": ROOT})),
        role(
            "reader",
            READS,
            trust=document(
                {
                    **allow("sts:AssumeRole", **mfa),
                    "Principal": {"AWS": _arn("user", "ann")},
                    "Resource": "*",
                },
                {**allow("sts:AssumeRole"), "Principal": {"AWS": _arn("role", "middle")}},
            ),
        ),
    )
    assert found["ann"] == ("allow", ["ann", "middle", "reader"])


TRUSTS = {
    "its name, without a permission of its own": (
        document(),
        trusting({"AWS": _arn("user", "ann")}),
        "allow",
    ),
    "its account, with a permission": (ASSUMES, trusting({"AWS": ROOT}), "allow"),
    "its account, without one": (document(), trusting({"AWS": ROOT}), None),
    "nobody but a service": (ASSUMES, trusting({"Service": "lambda.amazonaws.com"}), None),
    "its name, and a denial of its own": (
        document(deny("sts:AssumeRole")),
        trusting({"AWS": _arn("user", "ann")}),
        None,
    ),
    "another action": (ASSUMES, trusting({"AWS": ROOT}, "sts:AssumeRoleWithSAML"), None),
    "an external id, which the caller would have to know": (
        ASSUMES,
        trusting({"AWS": ROOT}, **when(StringEquals={"sts:ExternalId": "x"})),
        "conditional",
    ),
    "a trust that cannot be read": (ASSUMES, "{", "unknown"),
}


@pytest.mark.parametrize(("policy", "trust", "expected"), TRUSTS.values(), ids=TRUSTS)
def test_a_role_is_assumed_by_whom_it_trusts(policy: Any, trust: Any, expected: str | None) -> None:
    found = _reach(user("ann", policy), role("reader", READS, trust=trust))
    assert found.get("ann", (None, []))[0] == expected


GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
MAIN = "repo:example/evals:ref:refs/heads/main"


def _token(subject: str, **claims: Any) -> dict[str, Any]:
    return {"provider": GITHUB, "claims": {"sub": subject, "aud": "sts.amazonaws.com", **claims}}


def _ci_trust(**lines: Any) -> dict[str, Any]:
    return trusting({"Federated": GITHUB}, "sts:AssumeRoleWithWebIdentity", **when(**lines))


HOST = "token.actions.githubusercontent.com"
PROBES = {
    "the very subject": (_ci_trust(StringEquals={f"{HOST}:sub": MAIN}), MAIN, "allow"),
    "another subject": (
        _ci_trust(StringEquals={f"{HOST}:sub": MAIN}),
        "repo:example/evals:pull_request",
        None,
    ),
    "a pattern that others meet": (_ci_trust(StringLike={f"{HOST}:sub": "repo:example*"}), MAIN, "allow"),
    "a claim that the token lacks": (
        _ci_trust(StringEquals={f"{HOST}:sub": MAIN, f"{HOST}:repository_id": "1"}),
        MAIN,
        None,
    ),
    "ForAllValues of a claim that it lacks": (
        _ci_trust(**{"ForAllValues:StringEquals": {f"{HOST}:repository_id": "1"}}),
        MAIN,
        "allow",
    ),
    "no condition at all": (_ci_trust(), MAIN, "allow"),
}


@pytest.mark.parametrize(("trust", "subject", "expected"), PROBES.values(), ids=PROBES)
def test_a_token_becomes_the_roles_whose_trust_it_meets(
    trust: Any, subject: str, expected: str | None
) -> None:
    found = result(estate_of(role("ci", trust=trust), oidc_probes=[_token(subject)]))["oidc"]
    assert [entry["verdict"] for entry in found] == ([] if expected is None else [expected])
    assert all(entry["sub"] == subject and entry["provider"] == GITHUB for entry in found)


OUTSIDERS = {
    "another account": ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "external", "allow"),
    "its user": ({"AWS": f"arn:aws:iam::{OTHER}:user/bob"}, "external", "allow"),
    "everybody": ("*", "public", "allow"),
    "a service": ({"Service": "lambda.amazonaws.com"}, "service", "allow"),
    "a federation": ({"Federated": GITHUB}, "federated", "allow"),
}


@pytest.mark.parametrize(("principal", "kind", "verdict"), OUTSIDERS.values(), ids=OUTSIDERS)
def test_whom_a_secret_names_from_outside_is_listed_by_kind(principal: Any, kind: str, verdict: str) -> None:
    policy = document({**allow(), "Principal": principal})
    estate = estate_of(secrets=[secret(policy, KmsKeyId=KEY)], kms_keys=[key()])
    (found,) = result(estate)["external"]
    assert (found["kind"], found["verdict"], found["secret"]) == (kind, verdict, SECRET)


def test_another_account_that_the_key_does_not_let_in_is_not_listed() -> None:
    policy = document({**allow(), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}})
    assert result(estate_of(secrets=[secret(policy)]))["external"] == []


def test_everybody_under_a_condition_on_the_account_is_conditional() -> None:
    policy = document(
        {**allow(**when(StringEquals={"aws:PrincipalAccount": OTHER})), "Principal": "*"},
    )
    (found,) = result(estate_of(secrets=[secret(policy)]))["external"]
    assert (found["kind"], found["verdict"]) == ("public", "conditional")


def test_the_reasons_name_the_statements_and_what_is_open() -> None:
    open_to_office = allow(Sid="Office", **when(IpAddress={"aws:SourceIp": "10.0.0.0/8"}))
    (found,) = result(estate_of(user("ann", document(open_to_office))))["pairs"]
    assert found["verdict"] == "conditional"
    wanted = f"read: {_arn('user', 'ann')} p0[Office] allows if aws:SourceIp is in 10.0.0.0/8."
    assert found["why"].startswith(wanted)
