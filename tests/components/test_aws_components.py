"""Each component by what it declares: types, names, inputs, options."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.aws.access import AuditorRole, AuditorRoleArgs, OperatorPolicy, OperatorPolicyArgs
from components.aws.ci.issuers import IssuerPlan, Ownership
from components.aws.ci.provider import CiIssuer, CiIssuerArgs
from components.aws.encryption import EncryptionKey, EncryptionKeyArgs
from components.aws.plans import plan_environment
from components.aws.policy.documents import operator_document, reader_document
from components.aws.readers import Reader, ReaderArgs
from components.aws.secrets import KeySecret, KeySecretArgs
from keyplan.catalogue import Consumer, PeopleSettings, RoleSettings, Runtime
from tests.components.catalogues import ACCOUNT, EVERY_RUNTIME, ROLE, catalogue, consumer, key, many
from tests.components.recording import Recording, Registration, record

TAGS = {"environment": "prod", "managed-by": "keyplan", "owner": "platform@example.com"}
KEY_ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
POLICY_ARN = "arn:aws:iam::123456789012:policy/"
ISSUER = "https://token.actions.githubusercontent.com"
PROVIDER_ARN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"

SECRET = "aws:secretsmanager/secret:Secret"
SECRET_POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"
KMS_KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
IAM_ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
MANAGED_POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
OIDC_PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def children(recording: Recording) -> dict[str, list[str]]:
    """Type -> names of what was declared inside the one component."""
    (component,) = [each for each in recording.resources if each.kind.startswith("keyplan:")]
    found: dict[str, list[str]] = {}
    for each in recording.resources:
        if each is not component:
            assert each.parent == component.name, f"{each.name} is not inside its component"
            assert each.name.startswith(f"{component.name}-")
            found.setdefault(each.kind, []).append(each.name)
    assert component.name in recording.component_outputs, "register_outputs was not called"
    return {kind: sorted(names) for kind, names in found.items()}


def without(registration: Registration, *names: str) -> dict[str, Any]:
    return {name: value for name, value in registration.inputs.items() if name not in names}


@pytest.mark.parametrize("protect", [True, False])
def test_the_encryption_key_rotates_and_waits_as_long_as_the_secrets(protect: bool) -> None:
    found = record(
        lambda: EncryptionKey("enc", EncryptionKeyArgs("prod", '{"a":1}', 30, protect, TAGS)) and None
    )
    assert children(found) == {KMS_KEY: ["enc-key"], ALIAS: ["enc-alias"]}
    assert found.one(KMS_KEY).inputs == {
        "description": "keyplan: encrypts the LLM API keys of prod",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30.0,
        "policy": '{"a":1}',
        "tags": TAGS,
    }
    assert found.one(KMS_KEY).protect is protect
    assert found.one(ALIAS).inputs == {
        "name": "alias/keyplan-prod",
        "targetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
    }


def secret(protect: bool = True, **fields: Any) -> Recording:
    args = KeySecretArgs(key(**fields), "prod", KEY_ARN, '{"a":1}', 7, protect, TAGS)
    return record(lambda: KeySecret("anthropic", args) and None)


@pytest.mark.parametrize("protect", [True, False])
def test_a_secret_is_a_container_with_a_policy_and_no_value(protect: bool) -> None:
    found = secret(protect)
    assert children(found) == {SECRET: ["anthropic-secret"], SECRET_POLICY: ["anthropic-policy"]}
    assert found.one(SECRET).inputs == {
        "name": "prod/anthropic-api-key",
        "description": "keyplan: anthropic API key `anthropic` of prod, as ANTHROPIC_API_KEY; owner "
        "ml@example.com; rotate every 90d",
        "kmsKeyId": KEY_ARN,
        "recoveryWindowInDays": 7.0,
        "replicas": [],
        "tags": TAGS,
    }
    assert found.one(SECRET).protect is protect
    assert found.one(SECRET_POLICY).inputs == {
        "secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbCdEf",
        "policy": '{"a":1}',
        "blockPublicPolicy": True,
    }


def test_a_secret_is_copied_to_the_regions_that_its_key_names() -> None:
    found = secret(replicas=("eu-central-1", "us-east-1"))
    assert found.one(SECRET).inputs["replicas"] == [{"region": "eu-central-1"}, {"region": "us-east-1"}]


ADOPTED = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbCdEf"


def test_a_secret_that_exists_is_imported_and_left_as_it_is() -> None:
    found = secret(adopt=ADOPTED)
    assert found.one(SECRET).import_id == ADOPTED
    assert set(found.one(SECRET).inputs) | {"tagsAll", "forceOverwriteReplicaSecret"} == {
        "name",
        *found.one(SECRET).ignore_changes,
    }
    assert found.one(SECRET_POLICY).import_id == ""
    plain = secret().one(SECRET)
    assert (plain.import_id, plain.ignore_changes) == ("", ())
    assert plain.inputs == found.one(SECRET).inputs


def reader(one: Consumer, count: int = 1) -> Recording:
    environment = many(count, [one])
    args = ReaderArgs(plan_environment(environment, ACCOUNT).readers[one.name], ACCOUNT, KEY_ARN, TAGS)
    return record(lambda: Reader("reader", args) and None)


def by_name(name: str) -> Consumer:
    return next(each for each in EVERY_RUNTIME if each.name == name)


def test_a_function_gets_a_role_an_inline_policy_and_its_log() -> None:
    found = reader(by_name("lambda"))
    assert children(found) == {
        IAM_ROLE: ["reader-role"],
        ROLE_POLICY: ["reader-policy"],
        ATTACHMENT: ["reader-AWSLambdaBasicExecutionRole"],
    }
    assert without(found.one(IAM_ROLE), "assumeRolePolicy") == {
        "name": "prod-lambda-reader",
        "description": "keyplan: reads the keys of consumer lambda",
        "maxSessionDuration": 3600.0,
        "tags": TAGS,
    }
    assert found.one(ATTACHMENT).inputs == {
        "role": "prod-lambda-reader",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    }
    plan = plan_environment(many(1, [by_name("lambda")]), ACCOUNT).readers["lambda"]
    assert json.loads(found.one(IAM_ROLE).inputs["assumeRolePolicy"]) == json.loads(plan.trust or "")
    assert without(found.one(ROLE_POLICY), "policy") == {"name": "read-keys", "role": "prod-lambda-reader"}
    assert json.loads(found.one(ROLE_POLICY).inputs["policy"]) == reader_document(
        ACCOUNT, KEY_ARN, plan.grants.inline
    )


def test_a_machine_gets_an_instance_profile_too() -> None:
    found = reader(by_name("vm"))
    assert children(found) == {
        IAM_ROLE: ["reader-role"],
        ROLE_POLICY: ["reader-policy"],
        INSTANCE_PROFILE: ["reader-instance-profile"],
    }
    assert found.one(INSTANCE_PROFILE).inputs == {
        "name": "prod-vm-reader",
        "role": "prod-vm-reader",
        "tags": TAGS,
    }


def test_an_existing_role_gets_one_managed_policy_and_nothing_else() -> None:
    found = reader(by_name("batch"))
    assert children(found) == {
        MANAGED_POLICY: ["reader-managed-policy-1"],
        ATTACHMENT: ["reader-attachment-1"],
    }
    assert found.one(ATTACHMENT).inputs == {"role": "nightly", "policyArn": POLICY_ARN + "prod-batch-reader"}


def test_500_keys_of_one_role_are_spread_over_numbered_policies() -> None:
    found = reader(consumer("chat", Runtime.LAMBDA, RoleSettings(None)), 500)
    names = [each.inputs["name"] for each in found.of(MANAGED_POLICY)]
    assert sorted(names) == sorted(["prod-chat-reader", *(f"prod-chat-reader-{n}" for n in range(2, 10))])
    attached = {each.inputs["policyArn"] for each in found.of(ATTACHMENT)}
    assert attached == {POLICY_ARN + name for name in names} | {
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    }
    assert all(len(each.inputs["policy"]) <= 6144 for each in found.of(MANAGED_POLICY))
    assert len(found.one(ROLE_POLICY).inputs["policy"]) <= 10_240


def test_people_get_policies_with_stable_names_and_no_role() -> None:
    people = consumer("research", Runtime.PEOPLE, PeopleSettings("Research"))
    args = ReaderArgs(
        plan_environment(many(80, [people]), ACCOUNT).readers["research"], ACCOUNT, KEY_ARN, TAGS
    )
    found = record(lambda: Reader("reader", args) and None)
    assert children(found) == {
        MANAGED_POLICY: ["reader-managed-policy-1", "reader-managed-policy-2", "reader-managed-policy-3"]
    }
    assert [each.inputs["name"] for each in found.of(MANAGED_POLICY)] == [
        "prod-research-reader",
        "prod-research-reader-2",
        "prod-research-reader-3",
    ]
    assert all(each.inputs["tags"] == TAGS for each in found.of(MANAGED_POLICY))


def issuer(ownership: Ownership) -> Recording:
    plan = IssuerPlan(ISSUER, PROVIDER_ARN, ("sts.amazonaws.com",), ownership)
    return record(lambda: CiIssuer("github", CiIssuerArgs(plan, TAGS)) and None)


@pytest.mark.parametrize(
    ("ownership", "import_id"), [(Ownership.DECLARE, ""), (Ownership.ADOPT, PROVIDER_ARN)]
)
def test_our_own_oidc_provider_outlives_the_environment(ownership: Ownership, import_id: str) -> None:
    provider = issuer(ownership).one(OIDC_PROVIDER)
    assert provider.inputs == {"url": ISSUER, "clientIdLists": ["sts.amazonaws.com"], "tags": TAGS}
    assert (provider.retain_on_delete, provider.import_id, provider.ignore_changes) == (
        True,
        import_id,
        ("tags",),
    )


def test_somebody_elses_oidc_provider_is_only_referred_to() -> None:
    assert children(issuer(Ownership.REUSE)) == {}


def test_a_runners_role_waits_for_the_provider_that_it_trusts() -> None:
    plan = plan_environment(catalogue(consumers=[by_name("evals")]), ACCOUNT).readers["evals"]

    def program() -> None:
        provider = CiIssuer(
            "github",
            CiIssuerArgs(IssuerPlan(ISSUER, PROVIDER_ARN, ("sts.amazonaws.com",), Ownership.DECLARE), TAGS),
        )
        Reader("evals", ReaderArgs(plan, ACCOUNT, KEY_ARN, TAGS), [provider])

    found = record(program)
    role = found.one(IAM_ROLE)
    assert role.depends_on == ("github-provider",)
    assert role.inputs["maxSessionDuration"] == 3600
    assert json.loads(role.inputs["assumeRolePolicy"]) == json.loads(plan.trust or "")


def test_operators_get_the_policies_on_every_one_of_their_roles() -> None:
    plan = plan_environment(catalogue(operators=(ROLE + "ops", ROLE + "team/on-call")), ACCOUNT)
    args = OperatorPolicyArgs("prod", ACCOUNT, plan.operator, tuple(plan.operator_roles), KEY_ARN, TAGS)
    found = record(lambda: OperatorPolicy("operator", args) and None)
    assert children(found) == {
        MANAGED_POLICY: ["operator-policy-1"],
        ATTACHMENT: ["operator-attachment-1-on-call", "operator-attachment-1-ops"],
    }
    policy = found.one(MANAGED_POLICY)
    assert without(policy, "policy") == {
        "name": "prod-keyplan-operator",
        "description": "keyplan: stores keys of prod and never reads them",
        "tags": TAGS,
    }
    assert json.loads(policy.inputs["policy"]) == operator_document(
        ACCOUNT, KEY_ARN, plan.operator.managed[0]
    )
    assert {each.inputs["role"] for each in found.of(ATTACHMENT)} == {"ops", "on-call"}


def test_the_auditor_is_a_role_with_one_inline_policy() -> None:
    found = record(lambda: AuditorRole("auditor", AuditorRoleArgs("prod", '{"a":1}', TAGS)) and None)
    assert children(found) == {IAM_ROLE: ["auditor-role"], ROLE_POLICY: ["auditor-policy"]}
    assert found.one(IAM_ROLE).inputs == {
        "name": "prod-keyplan-auditor",
        "description": "keyplan: audits who can read the keys of prod, and reads none",
        "assumeRolePolicy": '{"a":1}',
        "maxSessionDuration": 3600.0,
        "tags": TAGS,
    }
    assert len(found.one(ROLE_POLICY).inputs["policy"]) <= 10_240


@pytest.mark.parametrize(
    "build",
    [
        lambda: EncryptionKey("a", EncryptionKeyArgs("prod", "{}", 30, True, TAGS)).arn,
        lambda: KeySecret("a", KeySecretArgs(key(), "prod", KEY_ARN, "{}", 30, True, TAGS)).arn,
    ],
)
def test_a_preview_declares_the_same_with_arns_unknown(build: Callable[[], Any]) -> None:
    def names(found: Recording) -> set[tuple[str, str]]:
        return {(each.kind, each.name) for each in found.resources}

    built = record(lambda: build() and None)
    assert names(record(lambda: build() and None, preview=True)) == names(built)


def test_a_plan_without_a_role_is_a_mistake_of_ours() -> None:
    plan = plan_environment(catalogue(consumers=[by_name("batch")]), ACCOUNT).readers["batch"]
    args = ReaderArgs(replace(plan, existing_role_name=None), ACCOUNT, KEY_ARN, TAGS)
    with pytest.raises(ValueError, match="the plan of prod-batch-reader names no role"):
        record(lambda: Reader("reader", args) and None)
