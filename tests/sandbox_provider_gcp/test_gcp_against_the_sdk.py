"""What the types say of themselves is held against the SDK, and so are the settings of the provider."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any, get_args

import pulumi_gcp
import pytest
from pulumi import _types

from sandbox.configuration import Configuration, cloud_settings, google_settings
from sandbox.provider.gcp import HANDLERS
from sandbox.provider.gcp.cloud import ENDPOINT_SUFFIX, ENDPOINTS, TOKEN, endpoint_settings
from sandbox.provider.gcp.invokes import INVOKES

KINDS = sorted(HANDLERS)
GOOGLE = {"gcp:project": "keyplan-sandbox", "gcp:region": "europe-west1"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def sdk_class(kind: str) -> Any:
    """The SDK's class of a type token."""
    _, module, name = kind.split(":")
    return getattr(importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}"), name)


def arguments(kind: str) -> Any:
    """The class of the type's arguments."""
    cls = sdk_class(kind)
    return getattr(importlib.import_module(cls.__module__), f"{cls.__name__}Args")


def pulumi_names(cls: Any) -> set[str]:
    """The properties of a class of the SDK, as they travel."""
    return {name for _, name, _ in _types._py_properties(cls)}


def fields_at(cls: Any, path: list[str]) -> set[str]:
    """The properties of the arguments' class at a path, through lists and unions."""
    found = [cls]
    for name in path:
        found = [inner for one in found for inner in _classes(_types.input_type_types(one).get(name))]
    return {field for one in found for field in pulumi_names(one)}


def _classes(hint: Any) -> list[Any]:
    if hint is None:
        return []
    if _types.is_input_type(hint):
        return [hint]
    return [one for argument in get_args(hint) for one in _classes(argument)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_input_and_output_is_the_sdks(kind: str) -> None:
    handler, inputs = HANDLERS[kind], pulumi_names(arguments(kind))
    assert handler.properties() - inputs == set()
    assert set(handler.fixed) - inputs == set()
    assert set(handler.computed) - pulumi_names(sdk_class(kind)) == set()
    assert {*handler.kept, *handler.local, *handler.defaults, *handler.identity} - inputs == set()


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_sdk_requires_is_required(kind: str) -> None:
    parameters = inspect.signature(arguments(kind).__init__).parameters
    required = {name for name, one in parameters.items() if one.default is inspect.Parameter.empty} - {
        "__self__"
    }
    assert required - {snake(name) for name in HANDLERS[kind].required} == set()


@pytest.mark.parametrize("kind", KINDS)
def test_every_nested_property_is_the_sdks(kind: str) -> None:
    for path, keys in HANDLERS[kind].nested.items():
        known = fields_at(arguments(kind), path.split("."))
        assert set(keys) - known == set(), path


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_sdk_hides_is_known(kind: str) -> None:
    source = inspect.getsource(sdk_class(kind))
    match = re.search(r"additional_secret_outputs=\[([^\]]*)\]", source)
    hidden = set(re.findall(r'"(\w+)"', match.group(1))) if match else set()
    assert set(HANDLERS[kind].masked) == hidden


def test_every_function_is_the_sdks() -> None:
    for token in INVOKES:
        _, module, name = token.split(":")
        assert hasattr(importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}"), snake(name))


def test_every_setting_of_an_endpoint_is_the_providers() -> None:
    known = pulumi_names(pulumi_gcp.provider.ProviderArgs)
    assert {
        *endpoint_settings("http://127.0.0.1:1"),
        "accessToken",
        "addPulumiAttributionLabel",
    } - known == set()
    assert all(setting.endswith(ENDPOINT_SUFFIX) for setting, _ in ENDPOINTS.values())


def test_a_stack_without_google_cloud_hears_nothing_of_it() -> None:
    values = {"aws:region": "eu-west-1", "keyplan:owner": "ada@example.com"}
    config = Configuration(values).with_endpoints("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert [name for name in config if name.startswith("gcp:")] == []
    assert set(cloud_settings(config)) == {"aws"}


def test_a_stack_with_a_project_gets_its_endpoints_and_the_sandboxs_credential() -> None:
    config = Configuration(GOOGLE).with_endpoints("http://127.0.0.1:1", "http://127.0.0.1:2")
    settings = cloud_settings(config)["gcp"]
    assert settings["project"] == "keyplan-sandbox"
    assert settings["accessToken"] == TOKEN
    assert settings["secretManagerCustomEndpoint"] == "http://127.0.0.1:2/v1/"
    assert google_settings(GOOGLE, "") == {}
