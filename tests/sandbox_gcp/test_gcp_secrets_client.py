"""Secret Manager through Google's official client: what a user's program sees."""

from __future__ import annotations

import secrets as random_source
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import secretmanager_v1
from google.protobuf.duration_pb2 import Duration

from sandbox.gcp_server.secret_manager.checksum import crc32c

PROJECT = "projects/keyplan-sandbox"
NUMBER = "projects/123456789012"
READER = "serviceAccount:web@another-project.iam.gserviceaccount.com"
VALUE = b"sk-made-up-" + b"x" * 40


@pytest.fixture
def client(cloud: Any) -> secretmanager_v1.SecretManagerServiceClient:
    return cloud.client()


@pytest.fixture
def secret(client: secretmanager_v1.SecretManagerServiceClient) -> secretmanager_v1.Secret:
    """A secret with automatic replication."""
    return client.create_secret(
        parent=PROJECT,
        secret_id=f"test-{random_source.token_hex(4)}",
        secret={"replication": {"automatic": {}}, "labels": {"environment": "test"}},
    )


def test_a_value_that_was_added_is_read_back(client: Any, secret: Any) -> None:
    version = client.add_secret_version(
        parent=secret.name, payload={"data": VALUE, "data_crc32c": crc32c(VALUE)}
    )
    assert version.name == f"{secret.name}/versions/1"
    assert version.client_specified_payload_checksum
    assert version.state == secretmanager_v1.SecretVersion.State.ENABLED
    answer = client.access_secret_version(name=f"{secret.name}/versions/latest")
    assert (answer.name, answer.payload.data) == (version.name, VALUE)
    assert answer.payload.data_crc32c == crc32c(VALUE)


def test_names_are_answered_with_the_projects_number(secret: Any) -> None:
    assert secret.name.startswith(f"{NUMBER}/secrets/test-")
    assert secret.etag.startswith('"')


def test_a_damaged_payload_is_refused(client: Any, secret: Any) -> None:
    with pytest.raises(exceptions.BadRequest, match="checksum"):
        client.add_secret_version(
            parent=secret.name, payload={"data": VALUE, "data_crc32c": crc32c(b"other")}
        )
    assert list(client.list_secret_versions(parent=secret.name)) == []


@pytest.mark.parametrize(("size", "fits"), [(65536, True), (65537, False)])
def test_a_payload_has_64_kib_at_most(client: Any, secret: Any, size: int, fits: bool) -> None:
    if fits:
        client.add_secret_version(parent=secret.name, payload={"data": b"x" * size})
        return
    with pytest.raises(exceptions.BadRequest, match="65536"):
        client.add_secret_version(parent=secret.name, payload={"data": b"x" * size})


def test_an_alias_is_read_and_moved(client: Any, secret: Any) -> None:
    for text in (b"one", b"two"):
        client.add_secret_version(parent=secret.name, payload={"data": text})
    found = client.get_secret(name=secret.name)
    client.update_secret(
        secret={"name": secret.name, "version_aliases": {"current": 1}, "etag": found.etag},
        update_mask={"paths": ["version_aliases"]},
    )
    assert client.access_secret_version(name=f"{secret.name}/versions/current").payload.data == b"one"
    assert client.get_secret_version(name=f"{secret.name}/versions/current").name.endswith("/versions/1")
    with pytest.raises(exceptions.BadRequest, match="etag"):
        client.update_secret(
            secret={"name": secret.name, "version_aliases": {"current": 2}, "etag": found.etag},
            update_mask={"paths": ["version_aliases"]},
        )
    client.update_secret(
        secret={"name": secret.name, "version_aliases": {"current": 2, "previous": 1}},
        update_mask={"paths": ["version_aliases"]},
    )
    assert client.access_secret_version(name=f"{secret.name}/versions/current").payload.data == b"two"
    assert client.access_secret_version(name=f"{secret.name}/versions/previous").payload.data == b"one"


def test_an_alias_is_for_reading_alone(client: Any, secret: Any) -> None:
    client.add_secret_version(parent=secret.name, payload={"data": b"one"})
    client.update_secret(
        secret={"name": secret.name, "version_aliases": {"current": 1}},
        update_mask={"paths": ["version_aliases"]},
    )
    with pytest.raises(exceptions.BadRequest, match="not a number"):
        client.disable_secret_version(name=f"{secret.name}/versions/current")


def test_an_update_changes_only_what_its_mask_names(client: Any, secret: Any) -> None:
    updated = client.update_secret(
        secret={"name": secret.name, "annotations": {"owner": "ml@example.com"}, "labels": {"other": "x"}},
        update_mask="annotations",
    )
    assert dict(updated.annotations) == {"owner": "ml@example.com"}
    assert dict(updated.labels) == {"environment": "test"}
    assert updated.etag != secret.etag


def test_a_disabled_version_is_not_read_and_hides_those_before_it(client: Any, secret: Any) -> None:
    for text in (b"one", b"two"):
        version = client.add_secret_version(parent=secret.name, payload={"data": text})
    client.disable_secret_version(name=version.name)
    with pytest.raises(exceptions.BadRequest, match="is in DISABLED state"):
        client.access_secret_version(name=f"{secret.name}/versions/latest")
    assert client.access_secret_version(name=f"{secret.name}/versions/1").payload.data == b"one"
    client.enable_secret_version(name=version.name)
    assert client.access_secret_version(name=f"{secret.name}/versions/latest").payload.data == b"two"


def test_a_destroyed_version_never_comes_back(client: Any, secret: Any) -> None:
    version = client.add_secret_version(parent=secret.name, payload={"data": VALUE})
    destroyed = client.destroy_secret_version(name=version.name)
    assert destroyed.state == secretmanager_v1.SecretVersion.State.DESTROYED
    assert destroyed.destroy_time is not None
    for act in (client.enable_secret_version, client.disable_secret_version, client.access_secret_version):
        with pytest.raises(exceptions.BadRequest, match="is in DESTROYED state"):
            act(name=version.name)


def test_a_version_that_changed_meanwhile_is_not_moved(client: Any, secret: Any) -> None:
    version = client.add_secret_version(parent=secret.name, payload={"data": VALUE})
    disabled = client.disable_secret_version(request={"name": version.name, "etag": version.etag})
    for act in (client.enable_secret_version, client.disable_secret_version, client.destroy_secret_version):
        with pytest.raises(exceptions.BadRequest, match="etag"):
            act(request={"name": version.name, "etag": version.etag})
    client.enable_secret_version(request={"name": version.name, "etag": disabled.etag})
    assert client.get_secret(name=secret.name).etag == secret.etag


def test_with_a_delay_a_version_is_destroyed_later_and_can_be_saved(cloud: Any, client: Any) -> None:
    secret = client.create_secret(
        parent=PROJECT,
        secret_id="delayed",
        secret={"replication": {"automatic": {}}, "version_destroy_ttl": Duration(seconds=7 * 86400)},
    )
    saved, lost = (
        client.add_secret_version(parent=secret.name, payload={"data": text}) for text in (b"saved", b"lost")
    )
    for version in (saved, lost):
        scheduled = client.destroy_secret_version(name=version.name)
        assert scheduled.state == secretmanager_v1.SecretVersion.State.DISABLED
        assert scheduled.scheduled_destroy_time is not None
    restored = client.enable_secret_version(name=saved.name)
    assert restored.scheduled_destroy_time is None
    from datetime import timedelta

    cloud.google.age(timedelta(days=8))
    assert client.access_secret_version(name=saved.name).payload.data == b"saved"
    state = client.get_secret_version(name=lost.name).state
    assert state == secretmanager_v1.SecretVersion.State.DESTROYED


def test_versions_are_listed_newest_first_page_by_page(client: Any, secret: Any) -> None:
    for number in range(5):
        client.add_secret_version(parent=secret.name, payload={"data": b"%d" % number})
    pages = client.list_secret_versions(request={"parent": secret.name, "page_size": 2}).pages
    numbers = [[item.name.rpartition("/")[2] for item in page.versions] for page in pages]
    assert numbers == [["5", "4"], ["3", "2"], ["1"]]


def test_lists_are_filtered(client: Any, secret: Any) -> None:
    found = client.list_secrets(request={"parent": PROJECT, "filter": "labels.environment=test"})
    assert secret.name in [item.name for item in found]
    none = client.list_secrets(request={"parent": PROJECT, "filter": "labels.environment=prod"})
    assert list(none) == []
    client.add_secret_version(parent=secret.name, payload={"data": VALUE})
    client.disable_secret_version(name=f"{secret.name}/versions/1")
    enabled = client.list_secret_versions(request={"parent": secret.name, "filter": "state:ENABLED"})
    assert list(enabled) == []


def test_a_name_is_given_once(client: Any, secret: Any) -> None:
    with pytest.raises(exceptions.Conflict, match="already exists"):
        client.create_secret(
            parent=PROJECT,
            secret_id=secret.name.rpartition("/")[2],
            secret={"replication": {"automatic": {}}},
        )


def test_a_deleted_secret_is_gone_at_once(client: Any, secret: Any) -> None:
    with pytest.raises(exceptions.BadRequest, match="etag"):
        client.delete_secret(request={"name": secret.name, "etag": '"0"'})
    client.delete_secret(request={"name": secret.name, "etag": secret.etag})
    with pytest.raises(exceptions.NotFound, match="not found"):
        client.get_secret(name=secret.name)


def test_a_listed_reader_reads_and_a_stranger_is_refused(cloud: Any, client: Any, secret: Any) -> None:
    client.add_secret_version(parent=secret.name, payload={"data": VALUE})
    reader, stranger = cloud.client(READER), cloud.client("user:eve@example.com")
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [READER]}
    client.set_iam_policy(request={"resource": secret.name, "policy": {"bindings": [binding]}})
    name = f"{secret.name}/versions/latest"
    assert reader.access_secret_version(name=name).payload.data == VALUE
    with pytest.raises(exceptions.Forbidden, match=r"secretmanager\.versions\.access"):
        stranger.access_secret_version(name=name)
    with pytest.raises(exceptions.Forbidden, match=r"secretmanager\.secrets\.get"):
        reader.get_secret(name=secret.name)


def test_a_secret_that_does_not_exist_looks_like_a_forbidden_one_to_a_stranger(
    cloud: Any, client: Any
) -> None:
    name = f"{PROJECT}/secrets/no-such"
    with pytest.raises(exceptions.NotFound, match=f"{NUMBER}/secrets/no-such"):
        client.get_secret(name=name)
    with pytest.raises(exceptions.Forbidden, match="or it may not exist"):
        cloud.client(READER).get_secret(name=name)
