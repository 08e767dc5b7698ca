"""What a program finds out about the project, and what it says when it may not, cannot, or should not."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.lookup_errors import lookup_failed
from components.gcp.project import Project, endpoints_from
from components.gcp.replacement import CONFIRMATION, ExistingSecret, confirmed_keys
from components.gcp.surroundings import GcpSurroundings, read_gcp_surroundings
from keyplan.catalogue import Catalogue, GkeSettings, Runtime
from keyplan.errors import KeyplanError, UsageError
from tests.components.recording import LookupRefused, record
from tests.components_gcp.catalogues import gcp_catalogue, on_gcp

GET_PROJECT = "gcp:organizations/getProject:getProject"
GET_SECRETS = "gcp:secretmanager/getSecrets:getSecrets"
CONFIG = {"gcp:project": "example-prod", "gcp:region": "europe-west1"}
NUMBERS = {"example-prod": "987654321098", "example-clusters": "555555555555"}


def project_answer(args: Any) -> dict[str, Any]:
    return {"projectId": args["projectId"], "number": NUMBERS[args["projectId"]]}


def secret(secret_id: str, *locations: str) -> dict[str, Any]:
    managed = [{"replicas": [{"location": location} for location in locations]}] if locations else []
    return {"secretId": secret_id, "replications": [{"autos": [], "userManageds": managed}]}


def look(
    catalogue: Catalogue | None = None,
    config: dict[str, str] | None = None,
    secrets: Any = lambda _: {"secrets": []},
    project: Any = project_answer,
) -> tuple[GcpSurroundings, list[Any]]:
    found: list[GcpSurroundings] = []
    asked: list[Any] = []

    def answer(args: Any) -> Any:
        asked.append(dict(args))
        return secrets(args)

    def program() -> None:
        found.append(read_gcp_surroundings(catalogue or gcp_catalogue()))

    record(
        program,
        lookups={GET_PROJECT: project, GET_SECRETS: answer},
        config=CONFIG if config is None else config,
    )
    return found[0], asked


def test_the_number_is_looked_up_and_the_rest_is_configured() -> None:
    found, asked = look()
    assert found == GcpSurroundings(Project("example-prod", "987654321098", "europe-west1"), {})
    assert asked == [{"project": "example-prod", "filter": "labels.environment=prod"}]


def test_clusters_of_other_projects_are_looked_up_too() -> None:
    pods = [
        on_gcp("pods", Runtime.GKE, GkeSettings("web", "chat", None)),
        on_gcp("far", Runtime.GKE, GkeSettings("web", "chat", "example-clusters")),
        on_gcp("same", Runtime.GKE, GkeSettings("web", "chat", "example-prod")),
    ]
    found, _ = look(gcp_catalogue(consumers=pods))
    assert found.project.other_numbers == {"example-clusters": "555555555555"}


def test_the_secrets_that_are_there_come_with_their_locations() -> None:
    listed = [secret("prod-a"), secret("prod-b", "europe-west3", "europe-west1")]
    found, _ = look(secrets=lambda _: {"secrets": listed})
    assert found.secrets == {
        "prod-a": ExistingSecret("prod-a", ()),
        "prod-b": ExistingSecret("prod-b", ("europe-west1", "europe-west3")),
    }


@pytest.mark.parametrize("missing", ["project", "region"])
def test_a_missing_setting_is_named(missing: str) -> None:
    config = {name: text for name, text in CONFIG.items() if name != f"gcp:{missing}"}
    with pytest.raises(UsageError, match=f"`gcp:{missing}` is not set"):
        look(config=config)


def test_a_confirmation_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look()[0].may_be_replaced == frozenset()
    monkeypatch.setenv(CONFIRMATION, "anthropic, openrouter")
    assert look()[0].may_be_replaced == {"anthropic", "openrouter"}


def test_confirmed_keys_are_divided_by_commas_or_spaces() -> None:
    assert confirmed_keys(None) == confirmed_keys(" ,") == frozenset()
    assert confirmed_keys("a,b c") == {"a", "b", "c"}


DISABLED = (
    "invocation of gcp:secretmanager/getSecrets:getSecrets returned an error: googleapi: Error 403: Secret "
    "Manager API has not been used in project 987654321098 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/secretmanager.googleapis.com/overview?project=987654321098"
)
ROWS = [
    (
        "the API is not enabled",
        DISABLED,
        "the API secretmanager.googleapis.com is not enabled in project `example-prod`",
        "gcloud services enable secretmanager.googleapis.com --project example-prod",
    ),
    (
        "its reason only",
        "googleapi: Error 403: SERVICE_DISABLED",
        "the API cloudresourcemanager.googleapis.com is not enabled in project `example-prod`",
        "gcloud services enable cloudresourcemanager.googleapis.com --project example-prod",
    ),
    (
        "no such project",
        "projects/example-prod not found or not in ACTIVE state",
        "there is no project `example-prod`, or it is being deleted",
        "compare `gcp:project` of the stack's configuration with: gcloud projects list",
    ),
    (
        "not allowed, or no such project: Google says the same",
        "googleapi: Error 403: The caller does not have permission, forbidden",
        "project `example-prod` does not exist, or these credentials lack resourcemanager.projects.get in it",
        "compare `gcp:project` with `gcloud projects list`, or get a role with resourcemanager.projects.get",
    ),
    (
        "nobody is logged in",
        "google: could not find default credentials. See https://cloud.google.com/docs/authentication",
        "there are no credentials for Google Cloud to look at project `example-prod` with",
        "gcloud auth application-default login",
    ),
    (
        "anything else",
        "dial tcp: i/o timeout",
        "the lookup of project `example-prod` failed, and the answer says not why",
        "gcloud projects describe example-prod",
    ),
]


@pytest.mark.parametrize(("text", "message", "hint"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_a_refused_lookup_is_told_in_words(text: str, message: str, hint: str) -> None:
    error = lookup_failed(text, "example-prod", "cloudresourcemanager", "resourcemanager.projects.get")
    assert (error.message, error.hint) == (message, hint)


def refused(words: str) -> Any:
    def answer(_: Any) -> Any:
        raise LookupRefused(words)

    return answer


def test_a_project_that_does_not_exist_stops_the_program() -> None:
    with pytest.raises(UsageError, match="there is no project `example-prod`"):
        look(project=refused("projects/example-prod not found or not in ACTIVE state"))


def test_an_api_that_is_not_enabled_is_named_with_its_command() -> None:
    with pytest.raises(KeyplanError) as failure:
        look(secrets=refused(DISABLED))
    assert failure.value.hint == "gcloud services enable secretmanager.googleapis.com --project example-prod"
    assert "console.developers" not in str(failure.value)


def test_the_manifest_learns_of_endpoints_that_are_not_googles() -> None:
    settings = {
        "gcp:secretManagerCustomEndpoint": "http://127.0.0.1:4567/v1/",
        "gcp:resourceManagerCustomEndpoint": "http://127.0.0.1:4567/v1/",
        "gcp:loggingCustomEndpoint": "http://127.0.0.1:4567/v2/",
        "gcp:storageCustomEndpoint": "http://127.0.0.1:4567/storage/v1/",
        "gcp:project": "example-prod",
    }
    assert endpoints_from(settings) == {
        "cloudresourcemanager": "http://127.0.0.1:4567",
        "logging": "http://127.0.0.1:4567",
        "secretmanager": "http://127.0.0.1:4567",
    }
    assert endpoints_from({}) == {}


def test_an_endpoint_that_commands_could_not_use_is_refused() -> None:
    with pytest.raises(UsageError, match="secretManagerCustomEndpoint"):
        endpoints_from({"gcp:secretManagerCustomEndpoint": "http://emulator.example.com/v1/"})


def test_a_program_on_aws_only_does_not_import_the_package_of_google() -> None:
    import subprocess
    import sys

    program = "import sys, components.environment; print('pulumi_gcp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert pulumi.Output
