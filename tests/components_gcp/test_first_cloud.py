"""The catalogue's first cloud is in the manifest where it is not the one that everybody would expect."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from components.gcp.environment import describe
from components.gcp.plans import plan_gcp
from components.manifest_parts import AwsPart, GcpPart, compose
from keyplan.catalogue import Cloud
from keyplan.manifest.checking import checked
from keyplan.manifest.model import AwsLocation, SecretLocation
from keyplan.stores.opening import cloud_to_read
from tests.components_gcp.catalogues import HERE, gcp_catalogue

if TYPE_CHECKING:
    from keyplan.manifest.document import ManifestDocument

AWS, GCP = Cloud.AWS, Cloud.GCP
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/anthropic-api-key-AbCdEf"
ON_AWS = AwsPart(
    AwsLocation(
        "123456789012",
        "aws",
        "eu-west-1",
        "arn:aws:kms:eu-west-1:123456789012:key/0a1b",
        (),
        "arn:aws:iam::123456789012:role/prod-keyplan-auditor",
        {},
    ),
    {"anthropic": SecretLocation("prod/anthropic-api-key", ARN, "ANTHROPIC_API_KEY")},
    {},
)


def manifest_of(*clouds: Cloud) -> ManifestDocument:
    """As Pulumi's engine gives it back: it sorts the fields of every object."""
    catalogue = replace(gcp_catalogue(), clouds=clouds)
    on_gcp: GcpPart = describe(catalogue, HERE, plan_gcp(catalogue, HERE))
    manifest = compose(catalogue, ON_AWS if AWS in clouds else None, on_gcp if GCP in clouds else None)
    return checked(json.loads(json.dumps(manifest.to_json(), sort_keys=True)))


@pytest.mark.parametrize("clouds", [(AWS,), (GCP,), (AWS, GCP), (GCP, AWS)], ids=" ".join)
def test_a_key_is_read_in_the_catalogues_first_cloud_where_nothing_says_another(
    clouds: tuple[Cloud, ...],
) -> None:
    document = manifest_of(*clouds)
    assert cloud_to_read(document, None, None) == clouds[0]
    assert cloud_to_read(document, clouds[-1], None) == clouds[-1]


def test_the_manifest_of_an_environment_that_begins_on_aws_has_no_new_field() -> None:
    assert "firstCloud" not in {**manifest_of(AWS), **manifest_of(AWS, GCP), **manifest_of(GCP)}
    assert manifest_of(GCP, AWS)["firstCloud"] == "gcp"
