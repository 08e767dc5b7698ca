"""The workload identity pool of an environment: what its CI runners become part of when a token is accepted.

Leaves out which tokens those are (`trusts`) and the providers, one for each runner (`readers`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.project import Project
from components.gcp.quotas import DISPLAY_NAME_CHARACTERS


@dataclass(frozen=True)
class CiPoolArgs:
    environment: str
    """The environment's name, for the description."""
    project: Project
    """Where the pool is made."""
    pool_id: str
    """`keyplan-prod`."""


class CiPool(pulumi.ComponentResource):
    """The pool."""

    pool_id: pulumi.Output[str]
    """Its id, known once it exists."""

    def __init__(self, name: str, args: CiPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:CiPool", name, None, opts)
        pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            project=args.project.project_id,
            workload_identity_pool_id=args.pool_id,
            display_name=f"keyplan {args.environment}"[:DISPLAY_NAME_CHARACTERS],
            description=f"CI runners that read keys of {args.environment}",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.pool_id = pool.workload_identity_pool_id
        self.register_outputs({"pool_id": self.pool_id})
