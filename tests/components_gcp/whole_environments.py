"""Whole environments on Google Cloud, and beside AWS, as a program declares them."""

from __future__ import annotations

from dataclasses import replace

import pulumi

from components.aws.environment import AwsSurroundings
from components.environment import Environment, EnvironmentArgs
from components.gcp.surroundings import GcpSurroundings
from keyplan.catalogue import Catalogue, Cloud
from tests.components.catalogues import ACCOUNT, ROLE
from tests.components.catalogues import EVERY_RUNTIME as ON_AWS
from tests.components.recording import Recording, record
from tests.components_gcp.catalogues import (
    EVERY_RUNTIME,
    HERE,
    gcp_catalogue,
    gcp_settings,
    key,
)

SECRET = "gcp:secretmanager/secret:Secret"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
BINDING = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
PROJECT_MEMBER = "gcp:projects/iAMMember:IAMMember"
CUSTOM_ROLE = "gcp:projects/iAMCustomRole:IAMCustomRole"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
POOL_KIND = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
ACCOUNT_KIND = "gcp:serviceaccount/account:Account"
AUDIT_CONFIG = "gcp:projects/iAMAuditConfig:IAMAuditConfig"


def build(
    environment: Catalogue, preview: bool = False, surroundings: GcpSurroundings | None = None
) -> Recording:
    def program() -> None:
        aws = AwsSurroundings(ACCOUNT, {}) if Cloud.AWS in environment.clouds else None
        args = EnvironmentArgs(environment, aws, surroundings or GcpSurroundings(HERE))
        built = Environment("prod", args)
        pulumi.export("manifest", built.manifest)
        pulumi.export("wiring", built.wiring)

    return record(program, preview=preview)


FULL = gcp_catalogue(
    [
        key(lockdown=True),
        key("openrouter", vendor="generic", env_var="OPENROUTER_API_KEY", secret_name="shared/openrouter"),
    ],
    EVERY_RUNTIME,
    gcp=gcp_settings(operators=("group:ops@example.com",), auditors=("user:audit@example.com",)),
)
BOTH = replace(
    FULL,
    clouds=(Cloud.AWS, Cloud.GCP),
    consumers={
        **{each.name: each for each in ON_AWS if each.name not in FULL.consumers},
        **FULL.consumers,
    },
    break_glass_role=ROLE + "emergency",
)
