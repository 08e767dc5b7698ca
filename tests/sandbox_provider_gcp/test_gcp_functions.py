"""Functions that read something answer what the SDK's types expect."""

from __future__ import annotations

import pytest

from sandbox.provider import Provider, ProviderError
from sandbox.provider.errors import MissingError
from sandbox.provider.gcp import invokes
from tests.sandbox_provider_gcp.gcp_cases import PROJECT, REGION
from tests.sandbox_provider_gcp.test_gcp_drift import make

SECRET = "gcp:secretmanager/secret:Secret"
NUMBER = "123456789012"
KEY = "projects/p/locations/global/keyRings/r/cryptoKeys/k"


def test_the_project_has_its_number(provider: Provider) -> None:
    for arguments in ({}, {"projectId": PROJECT}, {"projectId": NUMBER}):
        found = provider.invoke("gcp:organizations/getProject:getProject", arguments)
        assert (found["id"], found["projectId"], found["number"]) == (f"projects/{PROJECT}", PROJECT, NUMBER)


def test_the_configuration_is_the_providers(provider: Provider) -> None:
    found = provider.invoke("gcp:organizations/getClientConfig:getClientConfig", {})
    assert (found["project"], found["region"], found["defaultLabels"]) == (PROJECT, REGION, {})


def test_secrets_are_found_by_a_filter_on_all_pages(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invokes, "PAGE_SIZE", 2)
    replicas = [{"location": REGION}, {"location": "europe-west4"}]
    replication = {"userManaged": {"replicas": replicas}}
    for number in range(5):
        labels = {"environment": "prod" if number else "dev"}
        make(provider, SECRET, {"secretId": f"s{number}", "replication": replication, "labels": labels})

    answer = provider.invoke(
        "gcp:secretmanager/getSecrets:getSecrets",
        {"project": PROJECT, "filter": "labels.environment=prod"},
    )

    assert sorted(one["secretId"] for one in answer["secrets"]) == ["s1", "s2", "s3", "s4"]
    shown = [{**one, "customerManagedEncryptions": []} for one in replicas]
    assert answer["secrets"][0]["replications"] == [{"autos": [], "userManageds": [{"replicas": shown}]}]
    assert answer["project"] == PROJECT


def test_one_secret_shows_everything_but_its_value(provider: Provider) -> None:
    replication = {"auto": {"customerManagedEncryption": {"kmsKeyName": KEY}}}
    make(provider, SECRET, {"secretId": "s", "replication": replication, "annotations": {"owner": "ada"}})
    found = provider.invoke("gcp:secretmanager/getSecret:getSecret", {"secretId": "s"})
    auto = {"customerManagedEncryptions": [{"kmsKeyName": KEY}]}
    assert found["replications"] == [{"autos": [auto], "userManageds": []}]
    assert (found["id"], found["annotations"]) == (f"projects/{PROJECT}/secrets/s", {"owner": "ada"})


def test_what_does_not_exist_is_told_in_the_real_providers_form(provider: Provider) -> None:
    with pytest.raises(
        MissingError, match=r"googleapi: Error 404: NOT_FOUND at GET projects/.*/secrets/none"
    ):
        provider.invoke("gcp:secretmanager/getSecret:getSecret", {"secretId": "none"})
    with pytest.raises(ProviderError, match="does not know the function gcp:kms/getKMSKeyRing:getKMSKeyRing"):
        provider.invoke("gcp:kms/getKMSKeyRing:getKMSKeyRing", {})
