"""Which policies have to allow, and which bypass others: resource policies, boundaries, SCPs, RCPs, keys."""

from __future__ import annotations

from typing import Any

import pytest

from keyplan.audit.policies.grades import Verdict
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
    allow,
    attached,
    deny,
    details,
    document,
    estate_of,
    key,
    managed,
    role,
    secret,
    trusting,
    user,
    verdict_of,
    when,
)

ALLOW, DENY, OPEN, UNKNOWN = Verdict.ALLOW, Verdict.DENY, Verdict.CONDITIONAL, Verdict.UNKNOWN
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/build"


def _to(principal: Any, **more: Any) -> dict[str, Any]:
    return document({**allow(), "Principal": principal, **more})


# Source: IAM User Guide, "Policy evaluation for requests within a single account", "AWS JSON policy elements:
# Principal" and "NotPrincipal" (checked 2026-11-21). (policy of the secret, of ann, of reader)
RESOURCE_POLICIES: dict[str, tuple[dict[str, Any], Verdict, Verdict]] = {
    "everybody": (_to("*"), ALLOW, ALLOW),
    "everybody of AWS": (_to({"AWS": "*"}), ALLOW, ALLOW),
    "the user": (_to({"AWS": ANN}), ALLOW, DENY),
    "the user by its unique id": (_to({"AWS": "AIDAANN"}), ALLOW, DENY),
    "the role": (_to({"AWS": READER}), DENY, ALLOW),
    "a session of the role": (_to({"AWS": SESSION}), DENY, OPEN),
    "the account, whose own policies then decide": (_to({"AWS": ROOT}), DENY, DENY),
    "the account by its number": (_to({"AWS": ACCOUNT}), DENY, DENY),
    "a wildcard in an ARN, which is none": (_to({"AWS": ANN[:-1] + "*"}), DENY, DENY),
    "a service": (_to({"Service": "lambda.amazonaws.com"}), DENY, DENY),
    "everybody but the user": (
        document({**allow(), "NotPrincipal": {"AWS": ANN}}),
        DENY,
        ALLOW,
    ),
    "everybody under a condition": (
        _to("*", Condition={"ArnEquals": {"aws:PrincipalArn": READER}}),
        DENY,
        ALLOW,
    ),
    "everybody of the organization, which there is none": (
        _to("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
        DENY,
        DENY,
    ),
}


@pytest.mark.parametrize(("policy", "of_ann", "of_reader"), RESOURCE_POLICIES.values(), ids=RESOURCE_POLICIES)
def test_a_secrets_own_policy_lets_in_whom_it_names(
    policy: dict[str, Any], of_ann: Verdict, of_reader: Verdict
) -> None:
    assert verdict_of(user("ann"), secrets=[secret(policy)]) is of_ann
    assert verdict_of(role("reader"), secrets=[secret(policy)]) is of_reader


DENIALS: dict[str, tuple[dict[str, Any], Verdict, Verdict]] = {
    "everybody": ({"Principal": "*"}, DENY, DENY),
    "the user": ({"Principal": {"AWS": ANN}}, DENY, ALLOW),
    "the account": ({"Principal": {"AWS": ROOT}}, DENY, DENY),
    "a session of the role": ({"Principal": {"AWS": SESSION}}, ALLOW, OPEN),
    "everybody but the user": ({"NotPrincipal": {"AWS": [ANN, ROOT]}}, ALLOW, DENY),
    "whoever is not listed": (
        {"Principal": "*", "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [READER]}}},
        DENY,
        ALLOW,
    ),
    "other accounts": (
        {"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}},
        ALLOW,
        ALLOW,
    ),
}


@pytest.mark.parametrize(("who", "of_ann", "of_reader"), DENIALS.values(), ids=DENIALS)
def test_a_secrets_own_policy_keeps_out_whom_it_means(
    who: dict[str, Any], of_ann: Verdict, of_reader: Verdict
) -> None:
    locked = secret(document({**deny(), **who}))
    assert verdict_of(user("ann", document(allow())), secrets=[locked]) is of_ann
    assert verdict_of(role("reader", document(allow())), secrets=[locked]) is of_reader


# Source: IAM User Guide, "Permissions boundaries for IAM entities" (checked 2026-11-21).
@pytest.mark.parametrize(
    ("boundary", "policy", "secret_policy", "expected"),
    {
        "a boundary that lets it": (allow(), allow(), None, ALLOW),
        "a boundary that does not": (allow("s3:*"), allow(), None, DENY),
        "a boundary alone": (allow(), None, None, DENY),
        "a boundary does not limit what the secret gives the user": (allow("s3:*"), None, ANN, ALLOW),
        "a boundary's denial does": (deny(), None, ANN, DENY),
    }.values(),
)
def test_a_users_boundary(
    boundary: dict[str, Any], policy: Any, secret_policy: str | None, expected: Verdict
) -> None:
    ann = user("ann", *([document(policy)] if policy else ()), PermissionsBoundary=_bound())
    there = details(ann, policies=[managed("bound", document(boundary))])
    own = secret(None if secret_policy is None else _to({"AWS": secret_policy}))
    assert verdict_of(authorization_details=there, secrets=[own]) is expected


def _bound() -> dict[str, str]:
    return {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": f"arn:aws:iam::{ACCOUNT}:policy/bound",
    }


def test_a_roles_boundary_limits_what_the_secret_gives_the_role_and_not_what_it_gives_everybody() -> None:
    reader = role("reader", PermissionsBoundary=_bound())
    there = details(reader, policies=[managed("bound", document(allow("s3:*")))])
    named, open_to_all = secret(_to({"AWS": READER})), secret(_to("*"))
    assert verdict_of(authorization_details=there, secrets=[named]) is DENY
    assert verdict_of(authorization_details=there, secrets=[open_to_all]) is ALLOW


def test_a_denial_of_everybody_but_the_named_holds_for_whoever_has_a_boundary() -> None:
    locked = secret(document({**deny(), "NotPrincipal": {"AWS": [ANN, ROOT]}}))
    free, bound = user("ann", document(allow())), user("ann", document(allow()), PermissionsBoundary=_bound())
    there = details(bound, policies=[managed("bound", document(allow("*")))])
    assert verdict_of(free, secrets=[locked]) is ALLOW
    assert verdict_of(authorization_details=there, secrets=[locked]) is DENY


def test_a_boundary_that_is_missing_makes_the_verdict_unknown() -> None:
    assert verdict_of(user("ann", document(allow()), PermissionsBoundary=_bound())) is UNKNOWN


ORGANIZATION = {
    "Id": "o-1",
    "ManagementAccountId": OTHER,
    "Accounts": [ACCOUNT, OTHER],
    "Paths": {ACCOUNT: "o-1/r-1/ou-1/"},
}
FULL = {"Name": "FullAWSAccess", "Content": document(allow("*"))}


def _levels(*levels: Any) -> dict[str, Any]:
    return {ACCOUNT: [{"level": str(number), "policies": list(each)} for number, each in enumerate(levels)]}


# Source: AWS Organizations User Guide, "SCP evaluation" (checked 2026-11-21).
SCPS: dict[str, tuple[Any, Verdict]] = {
    "everything at each level": (_levels([FULL], [FULL]), ALLOW),
    "a level that allows something else": (
        _levels([FULL], [{"Name": "s3", "Content": document(allow("s3:*"))}]),
        DENY,
    ),
    "a level without policies": (_levels([FULL], []), DENY),
    "a denial at the root": (
        _levels([FULL, {"Name": "no", "Content": document(deny())}], [FULL]),
        DENY,
    ),
    "a denial outside a region": (
        _levels(
            [
                FULL,
                {
                    "Name": "region",
                    "Content": document(deny(**when(StringNotEquals={"aws:RequestedRegion": REGION}))),
                },
            ]
        ),
        ALLOW,
    ),
    "those of the account are missing": ({}, UNKNOWN),
    "all are missing": (None, UNKNOWN),
}


@pytest.mark.parametrize(("scps", "expected"), SCPS.values(), ids=SCPS)
def test_every_level_of_scps_has_to_allow(scps: Any, expected: Verdict) -> None:
    ann = user("ann", document(allow()))
    assert verdict_of(ann, organization=ORGANIZATION, scps=scps, rcps=_levels()) is expected


def test_the_management_account_and_service_linked_roles_are_exempt() -> None:
    none = {ACCOUNT: [{"level": "root", "policies": []}]}
    linked = role("AWSServiceRoleForX", document(allow()), Path="/aws-service-role/x.amazonaws.com/")
    assert verdict_of(linked, organization=ORGANIZATION, scps=none, rcps=_levels()) is ALLOW
    managing = {**ORGANIZATION, "ManagementAccountId": ACCOUNT}
    ann = user("ann", document(allow()))
    assert verdict_of(ann, organization=managing, scps=none, rcps=_levels()) is ALLOW
    assert verdict_of(ann, organization=ORGANIZATION, scps=none, rcps=_levels()) is DENY


def test_the_organization_of_principals_and_secrets_is_known() -> None:
    conditions = when(
        StringEquals={"aws:PrincipalOrgID": "o-1", "aws:ResourceOrgID": "o-1"},
        **{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/*"}},
    )
    ann = user("ann", document(allow(**conditions)))
    full = _levels([FULL])
    assert verdict_of(ann, organization=ORGANIZATION, scps=full, rcps=_levels()) is ALLOW
    assert verdict_of(ann) is DENY


def test_an_rcp_denies_and_its_absence_is_unknown() -> None:
    ann = user("ann", document(allow()))
    full = _levels([FULL])
    rule = {"Name": "no", "Content": document({**deny(), "Principal": "*"})}
    assert verdict_of(ann, organization=ORGANIZATION, scps=full, rcps=_levels([rule])) is DENY
    assert verdict_of(ann, organization=ORGANIZATION, scps=full, rcps=_levels([])) is ALLOW
    assert verdict_of(ann, organization=ORGANIZATION, scps=full, rcps=None) is UNKNOWN


# Source: KMS Developer Guide, "Key policies in AWS KMS", "Default key policy", "Grants", "Key states",
# "kms:ViaService", "kms:EncryptionContext:"; Secrets Manager User Guide, "Secret encryption and decryption".
READS = document(allow())
DECRYPTS = document(allow([READ, "kms:Decrypt"]))
BY_ACCOUNT = document({**allow("kms:*"), "Principal": {"AWS": ROOT}})
VIA = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
GRANT = {"GranteePrincipal": ANN, "Operations": ["Decrypt"], "GrantId": "1"}
KEYS: dict[str, tuple[Any, Any, Verdict]] = {
    "AWS's own key needs no permission of the caller's": (None, READS, ALLOW),
    "AWS's own key and a denial of the caller's": (None, document(allow(), deny("kms:*")), DENY),
    "the account decides, and the user may": (key(BY_ACCOUNT), DECRYPTS, ALLOW),
    "the account decides, and the user may not": (key(BY_ACCOUNT), READS, DENY),
    "only the key's policy counts, which names nobody": (key(document()), DECRYPTS, DENY),
    "the key's policy names the user": (
        key(document({**allow("kms:Decrypt"), "Principal": {"AWS": ANN}})),
        READS,
        ALLOW,
    ),
    "only through Secrets Manager": (
        key(document({**allow("kms:Decrypt", **when(StringEquals=VIA)), "Principal": "*"})),
        READS,
        ALLOW,
    ),
    "only for another secret": (
        key(
            document(
                {
                    **allow("kms:Decrypt", **when(StringLike={"kms:EncryptionContext:SecretARN": "*dev/*"})),
                    "Principal": "*",
                }
            )
        ),
        READS,
        DENY,
    ),
    "a grant": (key(document(), Grants=[GRANT]), READS, ALLOW),
    "a grant for something else": (
        key(document(), Grants=[{**GRANT, "Operations": ["Encrypt"]}]),
        READS,
        DENY,
    ),
    "a grant for this secret": (
        key(
            document(),
            Grants=[{**GRANT, "Constraints": {"EncryptionContextSubset": {"SecretARN": SECRET}}}],
        ),
        READS,
        ALLOW,
    ),
    "a grant for another secret": (
        key(document(), Grants=[{**GRANT, "Constraints": {"EncryptionContextSubset": {"SecretARN": "x"}}}]),
        READS,
        DENY,
    ),
    "a grant for one version": (
        key(
            document(),
            Grants=[
                {
                    **GRANT,
                    "Constraints": {"EncryptionContextEquals": {"SecretARN": SECRET, "SecretVersionId": "1"}},
                }
            ],
        ),
        READS,
        OPEN,
    ),
    "a grant and a denial": (
        key(document({**deny("kms:*"), "Principal": "*"}), Grants=[GRANT]),
        READS,
        DENY,
    ),
    "a key that is disabled": (key(KeyState="Disabled"), DECRYPTS, DENY),
    "a key that is being deleted": (key(KeyState="PendingDeletion"), DECRYPTS, DENY),
    "a key whose policy cannot be read": (key("{"), DECRYPTS, UNKNOWN),
    "a key that the snapshot lacks": ("missing", DECRYPTS, UNKNOWN),
}


@pytest.mark.parametrize(("its_key", "policy", "expected"), KEYS.values(), ids=KEYS)
def test_a_value_has_to_be_decrypted_too(its_key: Any, policy: Any, expected: Verdict) -> None:
    own = secret() if its_key is None else secret(KmsKeyId=KEY)
    keys = [its_key] if isinstance(its_key, dict) else []
    assert verdict_of(user("ann", policy), secrets=[own], kms_keys=keys) is expected


@pytest.mark.parametrize("name", [KEY, "0a1b2c3d", "alias/llm", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/llm"])
def test_a_secret_may_name_its_key_in_every_way(name: str) -> None:
    keys = [key(document(), Aliases=[{"AliasName": "alias/llm"}])]
    assert verdict_of(user("ann", DECRYPTS), secrets=[secret(KmsKeyId=name)], kms_keys=keys) is DENY


def test_a_secret_that_is_deleted_cannot_be_read() -> None:
    gone = secret(DeletedDate="2026-11-20T00:00:00Z")
    assert verdict_of(user("ann", READS), secrets=[gone]) is DENY


# Source: IAM User Guide, "Cross-account policy evaluation logic"; Secrets Manager User Guide, "Access AWS
# Secrets Manager secrets from a different account" (that AWS's own key does not work across accounts).
BOB = f"arn:aws:iam::{OTHER}:user/bob"
OTHER_ROOT = f"arn:aws:iam::{OTHER}:root"
OPEN_KEY = key(document({**allow("kms:Decrypt"), "Principal": {"AWS": OTHER_ROOT}}))
ACROSS: dict[str, tuple[Any, Any, Any, Verdict]] = {
    "both sides, by the account": (_to({"AWS": OTHER_ROOT}), DECRYPTS, OPEN_KEY, ALLOW),
    "both sides, by name": (_to({"AWS": BOB}), DECRYPTS, OPEN_KEY, ALLOW),
    "the secret's side alone": (_to({"AWS": BOB}), document(), OPEN_KEY, DENY),
    "the user's side alone": (None, DECRYPTS, OPEN_KEY, DENY),
    "AWS's own key": (_to({"AWS": BOB}), DECRYPTS, None, DENY),
    "a key whose policy lets nobody else": (_to({"AWS": BOB}), DECRYPTS, key(BY_ACCOUNT), DENY),
}


@pytest.mark.parametrize(("policy", "of_bob", "its_key", "expected"), ACROSS.values(), ids=ACROSS)
def test_across_accounts_both_sides_have_to_allow(
    policy: Any, of_bob: Any, its_key: Any, expected: Verdict
) -> None:
    own = secret(policy) if its_key is None else secret(policy, KmsKeyId=KEY)
    estate = estate_of(
        secrets=[own],
        kms_keys=[] if its_key is None else [its_key],
        external_accounts={OTHER: {"authorization_details": details(user("bob", of_bob, account=OTHER))}},
    )
    assert [caller.arn for caller in estate.callers] == [BOB]
    assert estate.reads(estate.callers[0]).verdict(1) is expected


def test_a_policy_that_is_attached_is_found_in_its_own_account() -> None:
    there = details(
        user("bob", AttachedManagedPolicies=[attached("read", OTHER)], account=OTHER),
        policies=[managed("read", DECRYPTS, OTHER)],
    )
    estate = estate_of(
        secrets=[secret(_to({"AWS": BOB}), KmsKeyId=KEY)],
        kms_keys=[OPEN_KEY],
        external_accounts={OTHER: {"authorization_details": there}},
    )
    assert estate.reads(estate.callers[0]).verdict(1) is ALLOW


def test_a_trust_is_no_permission_to_read() -> None:
    assert verdict_of(role("reader", trust=trusting({"AWS": "*"}))) is DENY
