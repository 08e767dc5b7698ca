"""Who works on an environment on Google Cloud without reading it: operators, who store values, and auditors.

Leaves out the readers. Neither role has a permission that gives a value out or changes who may have one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.plans import AUDITOR_PERMISSIONS, OPERATOR_PERMISSIONS
from components.gcp.project import Project
from components.gcp.slugs import slug


@dataclass(frozen=True)
class GcpOperatorsArgs:
    environment: str
    """The environment's name, for the role's title."""
    project: Project
    """Where the role is made."""
    role_id: str
    """`keyplan_prod_operator`."""
    members: tuple[str, ...]
    """Who may store values; none: the role is made and bound to nobody."""
    secret_ids: Mapping[str, pulumi.Input[str]]
    """Lasting name of each key to the id of its secret."""


class GcpOperators(pulumi.ComponentResource):
    """The role that stores and labels values, on each secret of the environment and on no other."""

    role: pulumi.Output[str]
    """`projects/example-prod/roles/keyplan_prod_operator`."""

    def __init__(self, name: str, args: GcpOperatorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:Operators", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = gcp.projects.IAMCustomRole(
            f"{name}-role",
            project=args.project.project_id,
            role_id=args.role_id,
            title=f"keyplan operator of {args.environment}",
            description=f"Stores keys of {args.environment} and never reads them",
            permissions=list(OPERATOR_PERMISSIONS),
            opts=child,
        )
        if args.members:
            for key, secret_id in args.secret_ids.items():
                # The whole list: the role is keyplan's own, and nobody else grants it.
                gcp.secretmanager.SecretIamBinding(
                    f"{name}-{key}",
                    project=args.project.project_id,
                    secret_id=secret_id,
                    role=role.name,
                    members=sorted(args.members),
                    opts=child,
                )
        self.role = role.name
        self.register_outputs({"role": self.role})


@dataclass(frozen=True)
class GcpAuditorsArgs:
    environment: str
    """The environment's name, for the role's title."""
    project: Project
    """Where the role is made and bound."""
    role_id: str
    """`keyplan_prod_auditor`."""
    members: tuple[str, ...]
    """Who may audit; none: the role is made and bound to nobody."""


class GcpAuditors(pulumi.ComponentResource):
    """The role that `keyplan audit` needs: metadata and policies of the project, never a value."""

    role: pulumi.Output[str]
    """`projects/example-prod/roles/keyplan_prod_auditor`."""

    def __init__(self, name: str, args: GcpAuditorsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:Auditors", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = gcp.projects.IAMCustomRole(
            f"{name}-role",
            project=args.project.project_id,
            role_id=args.role_id,
            title=f"keyplan auditor of {args.environment}",
            description=f"Audits who can read the keys of {args.environment}, and reads none",
            permissions=list(AUDITOR_PERMISSIONS),
            opts=child,
        )
        for member in args.members:
            gcp.projects.IAMMember(
                f"{name}-{slug(member)}",
                project=args.project.project_id,
                role=role.name,
                member=member,
                opts=child,
            )
        self.role = role.name
        self.register_outputs({"role": self.role})
