"""Who works on an environment without reading it: operators, who store values, and the auditor.

Leaves out the readers. Neither of the two gets a value: operators may not read, the auditor is denied it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.foretold import with_open_arn
from components.aws.policy.audit import auditor_document
from components.aws.policy.documents import Grant, operator_document, render
from components.aws.policy.packing import Packing, numbered
from components.aws.readers import MAX_SESSION_SECONDS
from keyplan.names import auditor_name, operator_name


@dataclass(frozen=True)
class OperatorPolicyArgs:
    environment: str
    """The environment's name; it makes the policies' names."""
    account: Account
    """Where the secrets are."""
    grants: Packing[Grant]
    """What may be stored, spread over managed policies."""
    roles: tuple[str, ...]
    """Names of existing roles that get the policies."""
    encryption_key_arn: pulumi.Input[str]
    """The environment's encryption key."""
    tags: Mapping[str, str]
    """The tags of the environment's own resources."""


class OperatorPolicy(pulumi.ComponentResource):
    """Managed policies that let their holder store and label values, attached to the operators' roles."""

    policy_arns: pulumi.Output[list[str]]
    """The policies, in their order: `prod-keyplan-operator`, then `-2` while one is not enough."""

    def __init__(
        self, name: str, args: OperatorPolicyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("keyplan:aws:OperatorPolicy", name, None, opts)
        arns: list[pulumi.Output[str]] = []
        for number, grants in enumerate(args.grants.managed, start=1):
            policy = aws.iam.Policy(
                f"{name}-policy-{number}",
                name=numbered(operator_name(args.environment), number),
                description=f"keyplan: stores keys of {args.environment} and never reads them",
                policy=_document(args, grants),
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            arns.append(policy.arn)
            for role in args.roles:
                aws.iam.RolePolicyAttachment(
                    f"{name}-attachment-{number}-{role}",
                    role=role,
                    policy_arn=policy.arn,
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.policy_arns = pulumi.Output.all(*arns)
        self.register_outputs({"policy_arns": self.policy_arns})


def _document(args: OperatorPolicyArgs, grants: Sequence[Grant]) -> pulumi.Output[str]:
    return with_open_arn(
        args.encryption_key_arn, lambda key_arn: render(operator_document(args.account, key_arn, grants))
    )


@dataclass(frozen=True)
class AuditorRoleArgs:
    environment: str
    """The environment's name; it makes the role's name."""
    trust: str
    """Who may take the role, rendered."""
    tags: Mapping[str, str]
    """The tags of the environment's own resources."""


class AuditorRole(pulumi.ComponentResource):
    """The role that `keyplan audit` runs as: metadata and policies of the account, never a value."""

    arn: pulumi.Output[str]
    """The role's ARN."""

    def __init__(self, name: str, args: AuditorRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:aws:AuditorRole", name, None, opts)
        role = aws.iam.Role(
            f"{name}-role",
            name=auditor_name(args.environment),
            description=f"keyplan: audits who can read the keys of {args.environment}, and reads none",
            assume_role_policy=args.trust,
            max_session_duration=MAX_SESSION_SECONDS,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicy(
            f"{name}-policy",
            name="audit",
            role=role.name,
            policy=render(auditor_document()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
