"""Readers: the roles of services and CI runners, and the policies that people's permission sets refer to.

Owns a consumer's role and the policies that let it read, and use its route. Leaves out the providers that
vouch for CI runners (`ci`) and every decision: names, trusts and the spreading of grants arrive decided, in a
plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.foretold import with_open_arn
from components.aws.plans import ReaderPlan
from components.aws.policy.documents import Grant, reader_document, render
from components.aws.policy.packing import numbered

# The longest that credentials of a reader live; a service gets fresh ones by itself.
MAX_SESSION_SECONDS = 3600


@dataclass(frozen=True)
class ReaderArgs:
    plan: ReaderPlan
    """The consumer, its names, trust and grants."""
    account: Account
    """Where the secrets are."""
    encryption_key_arn: pulumi.Input[str]
    """The environment's encryption key."""
    tags: Mapping[str, str]
    """The tags of the environment's own resources."""


class Reader(pulumi.ComponentResource):
    """A consumer's principal and what it may do: a role, or for people managed policies with stable names.

    One type for every runtime, so that a consumer which moves from one runtime to another keeps its role: a
    new role of the same name could not be made beside the old one.
    """

    role_arn: pulumi.Output[str] | None
    """The role that reads, made here or existing; none for people, who come with a permission set's role."""
    policy_arns: pulumi.Output[list[str]]
    """The managed policies that grant the read, in their order: `prod-research-reader`, then `-2`, `-3` while
    one is not enough; after them `prod-research-route`, if the route needs one. None where the role's inline
    policies hold it all."""

    def __init__(
        self,
        name: str,
        args: ReaderArgs,
        issuers: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`issuers` are declared before the role: a trust in a provider that is missing lets nobody in."""
        super().__init__("keyplan:aws:Reader", name, None, opts)
        policies = _declare_managed_policies(name, args, self)
        route = _declare_managed_route(name, args, self)
        managed = policies if route is None else [*policies, route]
        self.policy_arns = pulumi.Output.all(*[policy.arn for policy in managed])
        self.role_arn = None
        if args.plan.role_arn is not None:
            self.role_arn = _declare_role_with_policies(name, args, self, issuers, policies, route)
        self.register_outputs({"role_arn": self.role_arn, "policy_arns": self.policy_arns})


def _declare_role_with_policies(
    name: str,
    args: ReaderArgs,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
    policies: Sequence[aws.iam.Policy],
    route: aws.iam.Policy | None,
) -> pulumi.Output[str]:
    """Declare the plan's role, or refer to the existing one, and give it its policies. Returns: its ARN.

    Args:
        policies: the managed ones that grant the reads.
        route: the managed one of its route; None where the route has none, or an inline one.
    """
    plan = args.plan
    options = pulumi.ResourceOptions(parent=parent)
    role_name, role_arn = _role(name, args, parent, depends_on)
    if plan.grants.inline:
        aws.iam.RolePolicy(
            f"{name}-policy",
            name="read-keys",
            role=role_name,
            policy=_document(args, plan.grants.inline),
            opts=options,
        )
    if plan.runtime_document:
        aws.iam.RolePolicy(
            f"{name}-runtime-policy", name="run", role=role_name, policy=plan.runtime_document, opts=options
        )
    if plan.route is not None and route is None:
        inline_name, document = plan.route.inline_name, plan.route.document
        aws.iam.RolePolicy(
            f"{name}-route-policy", name=inline_name, role=role_name, policy=document, opts=options
        )
    if route is not None:
        # Apart from the numbered ones: their numbers would move when a key is added.
        _attach(f"{name}-route-attachment", role_name, route.arn, options)
    for number, policy in enumerate(policies, start=1):
        _attach(f"{name}-attachment-{number}", role_name, policy.arn, options)
    for policy_arn in plan.runtime_policies:
        _attach(f"{name}-{policy_arn.rpartition('/')[2]}", role_name, policy_arn, options)
    if plan.instance_profile:
        aws.iam.InstanceProfile(
            f"{name}-instance-profile", name=plan.name, role=role_name, tags=args.tags, opts=options
        )
    return role_arn


def _role(
    name: str, args: ReaderArgs, parent: pulumi.Resource, depends_on: Sequence[pulumi.Resource]
) -> tuple[pulumi.Input[str], pulumi.Output[str]]:
    """The name and the ARN of the plan's role, made here or existing."""
    plan = args.plan
    if plan.trust is None:
        if plan.existing_role_name is None or plan.role_arn is None:
            raise ValueError(f"the plan of {plan.name} names no role")
        return plan.existing_role_name, pulumi.Output.from_input(plan.role_arn)
    does = "reads the keys of" if plan.consumer.keys else "is"
    role = aws.iam.Role(
        f"{name}-role",
        name=plan.name,
        description=f"keyplan: {does} consumer {plan.consumer.name}",
        assume_role_policy=plan.trust,
        max_session_duration=MAX_SESSION_SECONDS,
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )
    return role.name, role.arn


def _declare_managed_policies(name: str, args: ReaderArgs, parent: pulumi.Resource) -> list[aws.iam.Policy]:
    return [
        aws.iam.Policy(
            f"{name}-managed-policy-{number}",
            name=numbered(args.plan.name, number),
            # IAM never changes the description of a managed policy: a new text would need a new policy.
            description=f"keyplan: reads keys of consumer {args.plan.consumer.lasting_name}",
            policy=_document(args, grants),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        for number, grants in enumerate(args.plan.grants.managed, start=1)
    ]


def _declare_managed_route(name: str, args: ReaderArgs, parent: pulumi.Resource) -> aws.iam.Policy | None:
    """The policy of the consumer's route, where it does not go into a role that is made here."""
    route = args.plan.route
    if route is None or route.managed_name is None:
        return None
    return aws.iam.Policy(
        f"{name}-route-managed-policy",
        name=route.managed_name,
        # As above, and the same for every route: a consumer may change it.
        description=f"keyplan: the route of consumer {args.plan.consumer.lasting_name}",
        policy=route.document,
        tags=args.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _document(args: ReaderArgs, grants: Sequence[Grant]) -> pulumi.Output[str]:
    return with_open_arn(
        args.encryption_key_arn, lambda key_arn: render(reader_document(args.account, key_arn, grants))
    )


def _attach(
    name: str, role_name: pulumi.Input[str], policy_arn: pulumi.Input[str], options: pulumi.ResourceOptions
) -> None:
    aws.iam.RolePolicyAttachment(name, role=role_name, policy_arn=policy_arn, opts=options)
