"""What readers, operators, the auditor and everybody else may do: whole documents."""

from __future__ import annotations

import json

from components.aws.policy.audit import auditor_document
from components.aws.policy.documents import (
    Grant,
    account_only_document,
    encryption_key_document,
    lockdown_document,
    operator_document,
    reader_document,
    render,
)
from tests.components.catalogues import ACCOUNT, CHINA, ROLE

KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FIRST = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-??????"
SECOND = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/openrouter-api-key-??????"


def test_a_reader_reads_and_decrypts_exactly_its_secrets() -> None:
    assert reader_document(ACCOUNT, KEY_ARN, [Grant((SECOND,), (SECOND,)), Grant((FIRST,), (FIRST,))]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadKeys",
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                "Resource": [FIRST, SECOND],
            },
            {
                "Sid": "DecryptKeys",
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": KEY_ARN,
                "Condition": {
                    "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
                    "StringLike": {"kms:EncryptionContext:SecretARN": [FIRST, SECOND]},
                },
            },
        ],
    }


def test_an_operator_stores_versions_and_reads_none() -> None:
    assert operator_document(ACCOUNT, KEY_ARN, [Grant((FIRST,), (FIRST,))]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "StoreKeys",
                "Effect": "Allow",
                "Action": [
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:ListSecretVersionIds",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:RestoreSecret",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                "Resource": [FIRST],
            },
            {
                "Sid": "EncryptKeys",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": KEY_ARN,
                "Condition": {
                    "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
                    "StringLike": {"kms:EncryptionContext:SecretARN": [FIRST]},
                },
            },
        ],
    }


def test_a_policy_that_only_reads_or_only_decrypts_has_one_statement() -> None:
    reads = reader_document(ACCOUNT, KEY_ARN, [Grant(secrets=(FIRST,))])
    decrypts = reader_document(ACCOUNT, KEY_ARN, [Grant(contexts=(FIRST,))])
    assert [each["Sid"] for each in reads["Statement"]] == ["ReadKeys"]
    assert [each["Sid"] for each in decrypts["Statement"]] == ["DecryptKeys"]


def test_china_has_hosts_of_its_own() -> None:
    document = reader_document(CHINA, KEY_ARN, [Grant(contexts=(FIRST,))])
    via = document["Statement"][0]["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == "secretsmanager.cn-north-1.amazonaws.com.cn"


def test_the_encryption_key_is_administered_by_the_account_and_used_by_secrets_manager_only() -> None:
    assert encryption_key_document(ACCOUNT, ["eu-west-1", "eu-central-1"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AccountAdministersKey",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "OnlyThroughSecretsManager",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},
                "Action": [
                    "kms:CreateGrant",
                    "kms:Decrypt",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                "Condition": {
                    "StringNotEquals": {
                        "kms:ViaService": [
                            "secretsmanager.eu-central-1.amazonaws.com",
                            "secretsmanager.eu-west-1.amazonaws.com",
                        ]
                    }
                },
            },
        ],
    }


def test_without_lockdown_other_accounts_are_kept_out() -> None:
    assert account_only_document(ACCOUNT) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyThisAccountReads",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
                "Resource": "*",
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "123456789012"}},
            }
        ],
    }


def test_lockdown_denies_reading_and_nothing_else_to_everybody_else() -> None:
    assert lockdown_document([ROLE + "b", ROLE + "a", ROLE + "b"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OnlyListedPrincipalsRead",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
                "Resource": "*",
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": [ROLE + "a", ROLE + "b"]}},
            }
        ],
    }


def test_the_auditor_is_denied_every_value() -> None:
    allow, deny = auditor_document()["Statement"]
    assert deny == {
        "Sid": "NeverReadValues",
        "Effect": "Deny",
        "Action": ["kms:Decrypt", "secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
        "Resource": "*",
    }
    assert allow["Effect"] == "Allow"
    assert set(allow["Action"]) & set(deny["Action"]) == set()


def test_the_auditor_changes_nothing_and_takes_no_wildcard() -> None:
    allow = auditor_document()["Statement"][0]
    verbs = {action.partition(":")[2] for action in allow["Action"]}
    assert {verb for verb in verbs if not verb.startswith(("Describe", "Get", "List", "Lookup"))} == set()
    assert not any("*" in verb for verb in verbs)
    assert allow["Action"] == sorted(allow["Action"])


def test_a_document_renders_sorted_and_without_white_space() -> None:
    text = render(operator_document(ACCOUNT, KEY_ARN, [Grant((FIRST,), (FIRST,))]))
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert not any(character.isspace() for character in text)
