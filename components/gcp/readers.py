"""Readers: the identities of services and CI runners on Google Cloud, and their access to single secrets.

Owns a consumer's service account, a runner's provider and the grants; every decision arrives decided, in a
plan. Reads are granted on secrets only: the same role on the project would open every secret of it. Calls of
models can be granted on a project only, by a role that reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.gcp.plans import ACCESSOR_ROLE, GcpReaderPlan
from components.gcp.project import Project
from components.gcp.quotas import DISPLAY_NAME_CHARACTERS
from components.gcp.slugs import slug


@dataclass(frozen=True)
class GcpReaderArgs:
    plan: GcpReaderPlan
    """The consumer, its members, and who vouches for it."""
    project: Project
    """Where the secrets are."""
    secret_ids: Mapping[str, pulumi.Input[str]]
    """Key name to the id of its secret."""
    pool_id: pulumi.Input[str] | None
    """The environment's workload identity pool; None where no consumer of it runs in CI."""
    caller_role: pulumi.Input[str] | None = None
    """The role that calls models; None where no consumer of the environment does."""


class GcpReader(pulumi.ComponentResource):
    """A consumer's identity, one grant for each of its keys and members, and the right to call models.

    One type for every runtime, so that a consumer which moves from Cloud Run to Compute Engine keeps its
    service account: another of the same id could not be made beside it.
    """

    grants: dict[str, list[pulumi.Resource]]
    """What gives the consumer its keys, by key."""

    def __init__(self, name: str, args: GcpReaderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:gcp:Reader", name, None, opts)
        identity = [*_declare_account(name, args, self), *_declare_provider(name, args, self)]
        # A member that does not exist yet is refused.
        options = pulumi.ResourceOptions(parent=self, depends_on=identity)
        self.grants = {
            key.name: [
                gcp.secretmanager.SecretIamMember(
                    f"{name}-{key.lasting_name}{f'-{slug(member)}' if args.plan.is_people else ''}",
                    project=args.project.project_id,
                    secret_id=args.secret_ids[key.name],
                    role=ACCESSOR_ROLE,
                    member=member,
                    opts=options,
                )
                for member in args.plan.members
            ]
            for key in args.plan.keys
        }
        _declare_calls(name, args, options)
        self.register_outputs({})


def _declare_calls(name: str, args: GcpReaderArgs, options: pulumi.ResourceOptions) -> None:
    if args.plan.caller is None or args.caller_role is None:
        return
    for member in args.plan.members:
        gcp.projects.IAMMember(
            f"{name}-caller{f'-{slug(member)}' if args.plan.is_people else ''}",
            project=args.plan.caller.project_id,
            role=args.caller_role,
            member=member,
            opts=options,
        )


def _declare_account(name: str, args: GcpReaderArgs, parent: pulumi.Resource) -> Sequence[pulumi.Resource]:
    if args.plan.account_id is None:
        return ()
    account = gcp.serviceaccount.Account(
        f"{name}-account",
        project=args.project.project_id,
        account_id=args.plan.account_id,
        display_name=f"keyplan: {args.plan.consumer.name}"[:100],
        description=f"{'Reads the keys of' if args.plan.keys else 'Is'} consumer {args.plan.consumer.name}",
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return (account,)


def _declare_provider(name: str, args: GcpReaderArgs, parent: pulumi.Resource) -> Sequence[pulumi.Resource]:
    plan, identity = args.plan, args.plan.identity
    if identity is None or plan.provider_id is None or args.pool_id is None:
        return ()
    provider = gcp.iam.WorkloadIdentityPoolProvider(
        f"{name}-provider",
        project=args.project.project_id,
        workload_identity_pool_id=args.pool_id,
        workload_identity_pool_provider_id=plan.provider_id,
        display_name=plan.consumer.name[:DISPLAY_NAME_CHARACTERS],
        description=f"Accepts the jobs of consumer {plan.consumer.name}",
        attribute_mapping=identity.mapping(plan.consumer),
        attribute_condition=identity.condition,
        oidc=gcp.iam.WorkloadIdentityPoolProviderOidcArgs(
            issuer_uri=identity.issuer, allowed_audiences=list(identity.audiences) or None
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return (provider,)


@dataclass(frozen=True)
class GcpLockdownArgs:
    project: Project
    """Where the secret is."""
    secret_id: pulumi.Input[str]
    """The secret that only its listed readers may read."""
    members: Sequence[str]
    """Every member that may read it."""


class GcpLockdown(pulumi.ComponentResource):
    """The whole list of a secret's readers: whoever else was granted the role on it loses that grant.

    It stands beside the readers' own grants and names the same members. When lockdown ends it is forgotten
    and not deleted: its deletion would take the role from every reader at once.
    """

    def __init__(
        self,
        name: str,
        args: GcpLockdownArgs,
        grants: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`grants` are made first: what they add one by one is then exactly what the list says."""
        super().__init__("keyplan:gcp:Lockdown", name, None, opts)
        gcp.secretmanager.SecretIamBinding(
            f"{name}-readers",
            project=args.project.project_id,
            secret_id=args.secret_id,
            role=ACCESSOR_ROLE,
            members=sorted(args.members),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(grants), retain_on_delete=True),
        )
        self.register_outputs({})
