"""What AWS's own texts say where it is easily mistaken; each case names the text that was read for it."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import result
from keyplan.audit.outsiders import takers
from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    READ,
    SECRET,
    Statement,
    allow,
    deny,
    document,
    estate_of,
    key,
    role,
    secret,
    snapshot,
    trusting,
    user,
    when,
)
from tests.audit.aws_cases import (
    ALLOW,
    DENY,
    IAM,
    KMS,
    OPEN,
    ORGANIZATIONS,
    UNKNOWN,
    Case,
    ann,
    owning,
    under,
)

NO_VALUE = f"Variables and tags, Policy variables with no value: {IAM}/reference_policies_variables.html"
WHERE = f"Variables and tags, Where you can use policy variables: {IAM}/reference_policies_variables.html"
OPERATORS = f"Condition operators: {IAM}/reference_policies_elements_condition_operators.html"
SETS = (
    "Set operators for multivalued context keys: "
    f"{IAM}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
)
KEYS = f"AWS global condition context keys: {IAM}/reference_policies_condition-keys.html"
OWN_KEYS = (
    "Actions, resources, and condition keys for AWS Secrets Manager: "
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"
)
KEY_POLICIES = f"Key policies in AWS KMS: {KMS}/key-policies.html"
NITRO = f"Condition keys for AWS Nitro Enclaves: {KMS}/conditions-nitro-enclaves.html"
GRAMMAR = f"Grammar of the IAM JSON policy language: {IAM}/reference_policies_grammar.html"
CLAIMS = f"Available keys for AWS OIDC federation: {IAM}/reference_policies_iam-condition-keys.html"

HEAD = SECRET.rpartition(":secret:")[0]
TEAM, GONE = "aws:PrincipalTag/team", "${aws:PrincipalTag/gone}"
SEARCH: dict[str, Any] = {"Tags": [{"Key": "team", "Value": "search"}]}
SPACED = {"Tags": [*SEARCH["Tags"], {"Key": "Cost Center", "Value": "search"}]}
TAGGED = {"secrets": [secret(**SEARCH)]}
NO_TEXT: dict[str, Any] = {"Tags": [{"Key": "team", "Value": ""}]}
MANY = {"context": {**snapshot()["context"], "aws:TagKeys": ["a", "b"]}}
NONE = {"context": {**snapshot()["context"], "aws:TagKeys": []}}
SAME_VPC = {
    "StringNotEquals": {"aws:Ec2InstanceSourceVpc": "${aws:SourceVpc}"},
    "Null": {"ec2:SourceInstanceARN": "false"},
    "BoolIfExists": {"aws:ViaAWSService": "false"},
}


def but(effect: Statement, **of_resource: Any) -> Statement:
    """A statement with NotResource in place of Resource."""
    return {**{name: value for name, value in effect.items() if name != "Resource"}, **of_resource}


def reader(condition: Statement) -> Statement:
    return role("r", document(allow(Condition=condition)))


VARIABLES = {
    "nothing equals a value that is missing": Case(
        DENY, NO_VALUE, under({"StringEquals": {TEAM: GONE}}, **SEARCH)
    ),
    "everything is unlike a value that is missing": Case(
        ALLOW, NO_VALUE, under({"StringNotEquals": {TEAM: GONE}}, **SEARCH)
    ),
    "a denial of what is unlike the caller's tag is for callers without one": Case(
        DENY,
        NO_VALUE,
        ann(allow(), deny(Condition={"StringNotEquals": {"aws:ResourceTag/team": f"${{{TEAM}}}"}})),
        TAGGED,
    ),
    "and not for those who have the same": Case(
        ALLOW,
        NO_VALUE,
        ann(allow(), deny(Condition={"StringNotEquals": {"aws:ResourceTag/team": f"${{{TEAM}}}"}}), **SEARCH),
        TAGGED,
    ),
    "of several values the others still count": Case(
        DENY, NO_VALUE, under({"StringNotEquals": {TEAM: [GONE, "search"]}}, **SEARCH)
    ),
    "and still let in": Case(ALLOW, NO_VALUE, under({"StringEquals": {TEAM: [GONE, "search"]}}, **SEARCH)),
    "ARNs are the same": Case(ALLOW, NO_VALUE, under({"ArnNotLike": {"aws:PrincipalArn": GONE}})),
    "each of several values is unlike it": Case(
        ALLOW, NO_VALUE, under({"ForAllValues:StringNotEquals": {"aws:TagKeys": GONE}}), MANY
    ),
    "a default is compared": Case(
        DENY, NO_VALUE, under({"StringNotEquals": {TEAM: "${aws:PrincipalTag/gone, 'search'}"}}, **SEARCH)
    ),
    "in NotResource it matches no resource, and every other is meant": Case(
        ALLOW, NO_VALUE, ann(but(allow(), NotResource=f"{HEAD}:secret:{GONE}*"))
    ),
    "and so a denial of all but one's own is for those who have none": Case(
        DENY, NO_VALUE, ann(allow(), but(deny(), NotResource=f"{HEAD}:secret:{GONE}*"))
    ),
    "what NotResource names beside it is left out": Case(
        DENY, NO_VALUE, ann(but(allow(), NotResource=[f"{HEAD}:secret:{GONE}*", SECRET]))
    ),
    "AWS's example of one VPC is about instances alone": Case(
        ALLOW, KEYS, ann(allow(), deny(Condition=SAME_VPC))
    ),
    "and open for a role": Case(OPEN, KEYS, role("r", document(allow(), deny(Condition=SAME_VPC)))),
    "a tag's key may have spaces": Case(
        ALLOW,
        NO_VALUE,
        under({"StringEquals": {TEAM: "${aws:PrincipalTag/cost center}"}}, **SPACED),
    ),
    "and a default beside it": Case(
        ALLOW,
        NO_VALUE,
        under({"StringEquals": {TEAM: "${ aws:PrincipalTag/my team , 'search' }"}}, **SEARCH),
    ),
    "a default without quotes is none": Case(
        UNKNOWN,
        NO_VALUE,
        under({"StringEquals": {TEAM: "${aws:PrincipalTag/gone, search}"}}, **SEARCH),
    ),
    "a star in a default may be a wildcard": Case(
        UNKNOWN, NO_VALUE, ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/gone, '*'}}"))
    ),
    "a key of several values is no variable": Case(
        UNKNOWN, WHERE, under({"StringNotEquals": {TEAM: "${aws:TagKeys}"}}, **SEARCH), MANY
    ),
    "not even one that has a single value": Case(
        UNKNOWN, WHERE, ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalOrgPaths}}*"))
    ),
    "before the last part of an ARN there are no variables": Case(
        UNKNOWN, WHERE, ann(allow(READ, SECRET.replace(ACCOUNT, "${aws:PrincipalAccount}")))
    ),
    "nor in place of one": Case(UNKNOWN, WHERE, ann(allow(READ, f"${{{TEAM}}}"), **SEARCH)),
    "in the older version that is text": Case(
        DENY,
        WHERE,
        ann(allow(READ, SECRET.replace(ACCOUNT, "${aws:PrincipalAccount}")), version="2008-10-17"),
    ),
    "numbers are no place for them": Case(
        UNKNOWN, WHERE, under({"NumericLessThan": {TEAM: f"${{{TEAM}}}"}}, **SEARCH)
    ),
    "nor are dates": Case(UNKNOWN, WHERE, under({"DateLessThan": {"aws:CurrentTime": f"${{{TEAM}}}"}})),
    "nor are addresses": Case(UNKNOWN, WHERE, under({"IpAddress": {TEAM: f"${{{TEAM}}}"}}, **SEARCH)),
    "of truth values one text says yes and the other no": Case(
        UNKNOWN, f"{WHERE}; {OPERATORS}", under({"Bool": {TEAM: f"${{{TEAM}}}"}}, **SEARCH)
    ),
}

CONDITIONS = {
    "a range has a length and no mask": Case(
        UNKNOWN, OPERATORS, under({"IpAddress": {TEAM: "10.0.0.0/255.0.0.0"}}, **SEARCH)
    ),
    "an address of IPv6 alone is one address": Case(
        DENY,
        OPERATORS,
        under({"IpAddress": {TEAM: "2001:db8::1"}}, Tags=[{"Key": "team", "Value": "2001:db8::2"}]),
    ),
    "a date has no weeks": Case(UNKNOWN, OPERATORS, under({"DateLessThan": {"aws:CurrentTime": "2026-W48"}})),
    "minutes are enough of a date": Case(
        ALLOW, OPERATORS, under({"DateEquals": {"aws:CurrentTime": "2026-11-21T12:00Z"}})
    ),
    "eight digits are seconds": Case(
        DENY, OPERATORS, under({"DateLessThan": {"aws:CurrentTime": "20261122"}})
    ),
    "an empty text is no value to ForAllValues": Case(
        ALLOW, SETS, under({"ForAllValues:StringEquals": {TEAM: "search"}}, **NO_TEXT)
    ),
    "nor to ForAnyValue": Case(DENY, SETS, under({"ForAnyValue:StringLike": {TEAM: "*"}}, **NO_TEXT)),
    "nor to its negation": Case(DENY, SETS, under({"ForAnyValue:StringNotEquals": {TEAM: "x"}}, **NO_TEXT)),
    "nor where the resource has it": Case(
        ALLOW,
        SETS,
        under({"ForAllValues:StringLike": {"aws:ResourceTag/team": "s*"}}),
        {"secrets": [secret(**NO_TEXT)]},
    ),
    "without a set operator it is a text": Case(ALLOW, SETS, under({"StringEquals": {TEAM: ""}}, **NO_TEXT)),
    "several values without a set operator, all of them named": Case(
        ALLOW, SETS, under({"StringEquals": {"aws:TagKeys": ["a", "b"]}}), MANY
    ),
    "none of them named": Case(DENY, SETS, under({"StringLike": {"aws:TagKeys": "c*"}}), MANY),
    "one of them named": Case(UNKNOWN, SETS, under({"StringEquals": {"aws:TagKeys": "a"}}), MANY),
    "one of them excluded": Case(UNKNOWN, SETS, under({"StringNotEquals": {"aws:TagKeys": "a"}}), MANY),
    "a denial of one of them": Case(
        UNKNOWN, SETS, ann(allow(), deny(Condition={"StringEquals": {"aws:TagKeys": "a"}})), MANY
    ),
    "a key without a value is missing": Case(
        ALLOW, SETS, under({"StringNotEquals": {"aws:TagKeys": "a"}}), NONE
    ),
    "and null": Case(ALLOW, SETS, under({"Null": {"aws:TagKeys": "true"}}), NONE),
    "all of no values": Case(ALLOW, SETS, under({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}), NONE),
    "any of no values": Case(DENY, SETS, under({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}), NONE),
    "all of no path are in none, although a table of the text has it otherwise": Case(
        ALLOW,
        f"{SETS}; {OPERATORS}",
        under({"ForAllValues:StringNotLike": {"aws:ResourceOrgPaths": "o-1/*"}}),
    ),
    "a value of fewer parts than an ARN": Case(
        DENY, OPERATORS, under({"ArnLike": {"aws:PrincipalArn": f"${{{TEAM}}}"}}, **SEARCH)
    ),
    "Null of each value": Case(UNKNOWN, OPERATORS, under({"ForAllValues:Null": {TEAM: "true"}})),
}


KNOWN = {
    "through a VPC endpoint there is no address": Case(OPEN, KEYS, under({"Null": {"aws:SourceIp": "true"}})),
    "so that its absence denies not everybody": Case(
        OPEN, KEYS, ann(allow(), deny(Condition={"Null": {"aws:SourceIp": "false"}}))
    ),
    "a client always has a name": Case(DENY, KEYS, under({"Null": {"aws:UserAgent": "true"}})),
    "a role's session has a time of issue": Case(
        ALLOW, KEYS, reader({"Null": {"aws:TokenIssueTime": "false"}})
    ),
    "a user may have one": Case(OPEN, KEYS, under({"Null": {"aws:TokenIssueTime": "false"}})),
    "a user is no instance": Case(DENY, KEYS, under({"StringLike": {"ec2:SourceInstanceARN": "*"}})),
    "a role may be one": Case(OPEN, KEYS, reader({"StringLike": {"ec2:SourceInstanceARN": "*"}})),
    "a user has no source identity": Case(ALLOW, KEYS, under({"Null": {"aws:SourceIdentity": "true"}})),
    "a user came from no provider": Case(
        ALLOW, KEYS, under({"StringNotEquals": {"aws:FederatedProvider": "x"}})
    ),
    "a user may have MFA": Case(OPEN, KEYS, under({"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    "nobody is a root user by AssumeRoot": Case(ALLOW, KEYS, reader({"Null": {"aws:AssumedRoot": "true"}})),
    "reading is no action of an MCP service": Case(
        ALLOW, KEYS, under({"Null": {"aws:IsMcpServiceAction": "true"}})
    ),
    "but may come through one": Case(OPEN, KEYS, under({"Null": {"aws:ViaAWSMCPService": "true"}})),
    "a secret without replicas has no primary region": Case(
        OPEN, OWN_KEYS, under({"Null": {"secretsmanager:SecretPrimaryRegion": "true"}})
    ),
    "a secret's type": Case(OPEN, OWN_KEYS, under({"StringEquals": {"secretsmanager:resource/Type": "x"}})),
    "a tag in two spellings": Case(
        UNKNOWN,
        KEYS,
        under({"StringEquals": {"aws:ResourceTag/TEAM": "ml"}}),
        {"secrets": [secret(Tags=[{"Key": "Team", "Value": "ml"}, {"Key": "team", "Value": "x"}])]},
    ),
    "a denial by a tag in two spellings": Case(
        UNKNOWN,
        KEYS,
        ann(allow(), deny(Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})),
        {"secrets": [secret(Tags=[{"Key": "Team", "Value": "ml"}, {"Key": "team", "Value": "x"}])]},
    ),
    "in two spellings with one value": Case(
        ALLOW,
        KEYS,
        under({"StringEquals": {"aws:ResourceTag/TEAM": "ml"}}),
        {"secrets": [secret(Tags=[{"Key": "Team", "Value": "ml"}, {"Key": "team", "Value": "ml"}])]},
    ),
}


def with_key(*statements: Statement) -> dict[str, Any]:
    return {"secrets": [secret(KmsKeyId=KEY)], "kms_keys": [key(document(*statements))]}


def to_all(effect: Statement) -> Statement:
    return {**effect, "Principal": "*"}


VPC = {"context": {**snapshot()["context"], "aws:SourceVpce": "vpce-1"}}
DECRYPT, NEVER = to_all(allow("kms:Decrypt")), to_all(deny("kms:Decrypt"))
POLICIES = {
    "a key's statement without Resource gives nothing": Case(
        DENY, KEY_POLICIES, ann(allow()), with_key(but(DECRYPT))
    ),
    "and takes nothing": Case(ALLOW, KEY_POLICIES, ann(allow()), with_key(DECRYPT, but(NEVER))),
    "a secret's is no statement": Case(UNKNOWN, GRAMMAR, user("ann"), owning(document(but(to_all(allow()))))),
    "no enclave asks through Secrets Manager": Case(
        DENY,
        NITRO,
        ann(allow()),
        with_key({**DECRYPT, **when(StringEquals={"kms:RecipientAttestation:PCR0": "x"})}),
    ),
    "Secrets Manager asks KMS from elsewhere than the caller's VPC": Case(
        OPEN,
        KEYS,
        ann(allow()),
        {**with_key({**DECRYPT, **when(StringEquals={"aws:SourceVpce": "vpce-1"})}), **VPC},
    ),
    "and its own call comes from there": Case(
        ALLOW,
        KEYS,
        under({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
        {**with_key(DECRYPT), **VPC},
    ),
}
CASES = {**VARIABLES, **CONDITIONS, **KNOWN, **POLICIES}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_request_is_weighed_as_the_document_says(case: Case) -> None:
    assert case.verdict() is case.expected, case.source


def test_the_cases_have_names_of_their_own() -> None:
    assert len(CASES) == sum(map(len, (VARIABLES, CONDITIONS, KNOWN, POLICIES)))


@pytest.mark.parametrize(("is_service", "found"), [("true", ["conditional"]), ("false", ["conditional"])])
def test_everybody_may_be_a_service(is_service: str, found: list[str]) -> None:
    policy = document(to_all(allow(**when(Bool={"aws:PrincipalIsAWSService": is_service}))))
    external = result(estate_of(user("ann"), **owning(policy)))["external"]
    assert [each["verdict"] for each in external if each["kind"] == "public"] == found, KEYS


def trust(host: str, *further: Statement, **condition: Any) -> Statement:
    """A role that takes the tokens of a host under a condition, whose keys begin with the host."""

    def prefixed(lines: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {
            operator: {f"{host}:{name}": value for name, value in keys.items()}
            for operator, keys in lines.items()
        }

    action = "sts:AssumeRoleWithWebIdentity"
    denials = [
        {"Effect": "Deny", "Principal": "*", "Action": action, "Condition": prefixed(each)}
        for each in further
    ]
    taken = trusting({"Federated": provider_of(host)}, action, Condition=prefixed(condition))
    return document(*taken["Statement"], *denials)


def provider_of(host: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"


GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.com"
CIRCLECI = "oidc.circleci.com/org/11111111-2222-4333-8444-555555555555"
FORK = {"sub": "x", "event_name": "fork", "repository_id": "7", "ref_protected": "false"}
TOKENS: dict[str, tuple[str, Statement, dict[str, Any], str]] = {
    "a claim of the list": (GITHUB, {"StringEquals": {"repository_id": "7"}}, FORK, "allow"),
    "a claim of the list that differs": (GITHUB, {"StringEquals": {"repository_id": "8"}}, FORK, "deny"),
    "a claim of the list, excluded": (GITHUB, {"StringNotEquals": {"repository_id": "7"}}, FORK, "deny"),
    "a claim that may come to the list": (GITHUB, {"StringEquals": {"event_name": "fork"}}, FORK, "allow"),
    "excluded, which AWS does not see": (GITHUB, {"StringNotEquals": {"event_name": "fork"}}, FORK, "allow"),
    "of another issuer's list": (GITHUB, {"StringNotEquals": {"ref_protected": "false"}}, FORK, "allow"),
    "of its own issuer's list": (GITLAB, {"StringNotEquals": {"ref_protected": "false"}}, FORK, "deny"),
    "a name with an issuer in it": (
        CIRCLECI,
        {"StringNotEquals": {"oidc.circleci.com/project-id": "p"}},
        {"sub": "x", "oidc.circleci.com/project-id": "p"},
        "deny",
    ),
    "two audiences, of which one is named": (
        GITHUB,
        {"StringEquals": {"aud": "a"}},
        {"sub": "x", "aud": ["a", "b"]},
        "unknown",
    ),
    "two audiences, none of them named": (
        GITHUB,
        {"StringEquals": {"aud": "c"}},
        {"sub": "x", "aud": ["a", "b"]},
        "deny",
    ),
}


@pytest.mark.parametrize(("host", "condition", "claims", "expected"), TOKENS.values(), ids=TOKENS)
def test_a_claim_counts_where_aws_may_compare_it(
    host: str, condition: Statement, claims: dict[str, Any], expected: str
) -> None:
    probe = {"provider": provider_of(host), "claims": claims}
    found = result(estate_of(role("ci", trust=trust(host, **condition)), oidc_probes=[probe]))["oidc"]
    assert [each["verdict"] for each in found] == ([] if expected == "deny" else [expected]), CLAIMS


@pytest.mark.parametrize(("name", "found"), [("event_name", ["allow"]), ("repository_id", [])])
def test_a_denial_by_a_claim_that_aws_does_not_compare_keeps_nobody_out(name: str, found: list[str]) -> None:
    trusts = trust(GITHUB, {"StringEquals": {name: FORK[name]}}, StringEquals={"sub": "x"})
    probe = {"provider": provider_of(GITHUB), "claims": FORK}
    estate = estate_of(role("ci", trust=trusts), oidc_probes=[probe])
    assert [each["verdict"] for each in result(estate)["oidc"]] == found, CLAIMS


def test_a_statement_of_a_key_without_resource_is_no_problem_of_the_snapshot() -> None:
    estate = estate_of(user("ann"), **with_key(but(DECRYPT)))
    assert estate.problems() == []


@pytest.mark.parametrize("key_name", ["sts:DurationSeconds", "sts:TaskPolicyArn"])
def test_taking_a_role_has_no_keys_of_other_calls(key_name: str) -> None:
    trusts = trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}, Condition={"Null": {key_name: "true"}})
    estate = estate_of(user("ann"), role("r", document(allow()), trust=trusts))
    assert estate.assumes(estate.callers[0]).verdict(1) is ALLOW, CLAIMS


@pytest.mark.parametrize(("path", "expected"), [("/aws-service-role/x.amazonaws.com/", ALLOW), ("/", DENY)])
def test_no_rcp_keeps_a_service_from_its_linked_role(path: str, expected: Verdict) -> None:
    taken = role("linked", trust=trusting({"Service": "x.amazonaws.com"}), Path=path)
    denials = document(to_all(deny("sts:*")))
    estate = estate_of(
        taken,
        organization={"Id": "o-1", "ManagementAccountId": OTHER, "Accounts": [ACCOUNT], "Paths": {}},
        scps={ACCOUNT: []},
        rcps={ACCOUNT: [{"level": "root", "policies": [{"Name": "sts", "Content": denials}]}]},
    )
    found = {outsider.name: grades.verdict(1) for outsider, grades in takers(estate)}
    assert found == {"x.amazonaws.com": expected}, f"{ORGANIZATIONS}/orgs_manage_policies_rcps.html"
