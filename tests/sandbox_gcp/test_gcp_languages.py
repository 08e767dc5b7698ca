"""Filters, conditions and credentials: what is written is meant, and anything else is refused."""

from __future__ import annotations

import contextlib
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gcp_server import times
from sandbox.gcp_server.access import cel
from sandbox.gcp_server.access.identity import FEDERATED, Identity, read_token, write_token
from sandbox.gcp_server.errors import GoogleError
from sandbox.gcp_server.filters import compile_filter
from sandbox.gcp_server.routing import split
from sandbox.gcp_server.secret_manager.checksum import crc32c

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/x",
    "severity": "ERROR",
    "timestamp": "2026-11-21T10:00:00.000000Z",
    "resource": {"type": "audited_resource", "labels": {"service": "secretmanager.googleapis.com"}},
    "protoPayload": {
        "methodName": "a.b.AccessSecretVersion",
        "authorizationInfo": [{"granted": True}, {"granted": False}],
    },
    "labels": {"env": "prod", "team.name": "ml"},
    "count": 12,
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ('severity="ERROR"', True),
        ("severity=error", True),
        ('severity="INFO"', False),
        ('NOT severity="INFO"', True),
        ('-severity="ERROR"', False),
        ('resource.labels.service="secretmanager.googleapis.com"', True),
        ('protoPayload.methodName:"AccessSecret"', True),
        ('protoPayload.methodName=~"Access.*Version$"', True),
        ('protoPayload.methodName!~"Access.*Version$"', False),
        ("protoPayload.authorizationInfo.granted=false", True),
        ("count>9", True),
        ("count>=13", False),
        ('timestamp>"2026-11-21T09:59:59Z"', True),
        ('timestamp<"2026-11-21T10:00:00Z"', False),
        ("labels:env", True),
        ("labels.env:*", True),
        ("labels.other:*", False),
        ('labels."team.name"="ml"', True),
        ("labels.team.name=ml", True),
        ('severity=("INFO" OR "ERROR")', True),
        ('severity=("INFO" AND "ERROR")', False),
        # OR binds more tightly than AND.
        ('severity="INFO" AND count=12 OR count=13', False),
        ('severity="ERROR" count=12', True),
        ('(severity="INFO" AND count=13) OR count=12', True),
        ("proto_payload.method_name:Access", True),
        ("AccessSecretVersion", True),
        ("nothing", False),
        ('severity!="INFO"', True),
        ("missing.field=x", False),
        ("missing.field!=x", True),
    ],
)
def test_a_filter_means_what_it_says(text: str, fits: bool) -> None:
    assert compile_filter(text)(ENTRY) is fits


@pytest.mark.parametrize("text", ["(", "a=", "=a", "a=(", "a=()", "AND", "a OR", 'a="b', "a=~'('", "(" * 99])
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(GoogleError):
        compile_filter(text)


words = st.text(string.ascii_letters + string.digits + "-_./:@ \"'\\()=<>!~*", max_size=40)


@given(words)
def test_any_filter_is_refused_or_answers(text: str) -> None:
    try:
        test = compile_filter(text)
    except GoogleError:
        return
    assert test(ENTRY) in (True, False)


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_a_quoted_value_is_found_whatever_it_holds(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert compile_filter(f'labels.x="{quoted}"')({"labels": {"x": value}})


NAMES: dict[str, Any] = {
    "assertion": {
        "sub": "repo:acme/web:ref:refs/heads/main",
        "repository_id": "42",
        "count": 3,
        "oidc.circleci.com/project-id": "p",
        "groups": ["ops", "ml"],
    },
    "request": {"time": datetime(2026, 11, 21, tzinfo=UTC)},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("assertion.repository_id == '42'", True),
        ('assertion.repository_id != "42"', False),
        ("assertion['oidc.circleci.com/project-id'] == 'p'", True),
        ("assertion.sub.startsWith('repo:acme/')", True),
        ("assertion.sub.contains('pull_request')", False),
        ("assertion.sub.matches('^repo:[a-z]+/web:')", True),
        ("'ops' in assertion.groups", True),
        ("assertion.repository_id in ['1', '42']", True),
        ("!('ops' in assertion.groups)", False),
        ("has(assertion.count) && !has(assertion.other)", True),
        ("assertion.count == 3 && assertion.count < 4", True),
        ("assertion.count == '3'", False),
        ("assertion.other == 'x' || assertion.count == 3", True),
        ("assertion.count == 4 && assertion.other == 'x'", False),
        ("assertion.sub.split(':')[1]", "acme/web"),
        ("assertion.repository_id + '/' + string(assertion.count)", "42/3"),
        ("has(assertion.other) ? assertion.other : 'none'", "none"),
        ("request.time < timestamp('2027-01-01T00:00:00Z')", True),
        ("timestamp('2026-11-20T00:00:00Z') + duration('172800s') > request.time", True),
        ("assertion.sub.extract('repo:{name}:ref')", "acme/web"),
        ("size(assertion.groups) == 2", True),
        ("'it\\'s'", "it's"),
    ],
)
def test_an_expression_has_its_value(expression: str, value: object) -> None:
    assert cel.compile_expression(expression)(NAMES) == value


@pytest.mark.parametrize(
    "expression",
    ["", "a ==", "a b", "(a", "'x", "a.", "[1", "1.5", "a ? b", "a # b", "f(", "assertion.sub = 'x'"],
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(cel.BadSyntax):
        cel.compile_expression(expression)


@pytest.mark.parametrize(
    "expression",
    ["assertion.other", "assertion.count + 'x'", "assertion.sub && true", "assertion.count.startsWith('3')"],
)
def test_what_has_no_value_is_never_false_or_true(expression: str) -> None:
    with pytest.raises(cel.NotUnderstood):
        cel.compile_expression(expression)(NAMES)


@given(st.text(string.ascii_letters + string.digits + " .'\"()[]!=<>&|?:+,\\", max_size=60))
def test_any_expression_is_refused_or_answers(text: str) -> None:
    with contextlib.suppress(cel.NotUnderstood):
        cel.compile_expression(text)(NAMES)


POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool"
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=30)


@given(texts, st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), texts), st.frozensets(texts))
def test_a_credential_says_what_it_was_made_of(
    subject: str, attributes: dict[str, str], groups: frozenset[str]
) -> None:
    identity = Identity(f"principal:{POOL}/subject/{subject}", groups, attributes)
    assert FEDERATED.fullmatch(identity.member)
    token = write_token(identity)
    assert token.isascii()
    assert read_token(token) == identity


@given(st.text(max_size=60))
def test_any_text_is_a_credential_or_none(text: str) -> None:
    identity = read_token(f"sandbox:{text}")
    assert identity is None or identity.email or identity.pool


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(0, 10**9))
def test_times_are_read_as_they_are_written(moment: datetime, length: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert times.moment(times.stamp(aware)) == aware
    span = timedelta(seconds=length)
    assert times.duration(times.seconds(span)) == span


def test_the_checksum_is_crc32c() -> None:
    # Source: RFC 3720 appendix B.4, test vectors.
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    assert crc32c(b"") == 0


def test_an_encoded_slash_stays_within_its_name() -> None:
    assert split("/v2/projects/p/metrics/a%2Fb") == (["v2", "projects", "p", "metrics", "a/b"], "")
    assert split("/v1/projects/p/secrets/s:addVersion") == (
        ["v1", "projects", "p", "secrets", "s"],
        "addVersion",
    )
    assert split("/storage/v1/b/x/o/a:b")[0][-1] == "a:b"
