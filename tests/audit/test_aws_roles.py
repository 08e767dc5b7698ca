"""Who takes a role: trusts, sessions' tags, chains and tokens, as AWS's documents have it."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import graph_of, reach, result
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    OTHER,
    READER,
    ROOT,
    SECRET,
    Statement,
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    managed,
    role,
    trusting,
    user,
    when,
)
from tests.audit.aws_cases import ALLOW, DENY, IAM, OPEN, Case

TRUST = f"How to use trust policies; role trust policies: {IAM}/id_roles_terms-and-concepts.html"
ASSUME = "AssumeRole: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"
ACROSS = (
    f"Cross-account policy evaluation logic: {IAM}/reference_policies_evaluation-logic-cross-account.html"
)
TAGS = f"Pass session tags in AWS STS: {IAM}/id_session-tags.html"
OIDC = (
    "Available keys for AWS OIDC federation: "
    f"{IAM}/reference_policies_iam-condition-keys.html#condition-keys-wif"
)
SETS = (
    "Set operators for multivalued context keys: "
    f"{IAM}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
)
EXTERNAL = f"Access to AWS accounts owned by third parties: {IAM}/id_roles_common-scenarios_third-party.html"
HOP = f"arn:aws:iam::{ACCOUNT}:role/hop"
MAY, NOTHING = document(allow("sts:AssumeRole")), document(allow("s3:*"))


def trust(principal: Any, action: Any = "sts:AssumeRole", **condition: Any) -> Statement:
    return trusting(principal, action, **(when(**condition) if condition else {}))


TAKES: dict[str, tuple[str, Any, Any, str]] = {
    "the trust names the user": (ASSUME, NOTHING, trust({"AWS": ANN}), "allow"),
    "the trust names the account, and a policy allows it": (ASSUME, MAY, trust({"AWS": ROOT}), "allow"),
    "the trust names the account alone": (ASSUME, NOTHING, trust({"AWS": ROOT}), "deny"),
    "the trust names everybody of the account by a star": (TRUST, NOTHING, trust({"AWS": "*"}), "allow"),
    "the trust names somebody else": (TRUST, MAY, trust({"AWS": READER}), "deny"),
    "the trust names a service": (TRUST, MAY, trust({"Service": "ec2.amazonaws.com"}), "deny"),
    "the policy is about another role": (
        ASSUME,
        document(allow("sts:AssumeRole", HOP)),
        trust({"AWS": ROOT}),
        "deny",
    ),
    "the policy denies it": (ASSUME, document(deny("sts:AssumeRole")), trust({"AWS": ANN}), "deny"),
    "the trust denies it": (
        TRUST,
        MAY,
        document(
            {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"},
            {"Effect": "Deny", "Principal": {"AWS": ANN}, "Action": "sts:AssumeRole"},
        ),
        "deny",
    ),
    "the trust is for tokens": (
        TRUST,
        MAY,
        trust({"AWS": ROOT}, "sts:AssumeRoleWithWebIdentity"),
        "deny",
    ),
    "an external id": (
        EXTERNAL,
        MAY,
        trust({"AWS": ROOT}, StringEquals={"sts:ExternalId": "1"}),
        "conditional",
    ),
    "MFA": (
        ASSUME,
        MAY,
        trust({"AWS": ROOT}, Bool={"aws:MultiFactorAuthPresent": "true"}),
        "conditional",
    ),
    "a source address": (
        ASSUME,
        MAY,
        trust({"AWS": ROOT}, IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
        "conditional",
    ),
    "a session's name": (
        ASSUME,
        MAY,
        trust({"AWS": ROOT}, StringLike={"sts:RoleSessionName": "${aws:username}"}),
        "conditional",
    ),
    "a tag of the caller's that it has not": (
        ASSUME,
        MAY,
        trust({"AWS": ROOT}, StringEquals={"aws:PrincipalTag/team": "ml"}),
        "deny",
    ),
    "the caller by a condition": (
        ASSUME,
        MAY,
        trust({"AWS": ROOT}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:user/a*"}),
        "allow",
    ),
    "an organization that there is none of": (
        ASSUME,
        MAY,
        trust("*", StringEquals={"aws:PrincipalOrgID": "o-1"}),
        "deny",
    ),
    "a trust without Principal is malformed": (TRUST, MAY, document(allow("sts:AssumeRole")), "unknown"),
}


@pytest.mark.parametrize(("source", "policy", "trusts", "expected"), TAKES.values(), ids=TAKES)
def test_a_role_is_taken(source: str, policy: Any, trusts: Any, expected: str) -> None:
    estate = estate_of(user("ann", policy), role("reader", document(allow()), trust=trusts))
    found = {each["principal"]: each["verdict"] for each in reach(estate, graph_of(estate))}
    assert found.get(ANN, "deny") == expected, source


def test_a_role_that_names_a_role_takes_its_sessions_within_their_boundary() -> None:
    bound: dict[str, Any] = {
        "PermissionsBoundary": {"PermissionsBoundaryArn": attached("bound")["PolicyArn"]}
    }
    reader = role("reader", document(allow()), trust=trust({"AWS": HOP}))
    limited = details(role("hop", **bound), reader, policies=[managed("bound", document(allow("s3:*")))])
    free = details(role("hop"), reader)
    for people, expected in ((free, ["allow", "allow"]), (limited, ["allow"])):
        estate = estate_of(authorization_details=people)
        assert [each["verdict"] for each in reach(estate, graph_of(estate))] == expected, TRUST


BOB = f"arn:aws:iam::{OTHER}:user/bob"
FAR: dict[str, tuple[Any, Any, list[str]]] = {
    "both sides, by name": (MAY, trust({"AWS": BOB}), ["conditional"]),
    "both sides, by the account": (MAY, trust({"AWS": f"arn:aws:iam::{OTHER}:root"}), ["conditional"]),
    "the trust alone": (NOTHING, trust({"AWS": BOB}), []),
    "everybody, and no policy": (NOTHING, trust("*"), []),
    "the policy alone": (MAY, trust({"AWS": ROOT}), []),
}


@pytest.mark.parametrize(("policy", "trusts", "expected"), FAR.values(), ids=FAR)
def test_a_role_is_taken_from_another_account_by_both_sides(
    policy: Any, trusts: Any, expected: list[str]
) -> None:
    reads = document(allow(**when(Bool={"aws:MultiFactorAuthPresent": "true"})))
    estate = estate_of(
        role("reader", reads, trust=trusts),
        external_accounts={OTHER: {"authorization_details": details(user("bob", policy, account=OTHER))}},
    )
    found = [each for each in reach(estate, graph_of(estate)) if each["principal"] == BOB]
    assert [each["verdict"] for each in found] == expected, ACROSS
    assert all(each["path"] == [BOB, READER] for each in found)


TAGGING = trust({"AWS": ROOT}, ["sts:AssumeRole", "sts:TagSession"])
WITH_TEAM = document(allow(**when(StringEquals={"aws:PrincipalTag/team": "ml"})))
WITHOUT_TEAM = document(allow(), deny(**when(StringNotEquals={"aws:PrincipalTag/team": "ml"})))
ML, WEB = [{"Key": "team", "Value": "ml"}], [{"Key": "team", "Value": "web"}]
TAGGED = {
    "a tag that no session may bring": Case(DENY, TAGS, role("r", WITH_TEAM)),
    "a tag that a session may bring": Case(OPEN, TAGS, role("r", WITH_TEAM, trust=TAGGING)),
    "a tag of the role's that a session leaves as it is": Case(
        ALLOW, TAGS, role("r", WITH_TEAM, trust=TAGGING, Tags=ML)
    ),
    "a tag of the role's that a session's wins over": Case(
        OPEN, TAGS, role("r", WITH_TEAM, trust=TAGGING, Tags=WEB)
    ),
    "a denial that a session's tag escapes": Case(
        OPEN, TAGS, role("r", WITHOUT_TEAM, trust=TAGGING, Tags=WEB)
    ),
    "a denial that the role's own tag escapes": Case(
        ALLOW, TAGS, role("r", WITHOUT_TEAM, trust=TAGGING, Tags=ML)
    ),
    "a denial that nobody escapes": Case(DENY, TAGS, role("r", WITHOUT_TEAM, Tags=WEB)),
    "a user has no session's tags": Case(DENY, TAGS, user("ann", WITH_TEAM, Tags=WEB)),
}


@pytest.mark.parametrize("case", TAGGED.values(), ids=TAGGED)
def test_a_sessions_tags_win_over_the_roles(case: Case) -> None:
    assert case.verdict() is case.expected, case.source


def test_a_chain_shows_each_role_by_its_own_arn() -> None:
    """The second role sees the first one, and no longer the user."""
    by_hop = trust({"AWS": ROOT}, ArnEquals={"aws:PrincipalArn": HOP})
    by_ann = trust({"AWS": ROOT}, ArnEquals={"aws:PrincipalArn": ANN})
    people = user("ann", MAY), role("hop", MAY, trust=by_ann)
    found = [
        [each["path"] for each in reach(estate, graph_of(estate)) if each["principal"] == ANN]
        for estate in (
            estate_of(*people, role("reader", document(allow()), trust=by_hop)),
            estate_of(*people, role("reader", document(allow()), trust=by_ann)),
        )
    ]
    assert found == [[[ANN, HOP, READER]], [[ANN, READER]]], ASSUME


HOST = "token.actions.githubusercontent.com"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
MAIN = "repo:example/evals:ref:refs/heads/main"
GOOGLE = "accounts.google.com"


def tokens(provider: str = PROVIDER, **claims: Any) -> dict[str, Any]:
    return {"provider": provider, "claims": claims}


def oidc(principal: Any = None, **condition: Any) -> Statement:
    return trust(principal or {"Federated": PROVIDER}, "sts:AssumeRoleWithWebIdentity", **condition)


AUD = {f"{HOST}:aud": "sts.amazonaws.com"}
NOT_MAIN = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}
PROBES: dict[str, tuple[str, Any, Any, str]] = {
    "the audience and the subject": (
        OIDC,
        oidc(StringEquals={**AUD, f"{HOST}:sub": MAIN}),
        tokens(sub=MAIN, aud="sts.amazonaws.com"),
        "allow",
    ),
    "another audience": (OIDC, oidc(StringEquals=AUD), tokens(sub=MAIN, aud="x"), "deny"),
    "one of several audiences of the trust": (
        OIDC,
        oidc(StringEquals={f"{HOST}:aud": ["x", "sts.amazonaws.com"]}),
        tokens(sub=MAIN, aud="sts.amazonaws.com"),
        "allow",
    ),
    "one of several audiences of the token": (
        SETS,
        oidc(**{"ForAnyValue:StringEquals": AUD}),
        tokens(sub=MAIN, aud=["x", "sts.amazonaws.com"]),
        "allow",
    ),
    "not all audiences of the token": (
        SETS,
        oidc(**{"ForAllValues:StringEquals": AUD}),
        tokens(sub=MAIN, aud=["x", "sts.amazonaws.com"]),
        "deny",
    ),
    "the authorized party is the audience where there is one": (
        OIDC,
        oidc(StringEquals={f"{HOST}:aud": "party"}),
        tokens(sub=MAIN, aud="sts.amazonaws.com", azp="party"),
        "allow",
    ),
    "the audience is then oaud": (
        OIDC,
        oidc(StringEquals={f"{HOST}:oaud": "sts.amazonaws.com", f"{HOST}:aud": "party"}),
        tokens(sub=MAIN, aud="sts.amazonaws.com", azp="party"),
        "allow",
    ),
    "a subject by a pattern": (
        OIDC,
        oidc(StringLike={f"{HOST}:sub": "repo:example/*"}),
        tokens(sub=MAIN, aud="x"),
        "allow",
    ),
    "a pattern without its operator": (
        OIDC,
        oidc(StringEquals={f"{HOST}:sub": "repo:example/*"}),
        tokens(sub=MAIN, aud="x"),
        "deny",
    ),
    "a subject has its case": (
        OIDC,
        oidc(StringEquals={f"{HOST}:sub": MAIN.upper()}),
        tokens(sub=MAIN, aud="x"),
        "deny",
    ),
    "a token without a subject": (OIDC, oidc(StringLike={f"{HOST}:sub": "*"}), tokens(aud="x"), "deny"),
    "a token without a subject, which was forbidden one": (
        OIDC,
        oidc(StringNotLike={f"{HOST}:sub": "repo:other/*"}),
        tokens(aud="x"),
        "allow",
    ),
    "no condition": (OIDC, oidc(), tokens(sub="x", aud="y"), "allow"),
    "another provider": (
        OIDC,
        oidc({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"}),
        tokens(sub=MAIN),
        "deny",
    ),
    "a provider that AWS knows by its name": (
        OIDC,
        oidc({"Federated": GOOGLE}, StringEquals={f"{GOOGLE}:sub": "7"}),
        tokens(GOOGLE, sub="7", aud="x"),
        "allow",
    ),
    "a claim of a provider is no other's": (
        OIDC,
        oidc(StringEquals={"gitlab.com:sub": MAIN}),
        tokens(sub=MAIN),
        "deny",
    ),
    "a trust for roles takes no token": (OIDC, trust({"Federated": PROVIDER}), tokens(sub=MAIN), "deny"),
    "a denial of everybody is one of tokens": (
        OIDC,
        document(
            {"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:*"},
            {**NOT_MAIN, **when(StringNotEquals={f"{HOST}:sub": MAIN})},
        ),
        tokens(sub="repo:other/x"),
        "deny",
    ),
    "a source address": (
        OIDC,
        oidc(IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
        tokens(sub=MAIN),
        "conditional",
    ),
    "TLS": (OIDC, oidc(Bool={"aws:SecureTransport": "true"}), tokens(sub=MAIN), "allow"),
    "a trust that cannot be read": (OIDC, "{", tokens(sub=MAIN), "unknown"),
}


@pytest.mark.parametrize(("source", "trusts", "probe", "expected"), PROBES.values(), ids=PROBES)
def test_a_token_becomes_a_role(source: str, trusts: Any, probe: Any, expected: str) -> None:
    estate = estate_of(role("ci", trust=trusts), oidc_probes=[probe])
    found = result(estate)["oidc"]
    assert [each["verdict"] for each in found] == ([] if expected == "deny" else [expected]), source


def test_an_rcp_denies_tokens() -> None:
    strangers = {**NOT_MAIN, "Resource": "*", **when(StringNotEquals={f"{HOST}:sub": MAIN})}
    rcps = {ACCOUNT: [{"level": "root", "policies": [{"Name": "oidc", "Content": document(strangers)}]}]}
    estate = estate_of(
        role("ci", trust=oidc()),
        oidc_probes=[tokens(sub=MAIN), tokens(sub="repo:other/x")],
        organization={"Id": "o-1", "ManagementAccountId": OTHER, "Accounts": [ACCOUNT], "Paths": {}},
        scps={ACCOUNT: []},
        rcps=rcps,
    )
    assert [each["sub"] for each in result(estate)["oidc"]] == [MAIN]


def test_the_target_of_reach_is_the_secret() -> None:
    estate = estate_of(role("reader", document(allow())))
    assert [each["secret"] for each in reach(estate, graph_of(estate))] == [SECRET]
