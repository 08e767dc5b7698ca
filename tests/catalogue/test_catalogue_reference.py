"""docs/catalogue.md says what the code does: its tables, its examples and its limits."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from keyplan import names
from keyplan.catalogue import AWS_RUNTIMES, GCP_RUNTIMES, Catalogue, Cloud, ReminderMode, Runtime, clouds_of
from keyplan.checks.consumers import RUNTIMES, common_fields
from keyplan.checks.environment_fields import CLAUDE_CODE_FIELDS, FIELDS
from keyplan.checks.fields import Field, Node
from keyplan.checks.files import load_catalogue
from keyplan.checks.gcp import GCP_FIELDS
from keyplan.checks.keys import FIELDS as KEY_FIELDS
from keyplan.checks.problems import Problems
from keyplan.checks.providers import SETTINGS
from keyplan.checks.reference import tables, with_tables
from keyplan.checks.vendors import DEFAULT_VARIABLES, Vendor
from keyplan.vendors import VENDORS

ALL_FIELDS: dict[str, Field] = {
    **{f"environment {field.name}": field for field in FIELDS},
    **{f"key {field.name}": field for field in KEY_FIELDS},
    **{f"consumer {field.name}": field for field in common_fields(["anthropic"])},
    **{f"gcp {field.name}": field for field in GCP_FIELDS},
    **{f"claude code {field.name}": field for field in CLAUDE_CODE_FIELDS},
    **{f"{runtime} {field.name}": field for runtime, kind in RUNTIMES.items() for field in kind.fields},
}


def test_the_tables_of_the_reference_are_those_of_the_code(project: Path) -> None:
    page = (project / "docs" / "catalogue.md").read_text(encoding="utf-8")
    assert page == with_tables(page), "run: python -m keyplan.checks.reference docs/catalogue.md"
    assert [name for name in tables() if f"<!-- table: {name} -->" not in page] == []


def test_every_runtime_has_its_fields() -> None:
    assert set(RUNTIMES) == set(Runtime)


def test_the_vendors_are_those_whose_values_can_be_stored() -> None:
    assert {str(vendor) for vendor in Vendor} == set(VENDORS)
    assert {name: vendor.DEFAULT_ENV_VAR for name, vendor in VENDORS.items()} == {
        vendor: DEFAULT_VARIABLES.get(vendor) for vendor in Vendor
    }


@pytest.mark.parametrize("field", ALL_FIELDS.values(), ids=ALL_FIELDS)
def test_the_example_and_the_default_of_every_field_can_be_read(field: Field) -> None:
    problems = Problems()
    field.read(Node(yaml.safe_load(field.example), (field.name,), problems))
    if field.default is not None:
        field.read(Node(field.default, (field.name,), problems))
    assert problems.all() == ()


def test_the_examples_of_the_reference_are_right(project: Path, tmp_path: Path) -> None:
    page = (project / "docs" / "catalogue.md").read_text(encoding="utf-8")
    (tmp_path / "Pulumi.yaml").write_text((project / "Pulumi.yaml").read_text())
    examples = [part.split("```")[0] for part in page.split("```yaml\n")[1:]]
    clouds = []
    for example in examples:
        (tmp_path / "Pulumi.prod.yaml").write_text(example)
        catalogue = load_catalogue(tmp_path, "prod")
        assert catalogue.keys["anthropic"].owner == "ml@example.com"
        clouds.append(catalogue.clouds)
    assert clouds == [(Cloud.AWS,), (Cloud.AWS, Cloud.GCP)]


def test_the_page_names_the_cloud_of_every_runtime(project: Path) -> None:
    page = " ".join((project / "docs" / "catalogue.md").read_text(encoding="utf-8").split())
    words = page.split("A service's runtime says from which:")[1].split("People and CI runners")[0]
    on_aws, on_gcp = (set(re.findall(r"`([a-z0-9-]+)`", part)) for part in words.split("are on AWS;"))
    assert (on_aws, on_gcp) == (AWS_RUNTIMES, GCP_RUNTIMES)


def test_the_page_names_every_setting_of_pulumis_providers(project: Path) -> None:
    page = (project / "docs" / "catalogue.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+:[a-z]+)` \| `([a-z]+)` \|", page, re.MULTILINE))
    assert rows == {name: cloud for name, (cloud, _) in SETTINGS.items()}


def test_the_limits_that_the_reference_names_are_those_of_the_code(project: Path) -> None:
    page = " ".join((project / "docs" / "catalogue.md").read_text(encoding="utf-8").split())
    assert f"an environment's has at most {names.ENVIRONMENT_NAME_MAX} characters" in page
    assert f"the others at most {names.NAME_MAX}." in page
    assert f"the {names.ROLE_NAME_MAX} characters of a role's name" in page


def test_the_longest_names_fit_into_what_is_made_of_them() -> None:
    environment, name = "e" * names.ENVIRONMENT_NAME_MAX, "n" * names.NAME_MAX
    assert len(names.reader_name(environment, name) + "-10") <= names.POLICY_NAME_MAX
    assert len(names.auditor_name(environment)) <= names.ROLE_NAME_MAX
    assert len(names.operator_name(environment) + "-10") <= names.POLICY_NAME_MAX
    assert len(names.secret_name(environment, name)) <= names.SECRET_NAME_MAX


def test_the_example_environments_show_every_runtime_of_aws_but_the_bare_role(
    project: Path, catalogue_of: Callable[..., Catalogue]
) -> None:
    shown: set[Any] = set()
    for file in ("Pulumi.prod.yaml", "Pulumi.dev.yaml"):
        config = yaml.safe_load((project / file).read_text())["config"]
        shown |= {consumer["runtime"] for consumer in config["keyplan:consumers"].values()}
    assert shown == {str(runtime) for runtime in Runtime if Cloud.AWS in clouds_of(runtime)} - {"iam-role"}
    assert catalogue_of().clouds == (Cloud.AWS,)
    assert catalogue_of().reminders in ReminderMode
