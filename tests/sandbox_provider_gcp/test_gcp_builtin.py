"""Programs with resources of Google Cloud, run by the builtin engine."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from sandbox.builtin.errors import ResourceFailed
from sandbox.gcp_server.world import PROJECT_ID, PROJECT_NUMBER, World
from sandbox.provider.gcp.cloud import GoogleCloud, endpoint_settings
from tests.sandbox_builtin.stack import Stack, kinds
from tests.sandbox_provider_gcp.conftest import REGION

PATH = f"projects/{PROJECT_ID}/secrets/prod-a"
PROGRAM = """
import pulumi_gcp as gcp

account = gcp.serviceaccount.Account("account", account_id="web-reader")
secret = gcp.secretmanager.Secret(
    "secret",
    secret_id="prod-a",
    replication={"auto": {}},
    labels={"vendor": VENDOR},
    version_destroy_ttl="604800s",
    opts=pulumi.ResourceOptions(ignore_changes=["versionAliases"], import_=IMPORT),
)
gcp.secretmanager.SecretIamMember(
    "member", secret_id=secret.id, role="roles/secretmanager.secretAccessor", member=account.member
)
number = gcp.organizations.get_project().number
pulumi.export("number", number)
pulumi.export("name", secret.name)
pulumi.export("labels", secret.effective_labels)
"""


def program(vendor: str = "anthropic", adopt: str | None = None) -> str:
    return f"VENDOR, IMPORT = {vendor!r}, {adopt!r}\n{PROGRAM}"


@pytest.fixture
def stack(google_address: str, tmp_path: Path) -> Stack:
    settings = {"project": PROJECT_ID, "region": REGION, **endpoint_settings(google_address)}
    return Stack(tmp_path, "[]", config={f"gcp:{name}": value for name, value in settings.items()})


def test_a_program_is_made_kept_changed_and_removed(stack: Stack, google: GoogleCloud, world: World) -> None:
    result = stack.up(program())
    assert kinds(result) == {"account": "created", "secret": "created", "member": "created"}
    assert result.outputs == {
        "number": PROJECT_NUMBER,
        "name": f"projects/{PROJECT_NUMBER}/secrets/prod-a",
        "labels": "[secret]",  # as the SDK of Google Cloud has it
    }
    google.call("secretmanager", "POST", f"{PATH}:addVersion", {"payload": {"data": "eA=="}})
    aliases = {"versionAliases": {"current": "1"}}
    google.call("secretmanager", "PATCH", PATH, aliases, {"updateMask": "versionAliases"})

    assert set(kinds(stack.up()).values()) == {"kept"}

    assert kinds(stack.up(program("generic"))) == {
        "account": "kept",
        "secret": "updated",
        "member": "kept",
    }
    found = google.call("secretmanager", "GET", PATH)
    assert found["labels"] == {"goog-pulumi-provisioned": "true", "vendor": "generic"}
    assert found["versionAliases"] == {"current": "1"}

    assert kinds(stack.up("")) == {"account": "deleted", "secret": "deleted", "member": "deleted"}
    assert world.project(PROJECT_ID).secrets == {}


def test_a_preview_makes_nothing(stack: Stack, world: World) -> None:
    stack.write(program())
    assert set(kinds(stack.run("preview")).values()) == {"created"}
    assert world.project(PROJECT_ID).secrets == {}


def test_a_secret_that_exists_is_adopted_with_its_value(stack: Stack, google: GoogleCloud) -> None:
    existing = {"replication": {"automatic": {}}, "labels": {"vendor": "anthropic"}}
    google.call("secretmanager", "POST", f"projects/{PROJECT_ID}/secrets", existing, {"secretId": "prod-a"})
    google.call("secretmanager", "POST", f"{PATH}:addVersion", {"payload": {"data": "eA=="}})

    with pytest.raises(ResourceFailed, match=f"the secret {PATH} exists"):
        stack.up(program())
    assert kinds(stack.up(program(adopt=PATH)))["secret"] == "adopted"

    found = google.call("secretmanager", "GET", PATH)
    assert found["versionDestroyTtl"] == "604800s"
    assert google.call("secretmanager", "GET", f"{PATH}/versions/1")["state"] == "ENABLED"


def test_a_change_that_needs_a_new_one_replaces_what_hangs_on_it(stack: Stack, google: GoogleCloud) -> None:
    stack.up(program())
    replicas = f'{{"user_managed": {{"replicas": [{{"location": "{REGION}"}}]}}}}'
    changed = stack.up(program().replace('replication={"auto": {}}', f"replication={replicas}"))
    assert kinds(changed) == {"account": "kept", "secret": "replaced", "member": "replaced"}
    assert "userManaged" in google.call("secretmanager", "GET", PATH)["replication"]


def test_an_explicit_provider_has_its_own_project(stack: Stack, world: World) -> None:
    world.make_project("another-project", "999", "user:admin@example.com")
    stack.up(
        textwrap.dedent(
            """
            import pulumi_gcp as gcp

            other = gcp.Provider("other", project="another-project")
            gcp.pubsub.Topic("topic", name="events", opts=pulumi.ResourceOptions(provider=other))
            """
        )
    )
    assert "projects/another-project/topics/events" in world.records
    assert kinds(stack.up("")) == {"topic": "deleted"}
    assert "projects/another-project/topics/events" not in world.records
