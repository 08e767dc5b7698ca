"""Documents that are malformed, unknown or gigantic: said, unknown, and never a crash or a silent denial."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of, result
from keyplan.audit.policies.documents import read_document
from keyplan.audit.policies.operators import read_operator
from keyplan.audit.policies.wildcards import LITERAL, Match, matches, matches_beginning, within_segments
from keyplan.audit.questions import path
from keyplan.audit.snapshot import read_snapshot
from keyplan.errors import UsageError
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    KEY,
    OTHER,
    READ,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    inline,
    key,
    managed,
    role,
    secret,
    snapshot,
    trusting,
    user,
    verdict_of,
    when,
)
from tests.audit.aws_cases import ALLOW, DENY, UNKNOWN

QUICK = settings(
    deadline=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def whole() -> dict[str, Any]:
    """A snapshot that has a bit of everything, and lets ann read."""
    tags = [{"Key": "team", "Value": "search"}]
    condition = {
        "StringEquals": {"aws:PrincipalTag/team": ["search"]},
        "DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"},
        "Null": {"aws:TagKeys": "true"},
    }
    reads = allow(READ, "arn:aws:secretsmanager:*:*:secret:prod/*", Condition=condition, Sid="Reads")
    group = {
        "GroupName": "g",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/g",
        "GroupPolicyList": inline(document(allow("sts:AssumeRole"))),
        "AttachedManagedPolicies": [attached("all")],
    }
    ci = trusting(
        {"Federated": "h.example"}, "sts:AssumeRoleWithWebIdentity", **when(Null={"h.example:x": "true"})
    )
    people = details(
        user(
            "ann",
            document(reads),
            Tags=tags,
            GroupList=["g"],
            PermissionsBoundary={"PermissionsBoundaryArn": attached("all")["PolicyArn"]},
            AttachedManagedPolicies=[attached("all")],
        ),
        role("reader", document(allow()), trust=trusting({"AWS": [ROOT, ANN]}, ["sts:*"]), Tags=tags),
        role("ci", trust=ci),
        groups=[group],
        policies=[managed("all", document(allow("*")))],
    )
    own = document({**allow(), "Principal": {"AWS": [f"arn:aws:iam::{OTHER}:root"]}})
    grant = {
        "GrantId": "g",
        "GranteePrincipal": ANN,
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"SecretARN": SECRET}},
    }
    full = {"Name": "full", "Content": document(allow("*"))}
    found = snapshot(
        authorization_details=people,
        external_accounts={
            OTHER: {"authorization_details": details(user("bob", document(allow("*")), account=OTHER))}
        },
        secrets=[secret(own, KmsKeyId=KEY, Tags=tags)],
        kms_keys=[key(Grants=[grant], Aliases=[{"AliasName": "alias/x"}], Tags=tags)],
        organization={
            "Id": "o-1",
            "ManagementAccountId": "999988887777",
            "Accounts": [{"Id": ACCOUNT}, OTHER],
            "Paths": {ACCOUNT: "o-1/r-1/"},
        },
        scps={each: [{"level": "root", "policies": [full]}] for each in (ACCOUNT, OTHER)},
        rcps={each: [] for each in (ACCOUNT, OTHER)},
        oidc_probes=[{"provider": "h.example", "claims": {"sub": "a", "aud": ["x", "y"]}}],
    )
    return copy.deepcopy(found)


def places(node: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if way:
        yield way
    for name, each in (
        node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    ):
        yield from places(each, (*way, name))


def at(node: Any, way: tuple[Any, ...]) -> Any:
    for name in way:
        node = node[name]
    return node


JUNK: list[Any] = [
    *(None, True, 1, -1.5, float("nan"), float("inf"), 10**400),
    *("", "x", "*", "${", "${}", "${aws:username}", "arn:", "%", "%ZZ", "{", "\ud800", "\ue000*"),
    *("9" * 400, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"),
    *([], {}, [[]], [None], {"x": 1}, {"AWS": None}, {"Fn": [{}]}, ["*"] * 50),
]
WAYS = list(places(whole()))


def test_nothing_that_stands_in_a_snapshot_makes_it_fail() -> None:
    """Every place of a snapshot in turn, with junk that changes from place to place."""
    for number, way in enumerate(WAYS):
        changed = whole()
        at(changed, way[:-1])[way[-1]] = copy.deepcopy(JUNK[number * 7 % len(JUNK)])
        _everything(changed)


@QUICK
@given(st.lists(st.tuples(st.sampled_from(WAYS), st.sampled_from(JUNK)), min_size=1, max_size=3))
def test_nothing_that_stands_in_a_snapshot_several_times_makes_it_fail(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    changed = whole()
    for way, junk in changes:
        try:
            at(changed, way[:-1])[way[-1]] = copy.deepcopy(junk)
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    _everything(changed)


def _everything(document: Any) -> None:
    """All that is made of a snapshot; what is none is refused by name."""
    try:
        estate = Estate(read_snapshot(document))
    except UsageError:
        return
    result(estate)
    graph = graph_of(estate)
    for caller in range(len(estate.callers)):
        for position in range(len(estate.secrets)):
            path(estate, graph, caller, position)


STATEMENT = {**allow(READ, SECRET), "Sid": "Reads", "Condition": {"StringEquals": {"aws:username": "ann"}}}
SHAPES: list[Any] = [None, 1.5, {}, {"x": {}}, [], [[]], [None], {"x": [1]}]


def test_no_malformed_element_of_a_policy_is_a_silent_denial() -> None:
    """Whatever stands in place of an element, or of a part of one, is said; nothing sure comes of it."""
    for way in places(document(STATEMENT)):
        if way[-1] == "Version":
            continue
        for shape in SHAPES:
            changed = document(copy.deepcopy(STATEMENT))
            at(changed, way[:-1])[way[-1]] = copy.deepcopy(shape)
            if _is_legal(way, shape):
                continue
            estate = estate_of(user("ann", changed))
            assert estate.reads(estate.callers[0]).verdict(1) is UNKNOWN, (way, shape)
            assert estate.problems() != [], (way, shape)


def _is_legal(way: tuple[Any, ...], shape: Any) -> bool:
    """No statements, no condition, no Sid and a number for a value are what AWS's grammar has, too."""
    name = way[-1]
    return (
        (name == "Statement" and shape == [])
        or (name == "Condition" and shape in ({}, {"x": {}}))  # an operator without keys asks nothing
        or (name == "StringEquals" and shape == {})
        or (name == "Sid" and shape is None)
        or (name == "aws:username" and shape == 1.5)
    )


@pytest.mark.parametrize("name", ["Version", "Statement", "Effect", "Action", "Resource", "Sid", "Condition"])
def test_an_element_whose_name_is_mistyped_is_unknown(name: str) -> None:
    text = json.dumps(document(STATEMENT)).replace(f'"{name}"', f'"{name}x"')
    assert verdict_of(user("ann", text)) is UNKNOWN


def test_a_statement_about_something_else_may_be_malformed() -> None:
    broken = {"Effect": "Deny", "Action": "s3:*", "Resource": 7}
    assert verdict_of(user("ann", document(allow(), broken))) is ALLOW


def _nested(depth: int) -> Any:
    inside: Any = "x"
    for _ in range(depth):
        inside = [inside]
    return inside


GIGANTIC = {
    "text nested 10,000 deep": "[" * 10_000 + "]" * 10_000,
    "an object nested 10,000 deep": document(
        {**allow(), "Condition": {"StringEquals": {"a:b": _nested(10_000)}}}
    ),
    "text of 10 MB": json.dumps(document(allow(READ, "arn:" + "x" * 10_000_000))),
    "more variables than a policy has room for": document(allow(READ, "arn:" + "${aws:username}" * 60)),
}


@pytest.mark.parametrize("policy", GIGANTIC.values(), ids=GIGANTIC)
def test_a_gigantic_policy_is_unknown(policy: Any) -> None:
    estate = estate_of(user("ann", policy))
    assert estate.reads(estate.callers[0]).verdict(1) is UNKNOWN
    assert any(each.startswith(f"{ANN} p0") for each in estate.snapshot.problems)


def test_tens_of_thousands_of_statements_are_weighed() -> None:
    """100,000 take 5 s of the processor; what matters here is that the time is linear to their number."""
    others = [deny(READ, f"arn:aws:secretsmanager:*:*:secret:dev/{number}-*") for number in range(20_000)]
    assert verdict_of(user("ann", document(allow(), *others))) is ALLOW
    assert verdict_of(user("ann", document(*others[:100], deny(), allow()))) is DENY


def test_hostile_patterns_take_no_longer_than_others() -> None:
    """Each would take a backtracking matcher longer than there is time."""
    name = "a" * 512
    for pattern in (
        "*a" * 10_000 + "b",
        "*" * 100_000 + "b",
        "a*" * 250 + "b",
        "*" + "a" * 255 + "b*",
        "*?a" * 160 + "*b",
    ):
        assert not matches(pattern, name)
        assert matches_beginning(pattern, name) is not Match.ALWAYS
    assert matches("*a" * 256, name)
    assert matches_beginning("*" * 100_000, name) is Match.ALWAYS
    assert within_segments("arn:" + "*a" * 100, "arn:" + name)


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.sampled_from(["a", "b", ":", "*", "?", LITERAL["*"]]), max_size=9),
    st.text(st.sampled_from("ab:*"), max_size=9),
)
def test_patterns_match_what_a_regular_expression_of_them_would(pattern: str, text: str) -> None:
    back = {private: character for character, private in LITERAL.items()}
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(each) or re.escape(back.get(each, each)) for each in pattern)
    expected = re.fullmatch(expression, text, re.DOTALL) is not None
    assert matches(pattern, text) is expected
    if matches_beginning(pattern, text) is Match.ALWAYS:
        assert expected
    if expected:
        assert matches_beginning(pattern, text[:3]) is not Match.NEVER
    if within_segments(pattern, text):
        assert expected


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40))
def test_no_operator_is_read_that_is_none(name: str) -> None:
    operator = read_operator(name)
    assert operator is None or operator.name in name.lower() or operator.negated or "arn" in operator.name


TWICE: dict[str, dict[str, Any]] = {
    "a user": details(user("ann", document(allow())), user("ann", document(deny()))),
    "a managed policy": details(
        user("ann", AttachedManagedPolicies=[attached("m")]),
        policies=[managed("m", document(allow())), managed("m", document(deny()))],
    ),
}


@pytest.mark.parametrize("people", TWICE.values(), ids=TWICE)
def test_of_two_entries_with_one_arn_the_first_counts_and_that_is_said(people: Any) -> None:
    estate = estate_of(authorization_details=people)
    assert estate.reads(estate.callers[0]).verdict(1) is ALLOW
    assert any("stands twice" in each for each in estate.snapshot.problems)


def test_two_inline_policies_of_one_name_both_count() -> None:
    both = user("ann", document(allow("s3:*")), document(allow()))
    for each in both["UserPolicyList"]:
        each["PolicyName"] = "p"
    assert verdict_of(both) is ALLOW


@pytest.mark.parametrize(
    "table", ["authorization_details", "secrets", "kms_keys", "scps", "rcps", "context", "organization"]
)
def test_a_truncated_snapshot_says_what_is_missing(table: str) -> None:
    cut = {name: each for name, each in whole().items() if name != table}
    estate = Estate(read_snapshot(cut))
    found = result(estate)
    if table == "organization":  # which may be none: who is in it is then absent, as for an account alone
        return
    assert any(table in each for each in found["problems"])
    direct = {each["principal"]: each["verdict"] for each in found["pairs"]}
    if table in ("kms_keys", "scps", "rcps"):
        assert direct[ANN] == "unknown"


def test_what_cannot_be_read_is_reported_without_its_content() -> None:
    problems: list[str] = []
    read_document('{"Version": "2012-10-17", "Statement": [{"Effect": "canary-value"}]}', "p", problems)
    assert problems
    assert "canary" not in str(problems)
