"""Values on their way: the wire format, ignored paths, archives, comparisons."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from sandbox.property_paths import parse, without_ignored
from sandbox.provider import UNKNOWN, Provider, ProviderError, cloud
from sandbox.provider.archives import content, hashed
from sandbox.provider.cloud import WAKING_CALLS, Cloud
from sandbox.provider.values import ARCHIVE_SIGNATURE, ASSET_SIGNATURE, SIGNATURE_KEY
from sandbox.wire import SECRET_SIGNATURE, UNKNOWN_TEXT, decode, decode_outputs, encode

# Whole numbers up to this size survive the wire's doubles.
EXACT = 2**53
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | st.text()
)
KEYS = st.text(min_size=1).filter(lambda key: key != SIGNATURE_KEY)
VALUES = st.recursive(
    SCALARS | st.just(UNKNOWN), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20
)


@given(st.dictionaries(KEYS, VALUES))
def test_values_survive_the_wire(values: dict[str, Any]) -> None:
    message = struct_pb2.Struct.FromString(encode(values).SerializeToString())

    assert decode(message) == (values, frozenset())


def test_secrets_are_found_wherever_they_are_and_masked_in_outputs() -> None:
    secret = {SIGNATURE_KEY: SECRET_SIGNATURE, "value": {"days": 1}}
    message = encode({"plain": 1, "top": secret, "deep": [{"inner": secret}], "later": UNKNOWN})

    values, names = decode(message)

    assert values == {"plain": 1, "top": {"days": 1}, "deep": [{"inner": {"days": 1}}], "later": UNKNOWN}
    assert names == {"top", "deep"}
    assert decode_outputs(message) == {
        "plain": 1,
        "top": "[secret]",
        "deep": [{"inner": "[secret]"}],
        "later": "[known after the update]",
    }
    assert encode({"later": UNKNOWN})["later"] == UNKNOWN_TEXT


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("tags", ["tags"]),
        ("tags.owner", ["tags", "owner"]),
        ('tags["a.b"]', ["tags", "a.b"]),
        (r'tags["a\"b"].c', ["tags", 'a"b', "c"]),
        ("rules[0].id", ["rules", 0, "id"]),
    ],
)
def test_a_property_path_is_read(path: str, steps: list[str | int]) -> None:
    assert parse(path) == steps


@pytest.mark.parametrize("path", ["", "[", 'a["b', "a.*", "a[b]"])
def test_a_malformed_property_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse(path)


@pytest.mark.parametrize(
    ("ignored", "expected"),
    [
        (["name"], {"name": "old", "tags": {"a": 2, "c": 2}, "list": [{"x": 2}]}),
        (["tags.a"], {"name": "new", "tags": {"a": 1, "c": 2}, "list": [{"x": 2}]}),
        (["tags.b"], {"name": "new", "tags": {"a": 2, "b": 1, "c": 2}, "list": [{"x": 2}]}),
        (["tags.c"], {"name": "new", "tags": {"a": 2}, "list": [{"x": 2}]}),
        (["list[0].x"], {"name": "new", "tags": {"a": 2, "c": 2}, "list": [{"x": 1}]}),
        (["absent", "tags.z.y"], {"name": "new", "tags": {"a": 2, "c": 2}, "list": [{"x": 2}]}),
        (["*"], {"name": "old", "tags": {"a": 1, "b": 1}, "list": [{"x": 1}]}),
    ],
)
def test_an_ignored_path_keeps_its_old_value(ignored: list[str], expected: dict[str, Any]) -> None:
    old = {"name": "old", "tags": {"a": 1, "b": 1}, "list": [{"x": 1}]}
    new = {"name": "new", "tags": {"a": 2, "c": 2}, "list": [{"x": 2}]}

    assert without_ignored(new, old, ignored) == expected
    assert new == {"name": "new", "tags": {"a": 2, "c": 2}, "list": [{"x": 2}]}


def archive(**content_of: Any) -> dict[str, Any]:
    return {SIGNATURE_KEY: ARCHIVE_SIGNATURE, **content_of}


def asset(**content_of: Any) -> dict[str, Any]:
    return {SIGNATURE_KEY: ASSET_SIGNATURE, **content_of}


def test_an_archive_has_its_files_and_equal_ones_have_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "m.py").write_text("code")
    (tmp_path / "folder" / "__pycache__").mkdir()
    (tmp_path / "folder" / "__pycache__" / "m.pyc").write_text("compiled")
    parts = {"lib": archive(path="folder"), "text": asset(text="t"), "file": asset(path="folder/m.py")}

    one = hashed(archive(assets=parts), tmp_path)
    two = hashed(archive(assets=dict(reversed(parts.items()))), tmp_path)

    with zipfile.ZipFile(BytesIO(content(one))) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == {
            "lib/m.py": b"code",
            "text": b"t",
            "file": b"code",
        }
    assert content(one) == content(two)
    assert one["hash"] == two["hash"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (archive(path="gone"), "the archive `gone` is neither a folder nor a file"),
        (archive(assets={"a": asset(path="gone.py")}), "the file `gone.py` of an asset cannot be read"),
        (archive(assets={"a": asset(uri="https://example.com")}), "does not know remote assets"),
        (archive(uri="https://example.com"), "does not know remote archives"),
    ],
)
def test_contents_that_cannot_be_had_are_named(tmp_path: Path, value: Any, expected: str) -> None:
    with pytest.raises(ProviderError, match=expected):
        hashed({"code": value}, tmp_path)


def test_no_profile_of_the_users_and_no_proxy_reaches_the_clients(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = us-west-2\nendpoint_url = https://example.com\n")
    for name, value in {
        "AWS_PROFILE": "somebody-elses",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "9",
    }.items():
        monkeypatch.setenv(name, value)

    cloud._session.cache_clear()
    client = Cloud({"region": "eu-west-1", "endpoints": [{"iam": "http://127.0.0.1:1"}]}).client("iam")
    cloud._session.cache_clear()

    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client._request_signer._credentials.access_key == "sandbox"
    assert client.meta.config.proxies == {}
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_waking_the_cloud_asks_every_service_and_hides_what_fails(provider: Provider) -> None:
    asked: list[str] = []
    hook = "before-call"
    for service in WAKING_CALLS:
        provider.cloud.client(service).meta.events.register(
            hook, lambda model, **more: asked.append(model.name)
        )

    provider.cloud.wake()

    assert len(asked) == len(WAKING_CALLS)
    Cloud({"region": "eu-west-1", "endpoints": [{"iam": "http://127.0.0.1:1"}]}).wake()


def test_what_is_wrong_with_the_settings_is_named() -> None:
    provider = Provider()
    with pytest.raises(ProviderError, match="the provider has no region"):
        provider.configure({})
    with pytest.raises(ProviderError, match="does not know the provider setting `assumeRole`"):
        provider.configure({"region": "eu-west-1", "assumeRole": "x"})
    with pytest.raises(ProviderError, match="the provider is not configured"):
        provider.read("aws:sns/topic:Topic", "x")


def test_an_aws_error_is_told_by_its_code_and_without_its_text(provider: Provider) -> None:
    inputs = provider.check("aws:iam/policy:Policy", "p", {"policy": "not a document", "name": "p"}).inputs

    with pytest.raises(ProviderError) as caught:
        provider.create("aws:iam/policy:Policy", inputs)

    assert caught.value.message == "AWS answered MalformedPolicyDocument to CreatePolicy"


def test_several_mistakes_are_reported_at_once(provider: Provider) -> None:
    checked = provider.check("aws:iam/role:Role", "r", {"nmae": "x", "inlinePolicies": []})

    assert checked.failures == [
        "the sandbox does not know the property `inlinePolicies` of aws:iam/role:Role",
        "the sandbox does not know the property `nmae` of aws:iam/role:Role",
        "the property `assumeRolePolicy` of aws:iam/role:Role is required",
    ]


def test_a_managed_policy_makes_room_for_its_sixth_version(provider: Provider, aws: Any) -> None:
    kind = "aws:iam/policy:Policy"

    def inputs(action: str) -> dict[str, Any]:
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return provider.check(kind, "p", {"name": "p", "policy": text}).inputs

    state = provider.create(kind, inputs("a:A0"))
    for number in range(1, 8):
        new = inputs(f"a:A{number}")
        state = provider.update(kind, state.id, state, new, provider.diff(kind, state.inputs, new).changed)

    versions = aws("iam").list_policy_versions(PolicyArn=state.id)["Versions"]
    assert len(versions) == 5
    assert [version["VersionId"] for version in versions if version["IsDefaultVersion"]] == ["v8"]
    provider.delete(kind, state.id, state.inputs)
    assert provider.read(kind, state.id) is None
