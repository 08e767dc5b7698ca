"""What each part of a snapshot is made of, from answers that are poorer, longer or stranger than usual."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st

from components.aws.policy.audit import AUDIT_ACTIONS
from keyplan.collecting import encryption_keys, identities, organization, stored_secrets
from keyplan.collecting.calls import IAM_PAGING, NEXT_TOKEN, Call, plain
from keyplan.collecting.collection import Scope, collect
from keyplan.collecting.command import gaps_of
from keyplan.collecting.encryption_keys import Reference
from keyplan.collecting.progress import Progress
from keyplan.collecting.refusals import REASONS, THROTTLED, Refusal, of_code, of_error
from keyplan.errors import StoreError
from tests.collecting.fake_clients import FakeClients, asker_of, journal
from tests.collecting.world import ACCOUNT, OTHER, REGION, client_error

DETAILS = Call(ACCOUNT, "", "iam", "GetAccountAuthorizationDetails", {"MaxItems": 1000})
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x-AbCdEf"


def paged(*pages: dict[str, Any]) -> Any:
    """IAM's pages, by their marker."""

    def answer(call: Call) -> Any:
        return pages[int(call.parameters.get("Marker", 0))]

    return answer


def page(number: int, *, more: bool) -> dict[str, Any]:
    users = {"UserDetailList": [{"UserName": f"u{number}"}]}
    return (
        {**users, "IsTruncated": more, "Marker": str(number + 1)} if more else {**users, "IsTruncated": False}
    )


def test_every_page_of_a_list_is_read() -> None:
    clients = FakeClients(GetAccountAuthorizationDetails=paged(*(page(n, more=n < 2) for n in range(3))))
    details = identities.authorization_details(asker_of(clients), ACCOUNT)
    assert details is not None
    assert [each["UserName"] for each in details["UserDetailList"]] == ["u0", "u1", "u2"]
    assert "Unread" not in details


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({"IsTruncated": True}, "the list is cut off: AWS did not say where it goes on"),
        (client_error("Throttling", "x"), THROTTLED),
        ({"IsTruncated": True, "Marker": "1"}, "the list goes in a circle: AWS gave the same page twice"),
    ],
    ids=["without a marker", "throttled", "in a circle"],
)
def test_a_list_that_is_cut_off_keeps_what_there_was_and_is_unread(second: Any, reason: str) -> None:
    first = page(0, more=True)
    clients = FakeClients(
        GetAccountAuthorizationDetails=lambda call: second if "Marker" in call.parameters else first
    )
    asker = asker_of(clients)
    details = identities.authorization_details(asker, ACCOUNT)
    assert details is not None
    assert details["UserDetailList"][0] == {"UserName": "u0"}
    assert details["Unread"] == list(identities.LISTS)
    assert [each.refusal.reason for each in asker.missing] == [reason]


def test_a_resumed_list_whose_marker_is_refused_begins_anew() -> None:
    kept = journal()
    kept.put(DETAILS.key, page(0, more=True))

    def answer(call: Call) -> Any:
        if call.parameters.get("Marker") == "1":
            return client_error("ValidationError", "x")
        return {"UserDetailList": [{"UserName": "fresh"}], "IsTruncated": False}

    asker = asker_of(FakeClients(GetAccountAuthorizationDetails=answer), kept)
    pages, is_whole = asker.pages(DETAILS, IAM_PAGING)
    assert ([each["UserDetailList"] for each in pages], is_whole) == ([[{"UserName": "fresh"}]], True)
    assert asker.missing == []


def test_expired_credentials_end_everything() -> None:
    clients = FakeClients(ListSecrets=client_error("ExpiredTokenException", "x"))
    with pytest.raises(StoreError, match="the credentials have expired") as caught:
        stored_secrets.listed(asker_of(clients), ACCOUNT, REGION)
    assert "--resume" in str(caught.value.hint)


def test_a_policy_that_the_list_does_not_have_is_asked_by_itself() -> None:
    arn = "arn:aws:iam::aws:policy/PowerUserAccess"
    document = {"Version": "2012-10-17", "Statement": []}
    clients = FakeClients(
        GetAccountAuthorizationDetails={
            "RoleDetailList": [{"PermissionsBoundary": {"PermissionsBoundaryArn": arn}}],
            "IsTruncated": False,
        },
        GetPolicy={"Policy": {"Arn": arn, "PolicyName": "PowerUserAccess", "DefaultVersionId": "v5"}},
        GetPolicyVersion={"PolicyVersion": {"VersionId": "v5", "Document": document}},
    )
    details = identities.authorization_details(asker_of(clients), ACCOUNT)
    assert details is not None
    assert details["Policies"] == [
        {
            "Arn": arn,
            "PolicyName": "PowerUserAccess",
            "DefaultVersionId": "v5",
            "PolicyVersionList": [{"VersionId": "v5", "Document": document}],
        }
    ]


def test_a_policy_that_is_gone_is_missing_and_stops_nothing() -> None:
    attached = [{"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/gone"}]
    clients = FakeClients(
        GetAccountAuthorizationDetails={"UserDetailList": [{"AttachedManagedPolicies": attached}]},
        GetPolicy=client_error("NoSuchEntity", "x"),
    )
    asker = asker_of(clients)
    details = identities.authorization_details(asker, ACCOUNT)
    assert details is not None
    assert details["Policies"] == []
    assert [each.to_json()["reason"] for each in asker.missing] == ["there is no such thing any more"]


def test_only_keys_that_secrets_use_are_asked_for_and_each_once() -> None:
    secrets = [
        {"ARN": SECRET},
        {"ARN": SECRET, "KmsKeyId": "alias/aws/secretsmanager"},
        {"ARN": SECRET, "KmsKeyId": "alias/mine"},
        {"ARN": SECRET, "KmsKeyId": "alias/mine"},
        {"ARN": SECRET, "KmsKeyId": f"arn:aws:kms:{REGION}:{OTHER}:key/x"},
    ]
    assert encryption_keys.references(secrets) == [
        Reference(ACCOUNT, REGION, "alias/mine"),
        Reference(OTHER, REGION, f"arn:aws:kms:{REGION}:{OTHER}:key/x"),
    ]


def test_a_key_that_may_not_be_described_still_has_what_may_be_read() -> None:
    clients = FakeClients(
        GetKeyPolicy={"Policy": "{}"},
        ListGrants={"Grants": [], "Truncated": False},
        ListResourceTags={"Tags": [], "Truncated": False},
        ListAliases={"Aliases": [{"AliasName": "alias/a", "TargetKeyId": "0a1b2c3d"}], "Truncated": False},
    )
    found = encryption_keys.key_of(
        asker_of(clients), Reference(ACCOUNT, REGION, "0a1b2c3d"), [ACCOUNT], "aws"
    )
    assert found == {
        "Arn": KEY,
        "KeyId": "0a1b2c3d",
        "KeyPolicy": "{}",
        "Grants": [],
        "Tags": [],
        "Aliases": [{"AliasName": "alias/a"}],
        "Unread": ["KeyManager", "KeyState"],
    }


def test_behind_an_alias_that_may_not_be_described_no_key_is_guessed() -> None:
    clients = FakeClients()
    reference = Reference(ACCOUNT, REGION, "alias/mine")
    assert encryption_keys.key_of(asker_of(clients), reference, [ACCOUNT], "aws") is None
    assert [call.operation for call in clients.sent] == ["DescribeKey"]


def test_a_key_of_an_account_that_is_not_collected_is_unread_and_named() -> None:
    clients = FakeClients()
    asker = asker_of(clients)
    arn = f"arn:aws:kms:{REGION}:{OTHER}:key/x"
    found = encryption_keys.key_of(asker, Reference(OTHER, REGION, arn), [ACCOUNT], "aws")
    assert found is not None
    assert (found["Arn"], clients.sent) == (arn, [])
    assert set(found["Unread"]) == {"KeyManager", "KeyState", "KeyPolicy", "Grants", "Tags", "Aliases"}
    assert "add a role of it with --role" in asker.missing[0].refusal.reason


def test_two_names_of_one_key_are_one_entry_with_both() -> None:
    merged = encryption_keys.merged(
        [
            {"Arn": KEY, "Aliases": [{"AliasName": "alias/b"}]},
            None,
            {"Arn": KEY, "Aliases": [{"AliasName": "alias/a"}]},
        ]
    )
    assert merged == [{"Arn": KEY, "Aliases": [{"AliasName": "alias/a"}, {"AliasName": "alias/b"}]}]


MEMBER = {"Id": "o-1", "MasterAccountId": OTHER}
ELSEWHERE = {"Id": "o-1", "MasterAccountId": "999999999999"}
NOBODYS: dict[str, Any] = {}


def tree(**more: Any) -> FakeClients:
    """The management account OTHER, and ACCOUNT in an organizational unit."""
    parents = {ACCOUNT: "ou-1", "ou-1": "r-1", OTHER: "r-1"}

    def policies(call: Call) -> Any:
        name = f"{call.parameters['Filter'][0]} at {call.parameters['TargetId']}"
        return {"Policies": [{"Id": f"p-{name}", "Name": name}]}

    answers: dict[str, Any] = {
        "ListRoots": {
            "Roots": [
                {
                    "Id": "r-1",
                    "PolicyTypes": [
                        {"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"},
                        {"Type": "RESOURCE_CONTROL_POLICY", "Status": "ENABLED"},
                    ],
                }
            ]
        },
        "ListAccounts": {"Accounts": [{"Id": ACCOUNT}, {"Id": OTHER}]},
        "ListParents": lambda call: {"Parents": [{"Id": parents[call.parameters["ChildId"]]}]},
        "ListPoliciesForTarget": policies,
        "DescribePolicy": lambda call: {"Policy": {"Content": call.parameters["PolicyId"]}},
    }
    return FakeClients(**{**answers, **more})


def of_organization(clients: FakeClients, memberships: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    asker = asker_of(clients)
    found = organization.part_of_snapshot(asker, ACCOUNT, memberships)
    return found, [each.call.action.partition(":")[2] for each in asker.missing]


def test_controls_are_listed_by_level_from_the_root() -> None:
    found, missing = of_organization(tree(), {ACCOUNT: MEMBER, OTHER: MEMBER})
    assert missing == []
    assert found["organization"] == {
        "Id": "o-1",
        "ManagementAccountId": OTHER,
        "Accounts": [ACCOUNT, OTHER],
        "Paths": {ACCOUNT: "o-1/r-1/ou-1/", OTHER: "o-1/r-1/"},
    }
    for kind, letter in (("scps", "S"), ("rcps", "R")):
        assert found[kind] == {
            OTHER: [],
            ACCOUNT: [
                {
                    "level": level,
                    "policies": [
                        {
                            "Name": f"{letter} at {level}",
                            "Id": f"p-{letter} at {level}",
                            "Content": f"p-{letter} at {level}",
                        }
                    ],
                }
                for level in ("r-1", "ou-1", ACCOUNT)
            ],
        }


def test_the_management_account_is_asked_where_it_can_be() -> None:
    clients = tree()
    of_organization(clients, {ACCOUNT: MEMBER, OTHER: MEMBER})
    assert {call.account for call in clients.sent} == {OTHER}


def test_a_type_of_policy_that_is_off_controls_nothing() -> None:
    roots = {"Roots": [{"Id": "r-1", "PolicyTypes": []}]}
    found, _ = of_organization(tree(ListRoots=roots), {ACCOUNT: MEMBER})
    assert (found["scps"], found["rcps"]) == ({ACCOUNT: []}, {ACCOUNT: []})


@pytest.mark.parametrize("refused", ["ListRoots", "ListParents"])
def test_where_the_tree_cannot_be_read_controls_are_unread_and_not_absent(refused: str) -> None:
    found, missing = of_organization(
        tree(**{refused: client_error("AccessDeniedException", "x")}), {ACCOUNT: MEMBER}
    )
    assert missing == [refused]
    assert (found["scps"], found["rcps"]) == ({ACCOUNT: None}, {ACCOUNT: None})
    assert found["organization"]["Id"] == "o-1"


def test_a_level_and_a_policy_that_cannot_be_read_have_no_content() -> None:
    refused = client_error("AccessDeniedException", "x")
    found, _ = of_organization(tree(ListPoliciesForTarget=refused), {ACCOUNT: MEMBER})
    assert found["scps"][ACCOUNT] == [{"level": "r-1"}, {"level": "ou-1"}, {"level": ACCOUNT}]
    found, _ = of_organization(tree(DescribePolicy=refused), {ACCOUNT: MEMBER})
    assert [each["Content"] for level in found["scps"][ACCOUNT] for each in level["policies"]] == [None] * 3


def test_an_account_that_may_not_read_the_tree_is_not_missing_where_another_may() -> None:
    def roots(call: Call) -> Any:
        if call.account == ACCOUNT:
            return client_error("AccessDeniedException", "x")
        return {"Roots": [{"Id": "r-1", "PolicyTypes": []}]}

    _, missing = of_organization(tree(ListRoots=roots), {ACCOUNT: ELSEWHERE, OTHER: ELSEWHERE})
    assert missing == []


@pytest.mark.parametrize(
    ("memberships", "scps", "organization_id"),
    [
        ({ACCOUNT: NOBODYS, OTHER: NOBODYS}, None, None),
        ({ACCOUNT: NOBODYS, OTHER: MEMBER}, {ACCOUNT: [], OTHER: None}, None),
        ({ACCOUNT: None}, {ACCOUNT: None}, None),
        ({ACCOUNT: None, OTHER: NOBODYS}, {ACCOUNT: None, OTHER: []}, None),
        ({ACCOUNT: ELSEWHERE, OTHER: {"Id": "o-2"}}, {ACCOUNT: None, OTHER: None}, "o-1"),
    ],
    ids=["in none", "another is in one", "not told", "one not told", "another organization"],
)
def test_what_accounts_say_of_their_organization_decides_what_is_unknown(
    memberships: Any, scps: Any, organization_id: str | None
) -> None:
    found, _ = of_organization(FakeClients(), memberships)
    assert (found["scps"], found["rcps"]) == (scps, scps)
    assert (found["organization"] or {}).get("Id") == organization_id


def test_an_account_that_gave_no_answer_is_found_in_the_list_of_its_organization() -> None:
    found, _ = of_organization(tree(), {ACCOUNT: None, OTHER: MEMBER})
    assert found["organization"]["Paths"][ACCOUNT] == "o-1/r-1/ou-1/"


def test_parents_that_go_in_a_circle_are_unread() -> None:
    clients = tree(ListParents={"Parents": [{"Id": "ou-1"}]})
    found, _ = of_organization(clients, {ACCOUNT: MEMBER})
    assert found["scps"] == {ACCOUNT: None}


def test_an_account_with_nothing_at_all_is_a_whole_snapshot() -> None:
    clients = FakeClients(
        GetAccountAuthorizationDetails={"IsTruncated": False},
        ListSecrets={"SecretList": []},
        DescribeOrganization=client_error(organization.IN_NONE, "x"),
    )
    scope = Scope(ACCOUNT, "aws", [ACCOUNT], {}, [REGION], "2026-11-22T01:02:03Z", "arn:aws:iam::1:user/x")
    found = collect(asker_of(clients), scope)
    assert (found["secrets"], found["kms_keys"], found["missing"], found["scps"]) == ([], [], [], None)


def test_a_page_without_entries_is_not_the_last_one() -> None:
    """Organizations documents that a page may be empty although there is more."""
    pages = {"": {"Accounts": [], "NextToken": "a"}, "a": {"Accounts": [{"Id": ACCOUNT}]}}
    clients = FakeClients(ListAccounts=lambda call: pages[call.parameters.get("NextToken", "")])
    assert organization.accounts_of(asker_of(clients), OTHER) == [ACCOUNT]
    call = Call(OTHER, "", "organizations", "ListAccounts")
    assert len(asker_of(clients).pages(call, NEXT_TOKEN)[0]) == 2


MOMENTS = st.datetimes(timezones=st.just(UTC)) | st.dates()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary() | MOMENTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=20,
)


@given(ANYTHING)
def test_any_answer_can_be_kept(answer: Any) -> None:
    kept = plain(answer)
    assert json.loads(json.dumps(kept)) == kept


def test_dates_are_kept_as_text_and_descriptions_not_at_all() -> None:
    answer = {
        "ResponseMetadata": {"RequestId": "x"},
        "Description": "anybody's text",
        "CreateDate": datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
        "Day": date(2026, 11, 22),
        "PolicyDocument": {"Description": "kept as it is"},
    }
    assert plain(answer) == {
        "CreateDate": "2026-11-22T01:02:03Z",
        "Day": "2026-11-22",
        "PolicyDocument": {"Description": "kept as it is"},
    }


@given(st.text(), st.sampled_from(["", "arn:aws:kms:", "arn:", "alias/", KEY]))
def test_no_name_of_a_key_stops_the_collection(text: str, beginning: str) -> None:
    for reference in encryption_keys.references([{"ARN": SECRET, "KmsKeyId": beginning + text}]):
        encryption_keys.key_of(asker_of(FakeClients()), reference, [ACCOUNT], "aws")


ASKED = {
    "iam": ("GetAccountAuthorizationDetails", "GetPolicy", "GetPolicyVersion"),
    "kms": ("DescribeKey", "GetKeyPolicy", "ListGrants", "ListResourceTags", "ListAliases"),
    "organizations": (
        "DescribeOrganization",
        "ListRoots",
        "ListAccounts",
        "ListParents",
        "ListPoliciesForTarget",
        "DescribePolicy",
    ),
    "secretsmanager": ("ListSecrets", "GetResourcePolicy"),
}
# An answer to a parameter that is not sent.
NEVER_MET = {"InvalidGrantIdException"}


@pytest.mark.parametrize("service", ASKED)
def test_every_error_that_awss_models_list_has_words(service: str) -> None:
    model = botocore.session.Session().get_service_model(service)
    codes = {
        shape.metadata.get("error", {}).get("code") or shape.name
        for operation in ASKED[service]
        for shape in model.operation_model(operation).error_shapes
    }
    assert codes - NEVER_MET <= set(REASONS), sorted(codes - set(REASONS))


def test_the_auditor_role_has_every_action_that_can_be_asked(project: Path) -> None:
    code = "".join(path.read_text() for path in (project / "keyplan" / "collecting").glob("*.py"))
    named = set(re.findall(r'"((?:Describe|Get|List)[A-Z]\w+)"', code))
    assert named == {operation for operations in ASKED.values() for operation in operations} | {
        "DescribeRegions"
    }
    asked = {f"{service}:{operation}" for service, operations in ASKED.items() for operation in operations}
    assert asked | {"ec2:DescribeRegions", "sts:GetCallerIdentity"} <= set(AUDIT_ACTIONS)


def test_no_text_of_aws_or_the_sdk_is_shown() -> None:
    assert of_error(client_error("AccessDenied", "x")).reason == "not allowed"
    assert of_code("SomethingNew").reason == "AWS answered with SomethingNew, which keyplan does not know"
    assert of_code("a\nb").reason == "AWS answered with an unreadable answer, which keyplan does not know"
    assert of_error(ConnectTimeoutError(endpoint_url="https://secret.example")).transient
    assert "secret.example" not in of_error(ConnectTimeoutError(endpoint_url="https://secret.example")).reason
    assert of_error(NoCredentialsError()).reason.startswith("there are no AWS credentials")


def test_a_fault_of_keyplans_own_is_not_taken_for_an_answer_of_aws() -> None:
    with pytest.raises(KeyError):
        asker_of(FakeClients(ListRoots=KeyError("x"))).ask(Call(ACCOUNT, "", "organizations", "ListRoots"))


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
