"""Who may call Claude on Vertex AI: a custom role that does nothing else, where the models are called.

Leaves out who is given it: each reader binds it to its own members.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.plans import CALLER_PERMISSIONS, CallerRole


@dataclass(frozen=True)
class GcpCallersArgs:
    environment: str
    """The environment's name, for the role's title."""
    role: CallerRole
    """The role's id, and its project, which need not be the environment's."""


class GcpCallers(pulumi.ComponentResource):
    """The role of an environment's consumers with the route vertex."""

    role: pulumi.Output[str]
    """`projects/example-prod/roles/keyplan_prod_caller`."""

    def __init__(self, name: str, args: GcpCallersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:Callers", name, None, opts)
        role = gcp.projects.IAMCustomRole(
            f"{name}-role",
            project=args.role.project_id,
            role_id=args.role.role_id,
            title=f"keyplan caller of {args.environment}",
            description=f"Calls models for consumers of {args.environment}",
            permissions=list(CALLER_PERMISSIONS),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.role = role.name
        self.register_outputs({"role": self.role})
