"""The OIDC providers that vouch for CI runners' tokens.

A runner holds no stored credential: it shows a token that its CI signs for the one job. Leaves out which
jobs are trusted (`trusts`), the role that they take (`readers`) and who owns an issuer's provider
(`issuers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.ci.issuers import IssuerPlan, Ownership


@dataclass(frozen=True)
class CiIssuerArgs:
    plan: IssuerPlan
    """The issuer, and whether this environment declares its provider."""
    tags: Mapping[str, str]
    """The tags of the environment's own resources; they tell the next run whose the provider is."""


class CiIssuer(pulumi.ComponentResource):
    """The account's OIDC provider for one issuer, declared here or referred to."""

    arn: pulumi.Output[str]
    """The provider's ARN."""

    def __init__(self, name: str, args: CiIssuerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("keyplan:aws:CiIssuer", name, None, opts)
        plan = args.plan
        if plan.ownership is Ownership.REUSE:
            self.arn = pulumi.Output.from_input(plan.arn)
        else:
            self.arn = aws.iam.OpenIdConnectProvider(
                f"{name}-provider",
                url=plan.issuer,
                client_id_lists=list(plan.client_ids),
                tags=args.tags,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    # Other environments, and other tools, of the account may depend on it: destroying this
                    # environment leaves it in place, and the next life of the stack takes it over again.
                    retain_on_delete=True,
                    import_=plan.arn if plan.ownership is Ownership.ADOPT else None,
                    # What is taken over must equal what is declared, and an owner may have changed meanwhile.
                    ignore_changes=["tags"],
                ),
            ).arn
        self.register_outputs({"arn": self.arn})
