"""The settings of Pulumi's providers that an environment needs: which, where, and what is said about them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from keyplan.checks.config import catalogue_from_config
from keyplan.checks.files import load_catalogue
from keyplan.errors import CatalogueError

Write = Callable[[str], Path]
STACK = """\
config:
  aws:region: eu-west-1
  keyplan:owner: platform@example.com
  keyplan:keys:
    anthropic: {vendor: anthropic}
"""
GCP_STACK = """\
config:
  gcp:project: example-prod
  gcp:region: europe-west1
  keyplan:clouds: [gcp]
  keyplan:owner: platform@example.com
  keyplan:keys:
    anthropic: {vendor: anthropic}
"""
REGION = "an AWS region, as in `eu-west-1`"
GCP_PROJECT = (
    "the id of a Google Cloud project, as in `example-prod`, not its name and not its number; "
    "`gcloud projects list` shows it"
)
GCP_REGION = "a Google Cloud region, as in `europe-west1`"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A project with this stack file for prod."""

    def make(stack: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: keyplan\nruntime: python\n")
        (tmp_path / "Pulumi.prod.yaml").write_text(stack)
        return tmp_path

    return make


def mistakes(project: Path) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(project, "prod")
    return [str(problem) for problem in caught.value.problems]


def test_an_environment_on_google_cloud_needs_no_region_of_aws(write: Write) -> None:
    catalogue = load_catalogue(write(GCP_STACK), "prod")
    assert catalogue.gcp is not None
    assert [str(cloud) for cloud in catalogue.clouds] == ["gcp"]


def test_an_environment_in_both_clouds_needs_what_both_need(write: Write) -> None:
    both = GCP_STACK.replace("[gcp]", "[aws, gcp]")
    assert mistakes(write(both)) == [f"Pulumi.prod.yaml:1: aws:region: found nothing; allowed: {REGION}"]
    assert load_catalogue(write(both + "  aws:region: eu-west-1\n"), "prod").gcp is not None


def test_what_pulumi_hands_over_needs_a_project_and_a_region_too() -> None:
    values = {"owner": "a@example.com", "clouds": '["gcp"]', "keys": '{"a": {"vendor": "anthropic"}}'}
    with pytest.raises(CatalogueError) as caught:
        catalogue_from_config(values.get, "prod", gcp={"gcp:project": None, "gcp:region": "europe-west1-b"})
    assert [str(problem) for problem in caught.value.problems] == [
        f"gcp:project: found nothing; allowed: {GCP_PROJECT}",
        f"gcp:region: found `europe-west1-b`; allowed: {GCP_REGION}; did you mean `europe-west1`?",
    ]
    right = {"gcp:project": "example-prod", "gcp:region": "europe-west1"}
    assert catalogue_from_config(values.get, "prod", gcp=right).gcp is not None
    on_aws = {**values, "clouds": '["aws"]'}
    assert catalogue_from_config(on_aws.get, "prod", gcp=dict.fromkeys(right)).gcp is None


MISTAKES = {
    "google cloud without project and region": (
        GCP_STACK.replace("  gcp:project: example-prod\n  gcp:region: europe-west1\n", ""),
        [
            f"Pulumi.prod.yaml:1: gcp:project: found nothing; allowed: {GCP_PROJECT}",
            f"Pulumi.prod.yaml:1: gcp:region: found nothing; allowed: {GCP_REGION}",
        ],
    ),
    "a project's number and a zone": (
        GCP_STACK.replace("example-prod", "123456789012").replace("europe-west1", "europe-west1-b"),
        [
            f"Pulumi.prod.yaml:2: gcp:project: found `123456789012`; allowed: {GCP_PROJECT}",
            f"Pulumi.prod.yaml:3: gcp:region: found `europe-west1-b`; allowed: {GCP_REGION}; "
            "did you mean `europe-west1`?",
        ],
    ),
    "a wrong project where google cloud is not used": (
        STACK + "  gcp:project: Example Prod\n",
        [f"Pulumi.prod.yaml:6: gcp:project: found `Example Prod`; allowed: {GCP_PROJECT}"],
    ),
    "a mistake in the section of google cloud": (
        GCP_STACK + "  keyplan:gcp:\n    replication:\n    - europe-west1\n    - eu\n",
        [f"Pulumi.prod.yaml:11: gcp.replication[1]: found `eu`; allowed: {GCP_REGION}"],
    ),
}


@pytest.mark.parametrize(("stack", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_has_its_line(write: Write, stack: str, expected: list[str]) -> None:
    assert mistakes(write(stack)) == expected
