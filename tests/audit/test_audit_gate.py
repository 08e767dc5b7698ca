"""The gate: who reads and is not in the catalogue and by which way, and who is listed and cannot read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyplan.audit.chains import reaches
from keyplan.audit.estate import Estate
from keyplan.audit.gate import CODES, findings
from keyplan.audit.matrix import graph_of
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.snapshot import read_snapshot
from keyplan.errors import UsageError
from keyplan.manifest.model import SecretLocation
from tests.audit.accounts import (
    ACCOUNT,
    KEY,
    OTHER,
    REGION,
    ROOT,
    SECRET,
    allow,
    attached,
    deny,
    details,
    document,
    key,
    managed,
    role,
    secret,
    trusting,
    user,
    when,
)
from tests.audit.gated import (
    AUDITOR,
    BREAK_GLASS,
    CHAT,
    EXACT,
    IAM,
    LISTED,
    PEOPLE_BY_POLICY,
    READER,
    codes,
    consumer,
    found_in,
    manifest,
)
from tests.audit.random_accounts import ARNS, SECRETS, accounts

ANN = f"{IAM}user/ann"
NAME = "secret:prod/anthropic-api-key-AbCdEf"


def said(*principals: Any, **more: Any) -> list[str]:
    """The codes and messages of the findings."""
    return [f"{each.code}: {each.message}" for each in found_in(*principals, **more)]


def locked(*principals: str) -> dict[str, Any]:
    """The secret, whose own policy denies whoever is not listed, as keyplan's lockdown does."""
    return secret(
        document({**deny(), "Principal": "*", **when(ArnNotLike={"aws:PrincipalArn": list(principals)})})
    )


# ---- unlisted readers -----------------------------------------------------------------------------------


def test_an_account_that_is_as_the_catalogue_says_passes() -> None:
    assert found_in(LISTED, user("nobody")) == []


def test_a_stranger_is_found_with_the_way_through_roles_and_the_statements_that_decide() -> None:
    [finding] = found_in(
        role("reader", EXACT, trust=trusting({"AWS": ROOT})), user("ann", document(allow("sts:AssumeRole")))
    )
    assert (finding.code, finding.principal, finding.secret) == ("unlisted-reader", ANN, SECRET)
    assert finding.path == (ANN, READER)
    assert finding.message == (
        "is not in the catalogue and can read it: takes role/reader by user/ann p0[0] and role/reader "
        "trust[0]; reads by role/reader p0[0]"
    )


@pytest.mark.parametrize("own", [[], [document(allow("sts:AssumeRole"))]], ids=["nothing", "a permission"])
def test_a_stranger_whom_a_trust_names_is_found_by_the_trust_alone(own: list[Any]) -> None:
    [finding] = found_in(role("reader", EXACT, trust=trusting({"AWS": ANN})), user("ann", *own))
    assert "takes role/reader by role/reader trust[0];" in finding.message


def test_a_stranger_of_another_account_is_found_by_what_both_sides_say() -> None:
    both = document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt")))
    far = user("ann", both, account=OTHER)
    own = secret(document({**allow(), "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}), KmsKeyId=KEY)
    [finding] = found_in(
        LISTED,
        external_accounts={OTHER: {"authorization_details": details(far)}},
        secrets=[own],
        kms_keys=[key()],
    )
    assert finding.message.startswith(
        f"of account {OTHER} is not in the catalogue and can read it: reads by user/ann p0[0] and "
        f"{ACCOUNT} {NAME} policy[0]"
    )
    assert finding.principal == f"arn:aws:iam::{OTHER}:user/ann"


def test_a_key_of_another_account_that_lets_a_reader_out_is_named() -> None:
    far = KEY.replace(ACCOUNT, OTHER)
    account = {"secrets": [secret(KmsKeyId=far)], "kms_keys": [key(document(), Arn=far)]}
    assert said(role("reader", EXACT, document(allow("kms:Decrypt"))), **account) == [
        "listed-without-access: chat shall read it, and Decrypt fails: nothing in the key's own policy, "
        "which is another account's, allows it"
    ]


def test_several_statements_that_let_somebody_in_are_counted() -> None:
    [finding] = found_in(LISTED, user("ann", EXACT, EXACT))
    assert finding.message.endswith(": reads by user/ann p0[0] (and 1 more)")


def test_a_grant_of_something_else_is_not_named() -> None:
    grant = {"GranteePrincipal": ANN, "Operations": ["Encrypt"], "GrantId": "1"}
    reads = document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt")))
    decrypts = document({**allow("kms:*"), "Principal": {"AWS": ROOT}})
    [finding] = found_in(
        role("reader", document(allow(("secretsmanager:GetSecretValue", "kms:Decrypt"), SECRET),
                                allow("kms:Decrypt", KEY))),
        user("ann", reads), secrets=[secret(KmsKeyId=KEY)], kms_keys=[key(decrypts, Grants=[grant])],
    )  # fmt: skip
    assert finding.message.endswith(": reads by user/ann p0[0]; decrypts by user/ann p0[0]")


def test_a_stranger_is_found_who_comes_by_the_secrets_own_policy() -> None:
    own = secret(document({**allow(), "Sid": "LetAnn", "Principal": {"AWS": ANN}}))
    [finding] = found_in(LISTED, user("ann"), secrets=[own])
    assert finding.path == (ANN,)
    assert finding.message == f"is not in the catalogue and can read it: reads by {NAME} policy[LetAnn]"


def test_a_stranger_is_found_who_decrypts_by_a_grant() -> None:
    decrypts = document({**allow("kms:Decrypt"), "Principal": {"AWS": READER}})
    grant = {
        "GranteePrincipal": ANN, "Operations": ["Decrypt"], "GrantId": "0badcafe", "Name": "for-ann",
    }  # fmt: skip
    [finding] = found_in(
        LISTED,
        user("ann", EXACT),
        secrets=[secret(KmsKeyId=KEY)],
        kms_keys=[key(decrypts, Grants=[grant])],
    )
    assert finding.message.endswith(
        ": reads by user/ann p0[0]; decrypts by the grant for-ann 0badcafe of its key"
    )


def test_a_condition_that_has_to_fit_is_named_and_so_is_a_denial_that_may_hold() -> None:
    office = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    [finding] = found_in(LISTED, user("ann", document(allow(**office))))
    assert finding.verdict == "conditional"
    assert finding.message.endswith(
        "can read it under a condition: reads by user/ann p0[0], if aws:sourceip fits"
    )
    [finding] = found_in(LISTED, user("ann", document(allow(), deny(**office))))
    assert finding.message.endswith(": reads by user/ann p0[0], unless user/ann p0[1] denies it")


def test_what_the_snapshot_leaves_open_counts_too() -> None:
    [finding] = found_in(LISTED, user("ann", AttachedManagedPolicies=[attached("missing")]))
    assert (finding.code, finding.verdict) == ("unlisted-reader", "unknown")
    assert finding.message == (
        "is not in the catalogue and may be able to read it: reads by policy/missing[0], which the snapshot "
        "leaves open"
    )


def test_a_reader_of_one_key_is_a_stranger_to_another() -> None:
    """A consumer that reads nothing itself reaches a key through a reader's role."""
    drafts = consumer(role_arn=f"{IAM}role/drafts")
    drafts = type(drafts)("drafts", "ecs", (), {}, drafts.role_arn, (), {})
    found = found_in(
        role("reader", EXACT, trust=trusting({"AWS": f"{IAM}role/drafts"})),
        role("drafts"),
        held_against=manifest(CHAT, drafts),
    )
    assert codes(found) == [("unlisted-reader", "drafts")]


def test_a_replica_in_another_region_is_the_same_key() -> None:
    copy = SECRET.replace(REGION, "eu-central-1")
    found = found_in(
        LISTED,
        user("ann", document(allow(resource=copy))),
        secrets=[secret(), secret() | {"ARN": copy}],
    )
    assert [(each.code, each.principal, each.secret) for each in found] == [("unlisted-reader", ANN, copy)]


def test_an_administrator_is_one_and_under_lockdown_a_stranger_like_any_other() -> None:
    boss = user("boss", document(allow("*")))
    assert said(LISTED, boss) == [
        "administrator: is an administrator and can read it: reads by user/boss p0[0]"
    ]
    held = manifest(CHAT, lockdown=True, break_glass=BREAK_GLASS)
    glass = role("break-glass", document(allow("*")))
    assert found_in(LISTED, glass, boss, secrets=[locked(READER, BREAK_GLASS)], held_against=held) == []
    assert said(LISTED, glass, boss, held_against=held) == [
        "unlisted-reader: is not in the catalogue and can read it although it is locked: reads by "
        "user/boss p0[0]"
    ]


def test_an_administrator_who_reads_by_way_of_a_reader_is_no_longer_one_for_the_baseline() -> None:
    boss = user("boss", document(allow("*"), deny()))
    found = found_in(role("reader", EXACT, trust=trusting({"AWS": ROOT})), boss)
    assert codes(found) == [("unlisted-reader", "boss")]


def test_what_allows_nothing_makes_no_administrator() -> None:
    nothing = {"Effect": "Allow", "NotAction": "*", "Resource": "*"}
    assert codes(found_in(LISTED, user("ann", document(nothing), EXACT))) == [("unlisted-reader", "ann")]


@pytest.mark.parametrize(
    "statement",
    [allow("*", SECRET), allow("secretsmanager:*"), {**allow("x:y"), "NotAction": "iam:*"}],
    ids=["one resource", "one service", "all but one service"],
)
def test_who_may_do_less_than_everything_is_no_administrator(statement: dict[str, Any]) -> None:
    if "NotAction" in statement:
        del statement["Action"]
    assert codes(found_in(LISTED, user("ann", document(statement)))) == [("unlisted-reader", "ann")]


# ---- whom the manifest knows ----------------------------------------------------------------------------


def test_people_are_those_who_have_the_policy_themselves_or_by_a_group() -> None:
    team = {
        "GroupName": "team",
        "Arn": f"{IAM}group/team",
        "GroupPolicyList": [],
        "AttachedManagedPolicies": [attached("people")],
    }
    ann = user("ann", AttachedManagedPolicies=[attached("people")])
    there = details(
        LISTED, ann, user("bob", GroupList=["team"]), groups=[team], policies=[managed("people", EXACT)]
    )
    assert found_in(authorization_details=there) == []


def test_with_a_permission_set_only_its_own_roles_are_people() -> None:
    held = manifest(CHAT, consumer("people", None, PEOPLE_BY_POLICY.policy_arns, permissionSet="Research"))
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    those = [
        role(name, Path=where, AttachedManagedPolicies=[attached("people")])
        for name, where in (
            ("AWSReservedSSO_Research_0123456789abcdef", path),
            ("AWSReservedSSO_Others_0123456789abcdef", path),
            ("AWSReservedSSO_Research_0123456789abcdee", "/"),
        )
    ]
    there = details(LISTED, *those, policies=[managed("people", EXACT)])
    assert codes(found_in(authorization_details=there, held_against=held)) == [
        ("unlisted-reader", "AWSReservedSSO_Research_0123456789abcdee"),
        ("unlisted-reader", "AWSReservedSSO_Others_0123456789abcdef"),
    ]


def test_the_policies_of_a_service_list_nobody_else_who_has_them() -> None:
    held = manifest(consumer("ecs", READER, PEOPLE_BY_POLICY.policy_arns))
    has_it = [attached("people")]
    there = details(
        role("reader", AttachedManagedPolicies=has_it),
        role("thief", AttachedManagedPolicies=has_it),
        policies=[managed("people", EXACT)],
    )
    assert codes(found_in(authorization_details=there, held_against=held)) == [("unlisted-reader", "thief")]


def test_the_break_glass_role_is_known_and_who_takes_it_is_said() -> None:
    held = manifest(CHAT, break_glass=BREAK_GLASS)
    glass = role("break-glass", document(allow("*")), trust=trusting({"AWS": ANN}))
    assert found_in(LISTED, glass, held_against=held) == []
    assert codes(found_in(LISTED, glass, user("ann"), held_against=held)) == [("unlisted-reader", "ann")]


def test_a_break_glass_role_that_could_not_read_in_need_is_found() -> None:
    held = manifest(CHAT, lockdown=True, break_glass=BREAK_GLASS)
    only = secrets = [locked(READER)]
    glass = role("break-glass", document(allow("*")))
    assert said(LISTED, glass, secrets=only, held_against=held) == [
        "listed-without-access: the break-glass role shall read it, and GetSecretValue is denied by "
        f"{NAME} policy[0]"
    ]
    assert said(LISTED, secrets=secrets, held_against=held) == [
        "listed-without-access: the break-glass role is not in the snapshot"
    ]


def test_operators_the_auditor_and_services_own_roles_are_called_what_they_are() -> None:
    operator = user("op", EXACT, AttachedManagedPolicies=[attached("prod-keyplan-operator")])
    auditor = role(AUDITOR.rpartition("/")[2], EXACT)
    linked = role("AWSServiceRoleForX", EXACT, Path="/aws-service-role/x.amazonaws.com/")
    there = details(
        LISTED, operator, auditor, linked, policies=[managed("prod-keyplan-operator", document())]
    )
    found = {
        each.principal.rpartition("/")[2]: each.message for each in found_in(authorization_details=there)
    }
    assert {name: words.partition(":")[0] for name, words in found.items()} == {
        "op": "is an operator, who stores values, and can read it",
        "prod-keyplan-auditor": "is the auditor and can read it",
        "AWSServiceRoleForX": "is a role of AWS's own service x.amazonaws.com and can read it",
    }


# ---- readers that cannot read ---------------------------------------------------------------------------

CANNOT = "chat shall read it, and "


@pytest.mark.parametrize(
    ("account", "verdict", "why"),
    [
        ({"principals": []}, "unknown", "the role of chat is not in the snapshot"),
        (
            {"principals": [role("reader")]},
            "deny",
            CANNOT + "GetSecretValue fails: nothing in its own policies allows it",
        ),
        (
            {"principals": [role("reader", document(allow(resource=SECRET), deny(resource=SECRET)))]},
            "deny",
            CANNOT + "GetSecretValue is denied by role/reader p0[1]",
        ),
        (
            {"principals": [role("reader", EXACT)], "secrets": [secret(DeletedDate="2026-11-01")]},
            "deny",
            CANNOT + "the secret is scheduled for deletion",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(document({**allow("kms:*"), "Principal": {"AWS": ROOT}}))],
            },
            "deny",
            CANNOT + "Decrypt fails: nothing in its own policies allows it",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(document())],
            },
            "deny",
            CANNOT + "Decrypt fails: nothing in the key's own policy allows it and nothing in its own "
            "policies allows it",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "secrets": [secret(KmsKeyId=KEY)],
                "kms_keys": [key(KeyState="PendingDeletion")],
            },
            "deny",
            CANNOT + "Decrypt fails: its key is PendingDeletion",
        ),
        (
            {"principals": [role("reader", EXACT)], "secrets": [secret(KmsKeyId=KEY)], "kms_keys": []},
            "unknown",
            CANNOT + "Decrypt may fail: its key is not in the snapshot",
        ),
        (
            {"principals": [role("reader", document(allow(resource=SECRET, **when(
                Bool={"aws:MultiFactorAuthPresent": "true"}))))]},
            "conditional",
            CANNOT + "GetSecretValue depends on a condition: it is allowed by role/reader p0[0], if "
            "aws:multifactorauthpresent fits",
        ),
        (
            {
                "principals": [role("reader", EXACT)],
                "scps": {ACCOUNT: [{"level": "root", "policies": [{"Name": "None", "Content": document()}]}]},
            },
            "deny",
            CANNOT + "GetSecretValue fails: nothing in the SCPs at root allows it",
        ),
    ],
    ids=["gone", "without permission", "denied", "deleted", "no decrypt", "key policy", "key state",
         "key unknown", "condition", "scp"],
)  # fmt: skip
def test_a_reader_who_cannot_read_is_found_with_the_first_request_that_fails(
    account: dict[str, Any], verdict: str, why: str
) -> None:
    principals = account.pop("principals")
    found = [each for each in found_in(*principals, **account) if each.code == "listed-without-access"]
    assert [(each.principal, each.verdict, each.message) for each in found] == [(READER, verdict, why)]


def test_a_boundary_that_keeps_a_reader_out_is_named() -> None:
    there = details(
        role("reader", EXACT, PermissionsBoundary={"PermissionsBoundaryArn": f"{IAM}policy/narrow"}),
        policies=[managed("narrow", document(allow("s3:*")))],
    )
    assert said(authorization_details=there) == [
        f"listed-without-access: {CANNOT}GetSecretValue fails: nothing in its permissions boundary allows it"
    ]


def test_people_who_have_the_policy_and_cannot_read_are_found() -> None:
    ann = user("ann", document(deny()), AttachedManagedPolicies=[attached("people")])
    there = details(LISTED, ann, policies=[managed("people", EXACT)])
    assert said(authorization_details=there) == [
        "listed-without-access: people shall read it, and GetSecretValue is denied by user/ann p0[0]"
    ]


# ---- wildcards, other accounts, services, everybody -----------------------------------------------------


def test_a_reader_by_a_wildcard_is_found_with_the_statement() -> None:
    assert said(role("reader", document(allow(Sid="ReadAll")))) == [
        "wildcard-grant: reads it by a wildcard, and so whatever else that covers: role/reader p0[ReadAll]"
    ]


def test_a_reader_of_everything_but_something_reads_by_a_wildcard() -> None:
    but = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "NotResource": f"{SECRET}x"}
    assert codes(found_in(role("reader", document(but)))) == [("wildcard-grant", "reader")]


@pytest.mark.parametrize(
    ("principal", "code", "message"),
    [
        ("*", "public", "everybody is let in by"),
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "cross-account", "another account is let in by"),
        ({"Service": "glue.amazonaws.com"}, "service-access", "a service is let in by"),
        ({"Federated": f"{IAM}saml-provider/idp"}, "federated-access", "a federation is let in by"),
    ],
    ids=["everybody", "account", "service", "federation"],
)
def test_a_secret_that_outsiders_may_read_is_found_with_the_statement(
    principal: Any, code: str, message: str
) -> None:
    own = secret(document({**allow(), "Principal": principal}), KmsKeyId=KEY)
    assert said(LISTED, secrets=[own], kms_keys=[key()]) == [f"{code}: {message} {NAME} policy[0]"]


@pytest.mark.parametrize(
    ("principal", "code", "who"),
    [
        ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "cross-account", "another account"),
        ({"AWS": "*"}, "public", "everybody"),
        ({"Service": "lambda.amazonaws.com"}, "service-access", "a service that is not its runtime's"),
    ],
    ids=["account", "everybody", "service"],
)
def test_a_readers_role_that_outsiders_may_take_is_found(principal: Any, code: str, who: str) -> None:
    [finding] = found_in(role("reader", EXACT, trust=trusting(principal)))
    name = next(iter(principal.values()))
    assert (finding.code, finding.principal, finding.path) == (code, name, (name, READER))
    assert finding.message == f"{who} can take a role that reads it, by role/reader trust[0]"


def test_another_account_is_found_behind_a_role_that_is_accepted_itself() -> None:
    far = f"arn:aws:iam::{OTHER}:root"
    boss = role("boss", document(allow("*")), trust=trusting({"AWS": far}))
    found = found_in(
        LISTED, boss, role("step", document(allow("sts:AssumeRole")), trust=trusting({"AWS": far}))
    )
    assert ("cross-account", far, (far, f"{IAM}role/boss")) in [
        (each.code, each.principal, each.path) for each in found
    ]


def test_of_two_ways_of_one_account_the_surer_one_is_told() -> None:
    far = f"arn:aws:iam::{OTHER}:root"
    at_work = when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    own = secret(document({**allow(**at_work), "Principal": {"AWS": far}}), KmsKeyId=KEY)
    [finding] = found_in(role("reader", EXACT, trust=trusting({"AWS": far})), secrets=[own], kms_keys=[key()])
    assert (finding.code, finding.verdict) == ("cross-account", "allow")
    assert finding.path == (far, READER)


def test_a_condition_on_the_way_makes_the_finding_conditional() -> None:
    far, at_work = {"AWS": f"arn:aws:iam::{OTHER}:root"}, when(IpAddress={"aws:SourceIp": "192.0.2.0/24"})
    [finding] = found_in(role("reader", EXACT, trust=trusting(far, **at_work)))
    assert (finding.code, finding.verdict) == ("cross-account", "conditional")
    [finding, _] = found_in(role("reader", document(allow(resource=SECRET, **at_work)), trust=trusting(far)))[
        ::-1
    ]
    assert (finding.code, finding.verdict) == ("cross-account", "conditional")
    saml = {"Federated": f"{IAM}saml-provider/idp"}
    [finding] = found_in(role("reader", EXACT, trust=trusting(saml, "sts:AssumeRoleWithSAML", **at_work)))
    assert (finding.code, finding.verdict) == ("federated-access", "conditional")


def test_of_a_role_that_the_catalogue_only_refers_to_nobody_said_which_service_takes_it() -> None:
    trust = trusting({"Service": "lambda.amazonaws.com"})
    assert found_in(role("reader", EXACT, trust=trust), held_against=manifest(consumer("iam-role"))) == []


def test_a_federation_that_is_not_the_runtimes_is_found_at_a_readers_role() -> None:
    saml = f"{IAM}saml-provider/idp"
    trust = trusting({"Federated": saml}, "sts:AssumeRoleWithSAML")
    [finding] = found_in(role("reader", EXACT, trust=trust))
    assert (finding.code, finding.principal, finding.path) == ("federated-access", saml, (saml, READER))
    # Of a role that the catalogue only refers to, nobody said who takes it.
    assert found_in(role("reader", EXACT, trust=trust), held_against=manifest(consumer("iam-role"))) == []


# ---- wrong snapshots ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"secrets": []}, "the snapshot has no secret of the key anthropic"),
        ({"account_id": OTHER}, f"the snapshot is of account {OTHER}, and prod is in {ACCOUNT}"),
    ],
    ids=["no secret", "another account"],
)
def test_a_snapshot_of_something_else_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as refused:
        found_in(LISTED, **more)
    assert str(refused.value).startswith(words)
    assert refused.value.hint is not None


def test_every_code_is_a_sentence_for_people() -> None:
    assert all(words and not words.endswith(".") for words in CODES.values())


# ---- any account ----------------------------------------------------------------------------------------


@settings(max_examples=25, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(account=accounts(), lockdown=st.booleans())
def test_of_any_account_exactly_those_who_reach_a_key_and_are_not_listed_are_strangers(
    account: dict[str, Any], lockdown: bool
) -> None:
    estate = Estate(read_snapshot(account))
    graph = graph_of(estate)
    held = manifest(consumer(role_arn=ARNS[2]), lockdown=lockdown)
    its_key = replace(held.keys["anthropic"], aws=SecretLocation("prod/a", SECRETS[0], "ANTHROPIC_API_KEY"))
    found = findings(estate, graph, replace(held, keys={"anthropic": its_key}))
    strangers = {
        (each.principal, each.verdict, each.path)
        for each in found
        if each.code in ("unlisted-reader", "administrator")
    }
    assert strangers == {
        (caller.arn, reach.verdict.word, tuple(estate.callers[step].arn for step in reach.path))
        for number, caller in enumerate(estate.callers)
        for reach in reaches(graph, number)
        if estate.secrets[reach.secret].arn == SECRETS[0] and caller.arn != ARNS[2]
    }
    reader = next(caller for caller in estate.callers if caller.arn == ARNS[2])
    position = [secret.arn for secret in estate.secrets].index(SECRETS[0])
    sure = estate.reads(reader).verdict(1 << position) is Verdict.ALLOW
    assert sure != any(each.code == "listed-without-access" for each in found)
    assert all(each.message and each.code in CODES for each in found)
