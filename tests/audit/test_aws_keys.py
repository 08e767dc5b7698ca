"""Keys: their policies, grants, states and condition keys, as AWS's documents have them."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.matrix import result
from tests.audit.accounts import (
    ACCOUNT,
    ANN,
    KEY,
    OTHER,
    READ,
    READER,
    REGION,
    ROOT,
    SECRET,
    Statement,
    allow,
    deny,
    details,
    document,
    estate_of,
    key,
    role,
    secret,
    user,
    when,
)
from tests.audit.aws_cases import ALLOW, DENY, IAM, KMS, OPEN, SECRETS_MANAGER, UNKNOWN, Case

POLICIES = f"Key policies in AWS KMS: {KMS}/key-policies.html"
DEFAULT = f"Default key policy: {KMS}/key-policy-default.html"
CONDITIONS = f"Condition keys for AWS KMS: {KMS}/conditions-kms.html"
GRANTS = f"Grants in AWS KMS: {KMS}/grants.html"
CONSTRAINTS = (
    "GrantConstraints: https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html"
)
STATES = f"Key states of AWS KMS keys: {KMS}/key-state.html"
ACROSS = (
    f"Allowing users in other accounts to use a KMS key: {KMS}/key-policy-modifying-external-accounts.html"
)
ENCRYPTION = f"Secret encryption and decryption: {SECRETS_MANAGER}/security-encryption.html"
SCALING = (
    "Required AWS KMS key policy for use with encrypted volumes: "
    "https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html"
)
DELETION = f"Delete a secret: {SECRETS_MANAGER}/manage_delete-secret.html"
BOUNDARIES = f"Permissions boundaries for IAM entities: {IAM}/access_policies_boundaries.html"

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/build"
READS = user("ann", document(allow()))
DECRYPTS = user("ann", document(allow([READ, "kms:Decrypt"])))
ROLE = role("reader", document(allow()))
TO_ACCOUNT = {**allow("kms:*"), "Principal": {"AWS": ROOT}}
GRANT = {"GrantId": "g1", "GranteePrincipal": ANN, "Operations": ["Decrypt", "DescribeKey"]}


def with_key(entry: Statement | None, **of_secret: Any) -> dict[str, Any]:
    return {
        "secrets": [secret(KmsKeyId=KEY, **of_secret)],
        "kms_keys": [] if entry is None else [entry],
    }


def named(principal: Any, **more: Any) -> Statement:
    return {**allow("kms:Decrypt", **more), "Principal": principal}


def granted(**more: Any) -> dict[str, Any]:
    return with_key(key(document(), Grants=[{**GRANT, **more}]))


def constrained(how: str, **context: str) -> dict[str, Any]:
    return granted(Constraints={f"EncryptionContext{how}": context})


def on(condition: Statement) -> dict[str, Any]:
    return with_key(key(document(named("*", Condition=condition))))


CASES = {
    # The key's policy.
    "without a statement for the account no policy of its principals counts": Case(
        DENY, POLICIES, DECRYPTS, with_key(key(document(named({"AWS": READER}))))
    ),
    "with one it does": Case(ALLOW, DEFAULT, DECRYPTS, with_key(key(document(TO_ACCOUNT)))),
    "the statement for the account gives nothing itself": Case(
        DENY, DEFAULT, READS, with_key(key(document(TO_ACCOUNT)))
    ),
    "the key's policy alone is enough": Case(
        ALLOW, POLICIES, READS, with_key(key(document(named({"AWS": ANN}))))
    ),
    "a role in the key's policy": Case(
        ALLOW, POLICIES, ROLE, with_key(key(document(named({"AWS": READER}))))
    ),
    "a statement for the account under a condition": Case(
        OPEN,
        POLICIES,
        DECRYPTS,
        with_key(key(document({**TO_ACCOUNT, **when(Bool={"aws:MultiFactorAuthPresent": "true"})}))),
    ),
    "a denial of the key's policy": Case(
        DENY, POLICIES, DECRYPTS, with_key(key(document(TO_ACCOUNT, {**deny("kms:*"), "Principal": "*"})))
    ),
    "a denial of the caller's own": Case(
        DENY,
        POLICIES,
        user("ann", document(allow("*"), deny("kms:Decrypt"))),
        with_key(key(document(named("*")))),
    ),
    "a key's policy is about its own key": Case(
        DENY, POLICIES, READS, with_key(key(document(named("*", resource=KEY[:-1] + "x"))))
    ),
    "an identity's policy about another key": Case(
        DENY,
        POLICIES,
        user("ann", document(allow(), allow("kms:Decrypt", KEY[:-1] + "x"))),
        with_key(key(document(TO_ACCOUNT))),
    ),
    "another action than decrypting": Case(
        DENY, POLICIES, READS, with_key(key(document({**allow("kms:Encrypt"), "Principal": "*"})))
    ),
    "a policy that the snapshot lacks": Case(UNKNOWN, POLICIES, DECRYPTS, with_key(key(None))),
    "a key that the snapshot lacks": Case(UNKNOWN, POLICIES, DECRYPTS, with_key(None)),
    "a table of keys that the snapshot lacks": Case(
        UNKNOWN, POLICIES, DECRYPTS, {**with_key(None), "kms_keys": None}
    ),
    # Condition keys.
    "kms:ViaService": Case(
        ALLOW,
        CONDITIONS,
        READS,
        on({"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}),
    ),
    "kms:ViaService of another service": Case(
        DENY, CONDITIONS, READS, on({"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}})
    ),
    "kms:CallerAccount": Case(ALLOW, CONDITIONS, READS, on({"StringEquals": {"kms:CallerAccount": ACCOUNT}})),
    "kms:CallerAccount of another": Case(
        DENY, CONDITIONS, READS, on({"StringEquals": {"kms:CallerAccount": OTHER}})
    ),
    "kms:EncryptionContext: with the secret's ARN": Case(
        ALLOW, ENCRYPTION, READS, on({"StringEquals": {"kms:EncryptionContext:SecretARN": SECRET}})
    ),
    "kms:EncryptionContext: with another's": Case(
        DENY, ENCRYPTION, READS, on({"StringLike": {"kms:EncryptionContext:SecretARN": "*:secret:dev/*"}})
    ),
    "kms:EncryptionContext: with a version": Case(
        OPEN, ENCRYPTION, READS, on({"StringEquals": {"kms:EncryptionContext:SecretVersionId": "x"}})
    ),
    "kms:EncryptionContext: with a pair that Secrets Manager does not use": Case(
        DENY, ENCRYPTION, READS, on({"StringEquals": {"kms:EncryptionContext:App": "x"}})
    ),
    "kms:EncryptionContextKeys": Case(
        ALLOW,
        ENCRYPTION,
        READS,
        on({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "SecretARN"}}),
    ),
    "aws:ViaAWSService, because Secrets Manager asks": Case(
        ALLOW, ENCRYPTION, READS, on({"Bool": {"aws:ViaAWSService": "true"}})
    ),
    "a direct call is none": Case(DENY, ENCRYPTION, READS, on({"Bool": {"aws:ViaAWSService": "false"}})),
    "kms:GranteePrincipal, which decrypting has none of": Case(
        DENY, CONDITIONS, READS, on({"StringEquals": {"kms:GranteePrincipal": ANN}})
    ),
    "kms:ResourceAliases": Case(
        ALLOW,
        CONDITIONS,
        READS,
        with_key(
            key(
                document(
                    named("*", **when(**{"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/llm*"}}))
                ),
                Aliases=[{"AliasName": "alias/llm-keys"}],
            )
        ),
    ),
    "a tag of the key": Case(
        ALLOW,
        CONDITIONS,
        READS,
        with_key(
            key(
                document(named("*", **when(StringEquals={"aws:ResourceTag/use": "llm"}))),
                Tags=[{"TagKey": "use", "TagValue": "llm"}],
            )
        ),
    ),
    "a tag of the secret is none of the key": Case(
        DENY,
        CONDITIONS,
        READS,
        with_key(
            key(document(named("*", **when(StringEquals={"aws:ResourceTag/use": "llm"})))),
            Tags=[{"Key": "use", "Value": "llm"}],
        ),
    ),
    # Grants.
    "a grant needs no policy beside it": Case(ALLOW, GRANTS, READS, granted()),
    "a grant gives its operations alone": Case(DENY, GRANTS, READS, granted(Operations=["Encrypt"])),
    "a grant is its grantee's alone": Case(DENY, GRANTS, READS, granted(GranteePrincipal=READER)),
    "a grant to a role": Case(ALLOW, GRANTS, ROLE, granted(GranteePrincipal=READER)),
    "a grant to one session of a role": Case(OPEN, GRANTS, ROLE, granted(GranteePrincipal=SESSION)),
    "a grant to the unique id of a principal": Case(
        ALLOW, GRANTS, READS, granted(GranteePrincipal="AIDAANN")
    ),
    "a grant to the account lets its own policies decide": Case(
        DENY, GRANTS, READS, granted(GranteePrincipal=ROOT)
    ),
    "a grant to the account and a policy": Case(ALLOW, GRANTS, DECRYPTS, granted(GranteePrincipal=ROOT)),
    "a grant to a service": Case(DENY, GRANTS, READS, granted(GranteePrincipal="rds.amazonaws.com")),
    "a grant for this secret": Case(ALLOW, CONSTRAINTS, READS, constrained("Subset", SecretARN=SECRET)),
    "a grant for another secret": Case(DENY, CONSTRAINTS, READS, constrained("Subset", SecretARN="x")),
    "a grant for one version of this secret": Case(
        OPEN, CONSTRAINTS, READS, constrained("Equals", SecretARN=SECRET, SecretVersionId="v")
    ),
    "a grant that asks for less than the whole context": Case(
        DENY, CONSTRAINTS, READS, constrained("Equals", SecretARN=SECRET)
    ),
    "a grant that asks for more than the context has": Case(
        DENY, CONSTRAINTS, READS, constrained("Subset", SecretARN=SECRET, App="x")
    ),
    "a grant does not win over a denial": Case(
        DENY,
        GRANTS,
        READS,
        with_key(key(document({**deny("kms:Decrypt"), "Principal": "*"}), Grants=[GRANT])),
    ),
    # AWS's own key.
    "AWS's own key lets the account's principals decrypt through Secrets Manager": Case(
        ALLOW, ENCRYPTION, READS
    ),
    "AWS's own key by its alias": Case(
        ALLOW, ENCRYPTION, READS, {"secrets": [secret(KmsKeyId="alias/aws/secretsmanager")]}
    ),
    "AWS's own key by its ARN": Case(
        ALLOW, ENCRYPTION, READS, with_key(key(None, KeyManager="AWS", Aliases=["alias/aws/secretsmanager"]))
    ),
    "AWS's own key and a denial of the caller's": Case(
        DENY, ENCRYPTION, user("ann", document(allow(), deny("kms:*")))
    ),
    # States.
    **{
        f"a key that is {state}": Case(expected, STATES, DECRYPTS, with_key(key(KeyState=state)))
        for state, expected in {
            "Enabled": ALLOW,
            "Updating": ALLOW,
            "Creating": DENY,
            "Disabled": DENY,
            "PendingDeletion": DENY,
            "PendingImport": DENY,
            "PendingReplicaDeletion": DENY,
            "Unavailable": DENY,
            "Resting": UNKNOWN,
            None: UNKNOWN,
        }.items()
    },
    "a secret that is being deleted": Case(
        DENY, DELETION, READS, {"secrets": [secret(DeletedDate="2026-12-01T00:00:00Z")]}
    ),
    "a secret whose date of deletion cannot be read": Case(
        UNKNOWN, DELETION, READS, {"secrets": [secret(DeletedDate={})]}
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_key_decrypts_as_the_document_says(case: Case) -> None:
    assert case.verdict() is case.expected, case.source


LINKED = f"arn:aws:iam::{OTHER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
BOB = f"arn:aws:iam::{OTHER}:user/bob"
TO_BOB = document({**allow(), "Principal": {"AWS": BOB}})
FAR: dict[str, tuple[str, Any, Any, Any]] = {
    "both sides": (ACROSS, named({"AWS": f"arn:aws:iam::{OTHER}:root"}), allow([READ, "kms:Decrypt"]), ALLOW),
    "the key's side alone": (ACROSS, named({"AWS": BOB}), allow(), DENY),
    "the user's side alone": (ACROSS, named({"AWS": ROOT}), allow([READ, "kms:Decrypt"]), DENY),
}


@pytest.mark.parametrize(("source", "statement", "of_bob", "expected"), FAR.values(), ids=FAR)
def test_another_accounts_principal_decrypts(source: str, statement: Any, of_bob: Any, expected: Any) -> None:
    estate = estate_of(
        secrets=[secret(TO_BOB, KmsKeyId=KEY)],
        kms_keys=[key(document(statement))],
        external_accounts={
            OTHER: {"authorization_details": details(user("bob", document(of_bob), account=OTHER))}
        },
    )
    assert estate.reads(estate.callers[0]).verdict(1) is expected, source


def test_a_grant_to_another_accounts_principal_needs_no_policy_there() -> None:
    estate = estate_of(
        secrets=[secret(TO_BOB, KmsKeyId=KEY)],
        kms_keys=[key(document(), Grants=[{**GRANT, "GranteePrincipal": BOB}])],
        external_accounts={
            OTHER: {"authorization_details": details(user("bob", document(allow()), account=OTHER))}
        },
    )
    assert estate.reads(estate.callers[0]).verdict(1) is ALLOW, SCALING


FAR_KEY = f"arn:aws:kms:{REGION}:{OTHER}:key/9f8e7d6c"


@pytest.mark.parametrize(
    ("of_ann", "expected"), [(allow(), DENY), (allow([READ, "kms:Decrypt"]), ALLOW)], ids=["one", "both"]
)
def test_a_key_of_another_account_needs_both_sides(of_ann: Any, expected: Any) -> None:
    far = key(document(named({"AWS": ROOT})), Arn=FAR_KEY, KeyId="9f8e7d6c")
    estate = estate_of(user("ann", document(of_ann)), secrets=[secret(KmsKeyId=FAR_KEY)], kms_keys=[far])
    assert estate.reads(estate.callers[0]).verdict(1) is expected, ACROSS


def test_a_key_of_another_account_that_the_snapshot_lacks_still_needs_the_callers_side() -> None:
    people = (user("ann", document(allow())), DECRYPTS | {"Arn": f"{ANN}e", "UserName": "anne"})
    estate = estate_of(*people, secrets=[secret(KmsKeyId=FAR_KEY)])
    assert [estate.reads(each).verdict(1) for each in estate.callers] == [DENY, UNKNOWN], ACROSS


def test_the_reasons_name_a_grant() -> None:
    (pair,) = result(estate_of(READS, **granted()))["pairs"]
    assert pair["why"].endswith("key: a KMS grant allows")
