"""Keys of a snapshot: those that secrets use, as far as each may be read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyplan.collecting import encryption_keys
from keyplan.collecting.encryption_keys import Reference
from tests.collecting.fake_clients import FakeClients, asker_of
from tests.collecting.world import ACCOUNT, OTHER, REGION

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:x-AbCdEf"


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


@given(st.text(), st.sampled_from(["", "arn:aws:kms:", "arn:", "alias/", KEY]))
def test_no_name_of_a_key_stops_the_collection(text: str, beginning: str) -> None:
    for reference in encryption_keys.references([{"ARN": SECRET, "KmsKeyId": beginning + text}]):
        encryption_keys.key_of(asker_of(FakeClients()), reference, [ACCOUNT], "aws")
