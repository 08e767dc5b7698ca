"""What cannot be done is said in words that name the thing, and never in Google's own."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gcp_server.world import PROJECT_ID, World
from sandbox.provider import Provider, ProviderError
from sandbox.provider.errors import AlreadyExists, MissingError
from sandbox.provider.gcp import HANDLERS
from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure, endpoint_settings
from sandbox.provider.gcp.policies import Policy, PolicyOf, set_members
from sandbox.provider.packages import GCP
from sandbox.provider.provider import configured
from tests.sandbox_provider_gcp.gcp_cases import ACCESSOR, ADA, BOB, CASES, PROJECT, SECRET, filled, prepared
from tests.sandbox_provider_gcp.test_gcp_drift import change, make

KIND, INPUTS = SECRET
PATH = f"projects/{PROJECT}/secrets/prod-a"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
POOL_PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
BUCKET = "gcp:storage/bucket:Bucket"


def refused(provider: Provider, kind: str, inputs: dict[str, Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        make(provider, kind, inputs)
    return caught.value


def test_a_secret_that_exists_is_adopted_rather_than_made(provider: Provider) -> None:
    make(provider, *SECRET)
    error = refused(provider, *SECRET)
    assert isinstance(error, AlreadyExists)
    assert error.message == f"the secret {PATH} exists and does not belong to this stack"
    assert f'import_="{PATH}"' in (error.hint or "")

    adopted = provider.read(KIND, PATH)
    assert adopted is not None
    inputs = provider.check(KIND, "it", INPUTS).inputs
    assert provider.diff(KIND, adopted.inputs, inputs).replaces == frozenset()


def test_a_member_of_a_secret_that_does_not_exist_names_the_secret(provider: Provider) -> None:
    error = refused(provider, MEMBER, {"secretId": "prod-a", "role": ACCESSOR, "member": ADA})
    assert isinstance(error, MissingError)
    assert error.message == (
        f"Google answered 404 NOT_FOUND to GET {PATH}:getIamPolicy of secretmanager: it, or something it "
        "names, does not exist"
    )


def test_an_api_that_is_not_enabled_is_named_with_the_command(provider: Provider, world: World) -> None:
    world.project(PROJECT_ID).disabled_services.add("secretmanager.googleapis.com")
    error = refused(provider, *SECRET)
    assert error.message.startswith("the API secretmanager.googleapis.com is not enabled in the project ")
    assert (error.hint or "").startswith("gcloud services enable secretmanager.googleapis.com --project ")


def test_a_caller_without_permission_is_told_which_one(google_address: str) -> None:
    settings = {"project": PROJECT_ID, "region": "europe-west1", **endpoint_settings(google_address)}
    stranger = configured({GCP: {**settings, "accessToken": "sandbox:user:eve@example.com"}})
    error = refused(stranger, *SECRET)
    assert "403 PERMISSION_DENIED" in error.message
    assert "secretmanager.secrets.create" in error.message


def test_a_project_that_does_not_exist_is_named(google_address: str) -> None:
    settings = {"project": "no-such-project", "region": "europe-west1", **endpoint_settings(google_address)}
    error = refused(configured({GCP: settings}), *SECRET)
    assert "the project `no-such-project` does not exist, or is somebody else's" in error.message
    with pytest.raises(ProviderError, match=r"googleapi: Error 403: PERMISSION_DENIED .*CONSUMER_INVALID"):
        configured({GCP: settings}).invoke("gcp:organizations/getProject:getProject", {})


def test_a_pool_and_a_provider_that_were_deleted_say_how_to_restore_them(
    provider: Provider, google: GoogleCloud
) -> None:
    case = CASES[POOL_PROVIDER]
    inputs, state = make(provider, POOL_PROVIDER, filled(case.inputs, prepared(provider, case)))
    provider.delete(POOL_PROVIDER, state.id, inputs)
    error = refused(provider, POOL_PROVIDER, case.inputs)
    assert isinstance(error, AlreadyExists)
    assert f"the workload identity pool provider {state.id} was deleted" in error.message
    assert (
        "gcloud iam workload-identity-pools providers undelete github-web --workload-identity-pool "
        f"keyplan-prod --location global --project {PROJECT};" in (error.hint or "")
    )

    google.finished("iampools", google.call("iampools", "POST", f"{state.id}:undelete", {}))
    assert provider.read(POOL_PROVIDER, state.id, inputs) is not None

    pool = f"projects/{PROJECT}/locations/global/workloadIdentityPools/keyplan-prod"
    provider.delete(POOL, pool, {})
    hint = refused(provider, POOL, CASES[POOL].inputs).hint or ""
    assert (
        f"gcloud iam workload-identity-pools undelete keyplan-prod --location global --project {PROJECT};"
        in hint
    )


def test_a_role_that_was_deleted_is_restored_as_it_is_wanted_now(provider: Provider) -> None:
    inputs, state = make(provider, ROLE, CASES[ROLE].inputs)
    provider.delete(ROLE, state.id, inputs)
    again, restored = make(provider, ROLE, {**CASES[ROLE].inputs, "title": "again"})
    assert restored.id == state.id
    found = provider.read(ROLE, state.id, again)
    assert found is not None
    assert provider.diff(ROLE, found.inputs, again).changed == frozenset()


def test_protection_and_policies_of_deletion_are_honoured(provider: Provider) -> None:
    protected, state = make(provider, KIND, {**INPUTS, "deletionProtection": True})
    with pytest.raises(ProviderError, match=f"the secret {PATH} has deletionProtection"):
        provider.delete(KIND, state.id, protected)
    prevented, topic = make(
        provider, "gcp:pubsub/topic:Topic", {"name": "events", "deletionPolicy": "PREVENT"}
    )
    with pytest.raises(ProviderError, match="is PREVENT"):
        provider.delete("gcp:pubsub/topic:Topic", topic.id, prevented)
    provider.delete(KIND, state.id, {**protected, "deletionProtection": False, "deletionPolicy": "ABANDON"})
    assert provider.read(KIND, state.id, protected) is not None
    with pytest.raises(ProviderError, match="does not know the deletionPolicy `KEEP`"):
        provider.delete(KIND, state.id, {**protected, "deletionProtection": False, "deletionPolicy": "KEEP"})


def test_a_bucket_with_objects_goes_only_when_that_is_asked_for(provider: Provider) -> None:
    bucket, state = make(provider, BUCKET, {"name": "keyplan-source", "location": "EU"})
    make(
        provider, "gcp:storage/bucketObject:BucketObject", {"bucket": state.id, "name": "a/b", "content": "x"}
    )
    with pytest.raises(ProviderError, match=r"409 .* to DELETE b/keyplan-source of storage"):
        provider.delete(BUCKET, state.id, bucket)
    provider.delete(BUCKET, state.id, {**bucket, "forceDestroy": True})
    assert provider.read(BUCKET, state.id, bucket) is None


def test_an_account_that_exists_is_taken_over_only_when_that_is_asked_for(provider: Provider) -> None:
    kind, inputs = "gcp:serviceaccount/account:Account", {"accountId": "web-reader"}
    _, first = make(provider, kind, inputs)
    assert isinstance(refused(provider, kind, inputs), AlreadyExists)
    _, second = make(provider, kind, {**inputs, "createIgnoreAlreadyExists": True})
    assert (second.id, second.outputs["uniqueId"]) == (first.id, first.outputs["uniqueId"])


@pytest.mark.parametrize(
    ("kind", "id_", "form"),
    [
        (KIND, "prod-a", "projects/{project}/secrets/{secretId}"),
        (MEMBER, f"{PATH} {ACCESSOR}", "`RESOURCE ROLE MEMBER`"),
        (
            "gcp:secretmanager/secretIamBinding:SecretIamBinding",
            f"{PATH} {ACCESSOR} {ADA}",
            "`RESOURCE ROLE`",
        ),
        ("gcp:projects/service:Service", "pubsub", "PROJECT/SERVICE"),
    ],
)
def test_an_import_by_an_id_of_another_form_says_the_form(
    provider: Provider, kind: str, id_: str, form: str
) -> None:
    make(provider, *SECRET)
    with pytest.raises(ProviderError) as caught:
        provider.read(kind, id_)
    assert id_ in caught.value.message or "404" in caught.value.message
    if "404" not in caught.value.message:
        assert form in caught.value.message


def test_members_are_imported_by_either_form_of_their_id(provider: Provider) -> None:
    make(provider, *SECRET)
    role = f"projects/{PROJECT}/roles/keyplan_prod_operator"
    make(provider, ROLE, CASES[ROLE].inputs)
    pool = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/p"
    member = f"principalSet://{pool}/attribute.web/1"
    inputs, state = make(provider, MEMBER, {"secretId": PATH, "role": role, "member": member})
    for id_ in (state.id, f"{PATH} {role} {member}"):
        found = provider.read(MEMBER, id_)
        assert found is not None
        assert provider.diff(MEMBER, found.inputs, inputs).changed == frozenset()


@pytest.mark.parametrize(
    ("kind", "inputs", "words"),
    [
        ("gcp:kms/keyRing:KeyRing", {}, "the sandbox does not know gcp:kms/keyRing:KeyRing"),
        (KIND, {**INPUTS, "tags": {}}, f"the sandbox does not know the property `tags` of {KIND}"),
        (
            KIND,
            {**INPUTS, "replication": {"auto": {"somewhere": 1}}},
            f"the sandbox does not know the property `replication.auto.somewhere` of {KIND}",
        ),
        (KIND, {"secretId": "x"}, f"the property `replication` of {KIND} is required"),
    ],
)
def test_what_is_not_known_is_named(
    provider: Provider, kind: str, inputs: dict[str, Any], words: str
) -> None:
    assert provider.check(kind, "it", inputs).failures == [words]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "the provider has no project"),
        ({"project": "p", "impersonateServiceAccount": "x"}, "`impersonateServiceAccount`"),
        ({"project": "p", "defaultLabels": "no JSON"}, "`defaultLabels` is not JSON"),
        ({"project": "p", "defaultLabels": "[]"}, "`defaultLabels` is not a mapping"),
        (
            {"project": "p", "secretManagerCustomEndpoint": "https://secretmanager.googleapis.com/v1/"},
            "`secretManagerCustomEndpoint` is no address on this machine",
        ),
    ],
)
def test_what_is_wrong_with_the_settings_is_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderError) as caught:
        configured({GCP: settings})
    assert words in caught.value.message


def test_without_an_endpoint_nothing_is_ever_asked() -> None:
    error = refused(configured({GCP: {"project": "p"}}), *SECRET)
    assert error.message == (
        "no endpoint is configured for `secretmanager`: the sandbox never calls the real Google Cloud"
    )
    assert "gcp:secretManagerCustomEndpoint" in (error.hint or "")


def test_a_server_that_is_gone_is_said() -> None:
    error = refused(configured({GCP: {"project": "p", **endpoint_settings("http://127.0.0.1:9")}}), *SECRET)
    assert error.message.startswith("the emulated Google Cloud gave no answer (")


def test_default_labels_are_put_on_everything_and_attribution_can_be_switched_off(
    google_address: str,
) -> None:
    settings = {
        "project": PROJECT_ID,
        "defaultLabels": '{"team": "platform"}',
        "addPulumiAttributionLabel": "false",
        **endpoint_settings(google_address),
    }
    provider = configured({GCP: settings})
    inputs, state = make(provider, KIND, {**INPUTS, "labels": {"vendor": "anthropic"}})
    assert state.outputs["effectiveLabels"] == {"team": "platform", "vendor": "anthropic"}
    found = provider.read(KIND, state.id, inputs)
    assert found is not None
    assert found.inputs["labels"] == {"vendor": "anthropic"}


def test_a_policy_that_somebody_else_changes_meanwhile_is_read_again(
    provider: Provider, google: GoogleCloud
) -> None:
    make(provider, *SECRET)
    policy_of = PolicyOf("secretmanager", PATH)
    asked: list[Policy] = []

    def add(policy: Policy) -> bool:
        if not asked:  # somebody else is quicker
            others = {"bindings": [{"role": ACCESSOR, "members": [BOB]}]}
            google.call("secretmanager", "POST", f"{PATH}:setIamPolicy", {"policy": others})
        asked.append(policy)
        before = [one for binding in policy.get("bindings", []) for one in binding["members"]]
        set_members(policy, ACCESSOR, None, [*before, ADA])
        return True

    policy = policy_of.change(google, add)

    assert policy["bindings"][0]["members"] == [ADA, BOB]
    assert len(asked) == 2


def test_a_policy_that_changes_all_the_time_is_given_up(provider: Provider, google: GoogleCloud) -> None:
    make(provider, *SECRET)
    turns: list[int] = []

    def never_first(policy: Policy) -> bool:
        turns.append(len(turns))
        others = {"bindings": [{"role": ACCESSOR, "members": [f"user:u{len(turns)}@example.com"]}]}
        google.call("secretmanager", "POST", f"{PATH}:setIamPolicy", {"policy": others})
        set_members(policy, ACCESSOR, None, [ADA])
        return True

    with pytest.raises(GoogleFailure, match=r"409 ABORTED"):
        PolicyOf("secretmanager", PATH).change(google, never_first)
    assert len(turns) == 8


def test_a_change_of_nothing_asks_for_nothing(provider: Provider, google: GoogleCloud) -> None:
    _, state = make(provider, *SECRET)
    etag = google.call("secretmanager", "GET", PATH)["etag"]
    change(provider, KIND, state, {**INPUTS, "deletionProtection": True})
    assert google.call("secretmanager", "GET", PATH)["etag"] == etag


NAMES = st.from_regex(r"[a-z][a-z0-9-]{4,20}[a-z0-9]", fullmatch=True)
ROLES = st.one_of(
    st.from_regex(r"roles/[a-z]{2,12}\.[a-zA-Z]{2,12}", fullmatch=True),
    st.builds("projects/{}/roles/{}".format, NAMES, st.from_regex(r"[a-zA-Z0-9_.]{3,20}", fullmatch=True)),
)
POOL_PATH = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"
MEMBERS = st.one_of(
    st.builds("user:{}@example.com".format, NAMES),
    st.builds("principalSet:{}/attribute.{}/{}".format, st.just(POOL_PATH), NAMES, NAMES),
    st.builds("principal:{}.svc.id.goog/subject/ns/{}/sa/{}".format, st.just(POOL_PATH), NAMES, NAMES),
)


@given(NAMES, NAMES, ROLES, MEMBERS, st.sampled_from(["/", " "]))
def test_an_id_of_a_member_says_resource_role_and_member(
    project: str, secret_id: str, role: str, member: str, separator: str
) -> None:
    path = f"projects/{project}/secrets/{secret_id}"
    wanted = HANDLERS[MEMBER].wanted(separator.join((path, role, member)), {})  # type: ignore[attr-defined]
    assert wanted == {"secretId": path, "role": role, "member": member}
