"""Where an environment is: the account and the project that hold its secrets, and one key's place in each.

Parts of `manifest`, which is where everybody imports them from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keyplan.manifest.document import AwsDocument, GcpDocument, GcpSecretDocument, SecretDocument


@dataclass(frozen=True)
class SecretLocation:
    """Where one key's value is stored on AWS."""

    name: str
    arn: str
    json_key: str  # the field of the stored JSON object that holds the value

    @classmethod
    def from_json(cls, document: SecretDocument) -> SecretLocation:
        """A key's entry `aws` of a checked document."""
        return cls(document["name"], document["arn"], document["jsonKey"])

    def to_json(self) -> dict[str, str]:
        """A key's entry `aws`."""
        return {"name": self.name, "arn": self.arn, "jsonKey": self.json_key}


@dataclass(frozen=True)
class GcpSecretLocation:
    """Where one key's value is stored on Google Cloud: as it is, in no JSON."""

    name: str  # its id: `prod-anthropic-api-key`
    resource: str  # `projects/PROJECT_ID/secrets/prod-anthropic-api-key`

    @classmethod
    def from_json(cls, document: GcpSecretDocument) -> GcpSecretLocation:
        """A key's entry `gcp` of a checked document."""
        return cls(document["name"], document["resource"])

    def to_json(self) -> dict[str, str]:
        """A key's entry `gcp`."""
        return {"name": self.name, "resource": self.resource}


@dataclass(frozen=True)
class AwsLocation:
    """The account that holds the environment's secrets."""

    account_id: str
    partition: str
    region: str
    kms_key_arn: str
    operator_policy_arns: tuple[str, ...]
    auditor_role_arn: str
    endpoints: Mapping[str, str] = field(default_factory=dict)  # service -> URL, where not the public one
    break_glass_role_arn: str | None = None  # who may read in an emergency

    @classmethod
    def from_json(cls, document: AwsDocument) -> AwsLocation:
        """`clouds.aws` of a checked document."""
        return cls(
            account_id=document["accountId"],
            partition=document["partition"],
            region=document["region"],
            kms_key_arn=document["kmsKeyArn"],
            operator_policy_arns=tuple(document["operatorPolicyArns"]),
            auditor_role_arn=document["auditorRoleArn"],
            endpoints=dict(document["endpoints"]),
            break_glass_role_arn=document.get("breakGlassRoleArn"),
        )

    def to_json(self) -> dict[str, Any]:
        """The entry under `clouds.aws`."""
        break_glass = self.break_glass_role_arn
        return {
            "accountId": self.account_id,
            "partition": self.partition,
            "region": self.region,
            "kmsKeyArn": self.kms_key_arn,
            "operatorPolicyArns": list(self.operator_policy_arns),
            "auditorRoleArn": self.auditor_role_arn,
            **({} if break_glass is None else {"breakGlassRoleArn": break_glass}),
            "endpoints": dict(self.endpoints),
        }


@dataclass(frozen=True)
class GcpLocation:
    """The Google Cloud project that holds the environment's secrets."""

    project_id: str
    project_number: str
    region: str  # where the reminder runs
    operator_role: str  # `projects/PROJECT_ID/roles/keyplan_prod_operator`
    auditor_role: str
    endpoints: Mapping[str, str] = field(default_factory=dict)  # service -> URL, where not the public one

    @classmethod
    def from_json(cls, document: GcpDocument) -> GcpLocation:
        """`clouds.gcp` of a checked document."""
        return cls(
            project_id=document["projectId"],
            project_number=document["projectNumber"],
            region=document["region"],
            operator_role=document["operatorRole"],
            auditor_role=document["auditorRole"],
            endpoints=dict(document["endpoints"]),
        )

    def to_json(self) -> dict[str, Any]:
        """The entry under `clouds.gcp`."""
        return {
            "projectId": self.project_id,
            "projectNumber": self.project_number,
            "region": self.region,
            "operatorRole": self.operator_role,
            "auditorRole": self.auditor_role,
            "endpoints": dict(self.endpoints),
        }
