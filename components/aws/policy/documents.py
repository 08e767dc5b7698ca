"""Policy documents as pure functions: what a reader and an operator may do, and what nobody may.

Every list is sorted and every statement has a Sid that says its purpose, so that an unchanged catalogue
renders an unchanged text. Trust policies are in `trusts`, the auditor's policy in `audit`, the
spreading over several policies in `grants`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from components.aws.account import Account

Document = dict[str, Any]
VERSION = "2012-10-17"

# DescribeSecret is authorized apart from the read; a program that asks for a value's age needs it.
READ_ACTIONS = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
# What `keyplan put`, a rotation and `keyplan restore` call. No GetSecretValue, on purpose: who stores never
# needs to read. RestoreSecret brings a secret back and gives nothing to anybody who could not read it before.
STORE_ACTIONS = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:ListSecretVersionIds",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
    "secretsmanager:UpdateSecretVersionStage",
)
# Source: Secrets Manager User Guide, "Secret encryption and decryption": storing a version asks the key for a
# data key and decrypts one again (checked 2026-11-21).
STORE_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
READ_KEY_ACTIONS = ("kms:Decrypt",)
# BatchGetSecretValue returns values too; each of its secrets is also checked for GetSecretValue.
VALUE_ACTIONS = ("secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue")


@dataclass(frozen=True)
class Grant:
    """A part of what a reader or an operator may do; one policy merges several."""

    secrets: tuple[str, ...] = ()  # ARN patterns of secrets
    contexts: tuple[str, ...] = ()  # patterns of the SecretARN that the encryption key may be used for


def render(document: Document) -> str:
    """The text that AWS gets: sorted and without white space, which is also how quotas count it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def reader_document(account: Account, key_arn: str, grants: Iterable[Grant]) -> Document:
    """What a reader may do: read exactly these secrets, and have exactly their values decrypted.

    Args:
        account: where the secrets and their encryption key are.
        key_arn: the environment's encryption key.
        grants: parts that are merged; an empty side leaves its statement out.
    """
    return _use_document(
        account, key_arn, grants, READ_ACTIONS, READ_KEY_ACTIONS, ("ReadKeys", "DecryptKeys")
    )


def operator_document(account: Account, key_arn: str, grants: Iterable[Grant]) -> Document:
    """What an operator may do: store versions, move their labels, undo a deletion, and never read a value.

    kms:Decrypt alone gives no value away: it works through Secrets Manager only, which asks for the read.
    """
    return _use_document(
        account, key_arn, grants, STORE_ACTIONS, STORE_KEY_ACTIONS, ("StoreKeys", "EncryptKeys")
    )


def build_log_document(account: Account, project_name: str) -> Document:
    """What a build of one CodeBuild project needs to write its log, without which CodeBuild ends it at once.

    Source: CodeBuild User Guide, "Allow CodeBuild to interact with other AWS services", and its log group's
    name, `/aws/codebuild/PROJECT` (checked 2026-11-21).
    """
    group = account.arn("logs", f"log-group:/aws/codebuild/{project_name}")
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "WriteLog",
                "Effect": "Allow",
                "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                # The star: each build has a stream of its own.
                "Resource": [group, f"{group}:*"],
            }
        ],
    }


def _use_document(
    account: Account,
    key_arn: str,
    grants: Iterable[Grant],
    actions: Sequence[str],
    key_actions: Sequence[str],
    sids: tuple[str, str],
) -> Document:
    parts = list(grants)
    secrets = sorted({arn for part in parts for arn in part.secrets})
    contexts = sorted({context for part in parts for context in part.contexts})
    statements: list[Document] = []
    if secrets:
        statements.append({"Sid": sids[0], "Effect": "Allow", "Action": list(actions), "Resource": secrets})
    if contexts:
        statements.append(
            {
                "Sid": sids[1],
                "Effect": "Allow",
                "Action": list(key_actions),
                "Resource": key_arn,
                "Condition": {
                    # Without these two, who may use the key could decrypt anything that it ever encrypted.
                    "StringEquals": {"kms:ViaService": account.service_host("secretsmanager")},
                    "StringLike": {"kms:EncryptionContext:SecretARN": contexts},
                },
            }
        )
    return {"Version": VERSION, "Statement": statements}


def encryption_key_document(account: Account, regions: Sequence[str]) -> Document:
    """The key policy: the account administers the key, and the key only ever works for Secrets Manager.

    The first statement is what lets IAM policies count at all; without it a key can become unmanageable. It
    also lets any principal of the account whose IAM policy says kms:Decrypt use the key, administrators
    with `kms:*` included. The second statement takes that back for calls that do not come through Secrets
    Manager, which asks for secretsmanager:GetSecretValue on the exact secret first.

    Args:
        account: the account that owns the key.
        regions: every region from which Secrets Manager uses the key: the environment's and its replicas'.

    Source: KMS Developer Guide, "Default key policy" and "kms:ViaService" (checked 2026-11-21).
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "AccountAdministersKey",
                "Effect": "Allow",
                "Principal": {"AWS": account.root_arn},
                "Action": "kms:*",  # without the right to edit this policy nobody could ever mend it
                "Resource": "*",  # in a key policy: this key
            },
            {
                "Sid": "OnlyThroughSecretsManager",
                "Effect": "Deny",
                "Principal": {"AWS": "*"},  # a denial: nobody is let in by it
                # CreateGrant too: a grant is a permission that no policy shows. The stars cover the variants
                # GenerateDataKeyPair…, …WithoutPlaintext, ReEncryptFrom and ReEncryptTo.
                "Action": [
                    "kms:CreateGrant",
                    "kms:Decrypt",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                # A direct call has no kms:ViaService; a negated operator matches an absent key: denied.
                "Condition": {
                    "StringNotEquals": {
                        "kms:ViaService": sorted(
                            account.service_host("secretsmanager", region) for region in regions
                        )
                    }
                },
            },
        ],
    }


def account_only_document(account: Account) -> Document:
    """The policy of a secret without lockdown: no principal of another account ever reads the value.

    It allows nothing; whoever adds an Allow for everybody later is still stopped at the account's border. A
    denial of calls without TLS would do nothing here: the service's endpoints answer over TLS only.
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "OnlyThisAccountReads",
                "Effect": "Deny",
                "Principal": "*",
                "Action": list(VALUE_ACTIONS),
                "Resource": "*",  # in a secret's policy: this secret
                "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account.account_id}},
            }
        ],
    }


def lockdown_document(principals: Iterable[str]) -> Document:
    """The policy of a secret under lockdown: whoever is not listed reads nothing, administrators included.

    Nobody is allowed anything by it, and only reading is denied: the account keeps describing, storing,
    deleting and restoring the secret and editing this policy.

    Args:
        principals: role ARNs, or ARN patterns of the roles that IAM Identity Center makes. For a session of
            an assumed role aws:PrincipalArn is the role's ARN.
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "OnlyListedPrincipalsRead",
                "Effect": "Deny",
                "Principal": "*",
                "Action": list(VALUE_ACTIONS),
                "Resource": "*",  # in a secret's policy: this secret
                "Condition": {"ArnNotLike": {"aws:PrincipalArn": sorted(set(principals))}},
            }
        ],
    }
