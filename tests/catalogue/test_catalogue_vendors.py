"""Vendors, where a key belongs, gateways' pairs, what restarts: what is right, and whole files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from keyplan.catalogue import Catalogue
from keyplan.checks.config import catalogue_from_config
from keyplan.checks.files import load_catalogue
from keyplan.errors import CatalogueError
from tests.catalogue.vendor_texts import ADMIN, ORGANIZATION

Read = Callable[..., Catalogue]


Mistakes = Callable[..., list[str]]


def test_a_key_of_each_vendor_has_its_own_defaults(catalogue_of: Read) -> None:
    keys = catalogue_of(
        f"""
        keys:
          anthropic: {{organization: {ORGANIZATION}, workspace: wrkspc_01JwExample}}
          admin: {{vendor: anthropic-admin, organization: {ORGANIZATION}}}
          gate: {{vendor: gateway, baseUrl: "https://llm.example.com:8443/anthropic", format: "gw-[a-z]+"}}
          router: {{checkUrl: "https://router.example/api/v1/key"}}
          other: {{vendor: generic, envVar: OTHER_KEY, checkUrl: "https://o.example", checkHeader: X-Api-Key}}
        """
    ).keys
    assert {name: key.env_var for name, key in keys.items()} == {
        "admin": "ANTHROPIC_ADMIN_API_KEY",
        "anthropic": "ANTHROPIC_API_KEY",
        "gate": "ANTHROPIC_AUTH_TOKEN",
        "other": "OTHER_KEY",
        "router": "ROUTER_API_KEY",
    }
    assert (keys["anthropic"].organization, keys["anthropic"].workspace) == (
        ORGANIZATION,
        "wrkspc_01JwExample",
    )
    assert keys["admin"].organization == ORGANIZATION
    assert (keys["gate"].base_url, keys["gate"].value_format) == (
        "https://llm.example.com:8443/anthropic",
        "gw-[a-z]+",
    )
    assert (keys["router"].check_url, keys["router"].check_header) == (
        "https://router.example/api/v1/key",
        "Authorization",
    )
    assert keys["other"].check_header == "X-Api-Key"
    assert {name: key.url for name, key in keys.items() if key.url is None} == {
        "admin": None,
        "anthropic": None,
    }


def test_a_gateway_may_be_on_this_machine(catalogue_of: Read) -> None:
    url = "http://127.0.0.1:4000"
    assert catalogue_of(f"keys: {{gate: {{vendor: gateway, baseUrl: '{url}'}}}}").keys["gate"].base_url == url


def test_a_vendor_may_be_asked_through_another_address(catalogue_of: Read) -> None:
    assert catalogue_of().vendor_endpoints == {}
    endpoints = catalogue_of(
        "vendorEndpoints: {anthropic: 'https://egress.example.com:8443'}"
    ).vendor_endpoints
    assert endpoints == {"anthropic": "https://egress.example.com:8443"}


def test_a_consumer_of_a_gateway_gets_its_address_beside_its_own_variables(catalogue_of: Read) -> None:
    catalogue = catalogue_of(
        """
        keys:
          gate: {vendor: gateway, baseUrl: "https://llm.example.com"}
          openai: {vendor: gateway, baseUrl: "https://openai.example.com/v2", envVar: OPENAI_API_KEY}
          spare: {vendor: gateway, baseUrl: "https://spare.example.com", envVar: GATEWAY_TOKEN}
        consumers:
          both: {runtime: ecs, keys: [gate, openai, router], env: {ANTHROPIC_MODEL: m}}
          said: {runtime: ecs, keys: [gate], env: {ANTHROPIC_BASE_URL: "https://llm.example.com"}}
          apart: {runtime: ecs, keys: [anthropic, spare]}
        """
    )
    found = {name: catalogue.plain_variables_of(each) for name, each in catalogue.consumers.items()}
    assert found == {
        "apart": {"GATEWAY_BASE_URL": "https://spare.example.com"},
        "both": {
            "ANTHROPIC_BASE_URL": "https://llm.example.com",
            "ANTHROPIC_MODEL": "m",
            "OPENAI_BASE_URL": "https://openai.example.com/v2",
        },
        "chat": {},
        "said": {"ANTHROPIC_BASE_URL": "https://llm.example.com"},
    }
    assert catalogue.consumers["both"].env == {"ANTHROPIC_MODEL": "m"}


@pytest.mark.parametrize(
    "consumer",
    [
        "{runtime: people, keys: [admin]}",
        "{runtime: github-actions, keys: [admin], repository: e/e, repositoryId: '1', branches: [main]}",
        f"{{runtime: circleci, keys: [admin], organizationId: {ORGANIZATION}, projectId: {ORGANIZATION}}}",
    ],
)
def test_people_and_ci_may_read_an_admin_key(mistakes_of: Mistakes, consumer: str) -> None:
    assert mistakes_of(f"{ADMIN}\nconsumers: {{leads: {consumer}}}") == []


IN_A_FILE = """\
config:
  aws:region: eu-west-1
  keyplan:owner: platform@example.com
  keyplan:vendorEndpoints:
    antropic: https://egress.example.com
  keyplan:keys:
    anthropic:
      vendor: anthropic
      workspce: wrkspc_1
    gate:
      vendor: gatway
    llm:
      vendor: gateway
      baseUrl: https://llm.example.com/v1
    admin: {vendor: anthropic-admin}
  keyplan:consumers:
    chat:
      runtime: ecs
      keys: [anthropic, admin]
      ecsServise: chat
"""


def test_every_mistake_of_a_file_is_told_at_once_with_its_line(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text((project / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.prod.yaml").write_text(IN_A_FILE)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(tmp_path, "prod")
    found = [(each.line, each.path, each.suggestion) for each in caught.value.problems]
    assert found == [
        (5, "vendorEndpoints.antropic", "anthropic"),
        (9, "keys.anthropic.workspce", "workspace"),
        (11, "keys.gate.vendor", "gateway"),
        (14, "keys.llm.baseUrl", "https://llm.example.com"),
        (19, "consumers.chat.keys[1]", None),
        (20, "consumers.chat.ecsServise", "ecsService"),
    ]
    assert {each.file for each in caught.value.problems} == {"Pulumi.prod.yaml"}


def test_what_only_fits_together_or_not_has_its_line_too(project: Path, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text((project / "Pulumi.yaml").read_text())
    right = IN_A_FILE.replace("antropic", "anthropic").replace("workspce", "workspace").replace("/v1", "")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        right.replace("gatway", "generic").replace("      ecsServise: chat\n", "")
    )
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(tmp_path, "prod")
    assert [(each.line, each.path) for each in caught.value.problems] == [
        (10, "keys.gate.envVar"),
        (19, "consumers.chat.keys[1]"),
    ]


def test_pulumi_hands_over_the_same_catalogue_as_the_file_says(project: Path, tmp_path: Path) -> None:
    """Pulumi hands mappings over as JSON text."""
    values = {
        "owner": "a@example.com",
        "keys": json.dumps({"gate": {"vendor": "gateway", "baseUrl": "https://llm.example.com"}}),
        "vendorEndpoints": json.dumps({"anthropic": "https://egress.example.com"}),
    }
    catalogue = catalogue_from_config(values.get, "prod", names=values)
    assert catalogue.vendor_endpoints == {"anthropic": "https://egress.example.com"}
    assert catalogue.keys["gate"].base_url == "https://llm.example.com"
    without = catalogue_from_config({**values, "vendorEndpoints": "{}"}.get, "prod", names=values)
    assert without.vendor_endpoints == {}
