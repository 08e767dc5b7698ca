"""Random small accounts, in the part of the policy language that the reference knows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.audit.accounts import (
    ACCOUNT,
    OTHER,
    REGION,
    ROOT,
    allow,
    attached,
    details,
    document,
    managed,
    role,
    snapshot,
    user,
)

TEAMS = ("search", "ml")
USERS, ROLES = ("ann", "bob"), ("reader", "ci", "admin")
ARNS = (
    *(f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in USERS),
    *(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ROLES),
)
FAR = (f"arn:aws:iam::{OTHER}:user/eve", f"arn:aws:iam::{OTHER}:role/far")
OTHERS = (
    *FAR,
    f"arn:aws:iam::{OTHER}:root",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/build",
    f"arn:aws:sts::{OTHER}:assumed-role/far/build",
    "AIDAANN",
    "AROACI",
)
NAMES = ("prod/a", "prod/b", "dev/a")
SECRETS = tuple(f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf" for name in NAMES)
KEYS = tuple(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("k1", "k2"))

tags = st.sampled_from([[], *([{"Key": "team", "Value": team}] for team in (*TEAMS, "7", ""))])
conditions = st.sampled_from(
    [
        {"StringEquals": {"aws:PrincipalTag/team": "search"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "search"}},
        {"StringEqualsIfExists": {"aws:PrincipalTag/Team": ["ml"]}},
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"StringLike": {"aws:ResourceTag/team": ["s*", "x"]}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
        {"ArnNotEquals": {"aws:PrincipalArn": [ARNS[2], ARNS[0]]}},
        {"StringEquals": {"aws:PrincipalType": "User"}},
        {"StringNotLike": {"aws:username": "a*"}},
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
        {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
        {"StringEquals": {"aws:SourceIp": "10.0.0.1"}},
        {"StringEquals": {"aws:MultiFactorAuthPresent": "true"}},
        {"Null": {"aws:PrincipalTag/team": "true"}},
        {"Null": {"aws:ResourceTag/team": "false"}},
        {"StringEquals": {"example:Unknown": "x"}},
        {"StringLike": {"kms:EncryptionContext:SecretARN": "*:secret:prod/*"}},
        {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}},
        {"StringEquals": {"aws:PrincipalTag/team": "ml", "aws:PrincipalType": "AssumedRole"}},
        {"StringEqualsIgnoreCase": {"aws:PrincipalTag/team": ["ML", "x"]}},
        {"StringNotEqualsIfExists": {"aws:ResourceTag/team": "ml"}},
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team, 'ml'}"}},
        {"ForAllValues:StringEquals": {"aws:PrincipalTag/team": ["ml"]}},
        {"ForAllValues:StringNotLike": {"aws:PrincipalTag/team": "m*"}},
        {"ForAnyValue:StringNotEquals": {"aws:PrincipalTag/team": ["ml"]}},
        {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["SecretARN", "x"]}},
        {"ForAllValues:StringLike": {"kms:EncryptionContextKeys": "Secret*"}},
        {"StringEquals": {"kms:EncryptionContextKeys": ["SecretARN", "x"]}},
        {"StringNotLike": {"kms:EncryptionContextKeys": ["SecretA*", "x"]}},
        {"StringLike": {"kms:EncryptionContextKeys": "Secret*"}},
        {"ForAllValues:StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {"ForAnyValue:StringNotLike": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}*"}},
        {"StringNotLike": {"aws:PrincipalTag/team": ["${aws:username}", "${aws:PrincipalTag/gone}"]}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
        {"Null": {"aws:SourceIp": "true"}},
        {"Null": {"aws:TokenIssueTime": "false"}},
        {"StringNotEquals": {"aws:SourceIdentity": "ann"}},
        {"StringEquals": {"kms:EncryptionContext:SecretVersionId": "v1"}},
        {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
        {"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringNotEquals": {"aws:PrincipalOrgID": ["o-1"]}},
        {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}},
        {"StringEquals": {"aws:PrincipalOrgID": ["o-1", "o-2"]}},
        {"Null": {"aws:PrincipalOrgID": "true"}},
        {"DateLessThan": {"aws:CurrentTime": "2026-11-21T12:00:00+01:00"}},
        {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-11-21"}},
        {"NumericGreaterThan": {"aws:PrincipalTag/team": "3"}},
        {"NumericNotEqualsIfExists": {"aws:PrincipalTag/team": "7"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"Bool": {"aws:ViaAWSService": "true"}},
        {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
        {"IpAddressIfExists": {"aws:PrincipalTag/address": "10.0.0.0/8"}},
        {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:user/{USERS[0]}"}},
        {"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::x"}},
    ]
)
actions = st.sampled_from(
    [
        *("*", "secretsmanager:GetSecretValue", "secretsmanager:*", "kms:Decrypt", "kms:*"),
        *("sts:AssumeRole", "s3:*"),
    ]
)
resources = st.sampled_from(
    [
        *("*", *SECRETS, *KEYS, f"arn:aws:iam::{ACCOUNT}:role/reader"),
        *(f"arn:aws:secretsmanager:*:*:secret:{end}" for end in ("prod/*", "*-??????", "${aws:username}/*")),
    ]
)
effects = st.sampled_from(["Allow", "Allow", "Allow", "Deny"])
principals = st.one_of(
    st.just("*"),
    st.lists(st.sampled_from([*ARNS, ROOT, ACCOUNT, *OTHERS]), min_size=1, max_size=3, unique=True).map(
        lambda names: {"AWS": names}
    ),
)


@st.composite
def statements(draw: Any, *, of_resource: bool = False, about: Any = actions) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": draw(effects)}
    listed = draw(st.lists(about, min_size=1, max_size=2))
    statement["NotAction" if not of_resource and draw(st.integers(0, 9)) == 0 else "Action"] = listed
    if of_resource:
        negated = statement["Effect"] == "Deny" and draw(st.booleans())
        statement["NotPrincipal" if negated else "Principal"] = draw(principals)
        if statement.get("NotPrincipal") == "*":
            statement["NotPrincipal"] = {"AWS": [ARNS[0]]}
    if not of_resource or "sts:AssumeRole" not in listed:
        name = "NotResource" if not of_resource and draw(st.integers(0, 9)) == 0 else "Resource"
        statement[name] = "*" if of_resource else draw(st.lists(resources, min_size=1, max_size=2))
    if draw(st.integers(0, 2)) == 0:
        statement["Condition"] = draw(conditions)
    return statement


def documents(**more: Any) -> Any:
    return st.lists(statements(**more), min_size=1, max_size=3).map(
        lambda listed: {"Version": VERSIONS[len(str(listed)) % 8 == 0], "Statement": listed}
    )


grants = st.lists(
    st.fixed_dictionaries(
        {
            "GrantId": st.just("g"),
            "GranteePrincipal": st.sampled_from([*ARNS, ROOT, *OTHERS[:5]]),
            "Operations": st.sampled_from([["Decrypt"], ["Encrypt"], ["Encrypt", "Decrypt"]]),
        },
        optional={
            "Constraints": st.sampled_from([{"EncryptionContextSubset": {"SecretARN": SECRETS[0]}}, {}])
        },
    ),
    max_size=1,
)
VERSIONS = ("2012-10-17", "2008-10-17")
TRUST = st.sampled_from(["sts:AssumeRole", "sts:AssumeRole", "sts:*"])


@st.composite
def key_policies(draw: Any) -> dict[str, Any]:
    """Policies of keys, some of whose statements lack the Resource without which they have no effect."""
    policy: dict[str, Any] = draw(
        documents(of_resource=True, about=st.sampled_from(["kms:Decrypt", "kms:*"]))
    )
    for statement in policy["Statement"]:
        if draw(st.integers(0, 9)) == 0:
            del statement["Resource"]
    return policy


@st.composite
def accounts(draw: Any) -> dict[str, Any]:
    """A snapshot of one account."""
    shared = draw(st.lists(documents(), min_size=2, max_size=2))
    policies = [managed(f"m{number}", each) for number, each in enumerate(shared)]
    names = st.lists(st.sampled_from(["m0", "m1", "gone"]), max_size=1)

    def common() -> dict[str, Any]:
        bound = draw(st.sampled_from([None, None, "m0", "m1"]))
        return {
            "Tags": draw(tags),
            "AttachedManagedPolicies": [attached(name) for name in draw(names)],
            **(
                {}
                if bound is None
                else {"PermissionsBoundary": {"PermissionsBoundaryArn": attached(bound)["PolicyArn"]}}
            ),
        }

    group = {
        "GroupName": "g",
        "Arn": f"arn:aws:iam::{ACCOUNT}:group/g",
        "GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": draw(documents())}],
        "AttachedManagedPolicies": [],
    }
    everybody = [
        *(
            user(
                name,
                *draw(st.lists(documents(), max_size=2)),
                GroupList=draw(st.sampled_from([[], ["g"]])),
                **common(),
            )
            for name in USERS
        ),
        *(
            role(
                name,
                *draw(st.lists(documents(), max_size=2)),
                trust=draw(documents(of_resource=True, about=TRUST)),
                **common(),
            )
            for name in ROLES
        ),
    ]
    for each in everybody:
        if "RoleName" in each:
            for statement in each["AssumeRolePolicyDocument"]["Statement"]:
                statement.pop("Resource", None)
                statement["Action"] = ["sts:AssumeRole"]  # with sts:TagSession a role's tags would be open
    about_secrets = st.sampled_from(["secretsmanager:GetSecretValue", "*"])
    keys = [
        {
            "Arn": arn, "KeyId": arn.rpartition("/")[2], "KeyManager": "CUSTOMER",
            "KeyState": draw(st.sampled_from(["Enabled", "Enabled", "Enabled", "Disabled"])),
            "KeyPolicy": draw(key_policies()),
            "Grants": draw(grants), "Tags": draw(tags), "Aliases": [],
        }
        for arn in KEYS
    ]  # fmt: skip
    secrets = []
    for arn in SECRETS:
        entry: dict[str, Any] = {"ARN": arn, "Name": arn.rpartition(":")[2][:-7], "Tags": draw(tags)}
        if draw(st.booleans()):
            entry["KmsKeyId"] = draw(st.sampled_from(KEYS))
        if draw(st.booleans()):
            entry["ResourcePolicy"] = draw(documents(of_resource=True, about=about_secrets))
        secrets.append(entry)
    return snapshot(
        authorization_details=details(*everybody, groups=[group], policies=policies),
        external_accounts={OTHER: {"authorization_details": draw(far_details())}},
        secrets=secrets,
        kms_keys=keys,
        **draw(organizations()),
    )


@st.composite
def far_details(draw: Any) -> dict[str, Any]:
    """The principals of another account."""
    own = st.lists(documents(), min_size=1, max_size=2)
    trust = draw(documents(of_resource=True, about=TRUST))
    for statement in trust["Statement"]:
        statement.pop("Resource", None)
        statement["Action"] = ["sts:AssumeRole"]
    return details(
        user("eve", *draw(own), account=OTHER, Tags=draw(tags)),
        role("far", *draw(own), trust=trust, account=OTHER, Tags=draw(tags)),
    )


@st.composite
def organizations(draw: Any) -> dict[str, Any]:
    """None, or one of one or both accounts; SCPs and RCPs of some levels."""
    full = {"Name": "full", "Content": document(allow("*"))}
    members = draw(st.sampled_from([None, [ACCOUNT], [ACCOUNT, OTHER]]))

    def control(further: dict[str, Any]) -> list[dict[str, Any]]:
        levels = draw(st.sampled_from([[], [[full]], [[full, further]], [[full], [further]]]))
        return [{"level": str(number), "policies": each} for number, each in enumerate(levels)]

    denials = draw(documents(of_resource=True, about=st.sampled_from(["secretsmanager:*", "kms:*", "sts:*"])))
    for statement in denials["Statement"]:
        statement.pop("NotPrincipal", None)
        statement.update(Effect="Deny", Principal="*", Resource="*")
    controlled = members or [ACCOUNT]
    return {
        "organization": members
        and {
            "Id": "o-1",
            "ManagementAccountId": draw(st.sampled_from(["999988887777", members[-1]])),
            "Accounts": members,
            "Paths": {},
        },
        "scps": {each: control({"Name": "more", "Content": draw(documents())}) for each in controlled},
        "rcps": {each: control({"Name": "less", "Content": denials}) for each in controlled},
    }
