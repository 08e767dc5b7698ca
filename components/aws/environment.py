"""One environment on AWS: its encryption key, secrets, readers, operators, auditor, reminders and read alarm.

Composes the components of this package and describes the result in the manifest. Leaves out every decision
(`plans`) and every lookup: `read_surroundings` makes those before the first component is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.access import AuditorRole, AuditorRoleArgs, OperatorPolicy, OperatorPolicyArgs
from components.aws.account import Account, read_account
from components.aws.alarms.notifications import OwnerTopics, OwnerTopicsArgs
from components.aws.alarms.read_alarm import ReadAlarm, ReadAlarmArgs
from components.aws.alarms.reminders import RotationReminders, RotationRemindersArgs, owners
from components.aws.ci.issuers import FoundProvider, identities_of, look_up_providers, plan_issuers
from components.aws.ci.provider import CiIssuer, CiIssuerArgs
from components.aws.encryption import EncryptionKey, EncryptionKeyArgs
from components.aws.pending_deletion import refuse_pending_deletions
from components.aws.plans import EnvironmentPlan, plan_environment
from components.aws.policy.grants import placeholder_key_arn
from components.aws.readers import Reader, ReaderArgs
from components.aws.secrets import KeySecret, KeySecretArgs
from components.aws.tags import secret_tags, tags
from components.manifest_parts import AwsPart, AwsReader
from keyplan.catalogue import Catalogue, Cloud, Consumer, Key
from keyplan.manifest.model import AwsLocation, SecretLocation
from keyplan.names import auditor_name


@dataclass(frozen=True)
class AwsSurroundings:
    """What an environment finds on AWS before it makes anything."""

    account: Account
    providers: Mapping[str, FoundProvider | None]  # by issuer: the account's OIDC provider, or none


def read_surroundings(catalogue: Catalogue) -> AwsSurroundings:
    """Make every read-only lookup that the environment needs; call it before the first component.

    Raises:
        KeyplanError: a lookup failed, or in a preview found names that are pending deletion.
    """
    account = read_account()
    refuse_pending_deletions(catalogue, account)
    return AwsSurroundings(account, look_up_providers(identities_of(catalogue)))


@dataclass(frozen=True)
class AwsEnvironmentArgs:
    catalogue: Catalogue
    """The environment's configuration, checked."""
    surroundings: AwsSurroundings
    """What the account has already."""


class AwsEnvironment(pulumi.ComponentResource):
    """Everything that one environment has on AWS."""

    part: pulumi.Output[AwsPart]
    """What the manifest says of AWS; known once everything exists."""
    expected_part: AwsPart
    """The same with placeholders for what only AWS knows; known at preview, to check what is made of it."""

    def __init__(
        self, name: str, args: AwsEnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        catalogue, account = args.catalogue, args.surroundings.account
        # Both raise on what AWS would refuse halfway, so they come before the first resource.
        plan = plan_environment(catalogue, account)
        issuers = plan_issuers(
            account, catalogue.environment, identities_of(catalogue), args.surroundings.providers
        )
        super().__init__("keyplan:aws:Environment", name, None, opts)
        self._name, self._catalogue, self._account, self._plan = name, catalogue, account, plan
        self._child = pulumi.ResourceOptions(parent=self)
        self._tags = tags(catalogue.environment, catalogue.owner)
        encryption_key = EncryptionKey(
            f"{name}-encryption",
            EncryptionKeyArgs(
                catalogue.environment,
                plan.encryption_policy,
                catalogue.recovery_window_days,
                catalogue.protect,
                self._tags,
            ),
            self._child,
        )
        secret_arns = self._secrets(encryption_key.arn)
        providers = {
            issuer: CiIssuer(f"{name}-{_slug(issuer)}", CiIssuerArgs(issuer_plan, self._tags), self._child)
            for issuer, issuer_plan in issuers.items()
        }
        readers = self._readers(encryption_key.arn, providers)
        operator, auditor = self._access(encryption_key.arn)
        self._alarms(secret_arns)
        self.part = pulumi.Output.all(
            key_arn=encryption_key.arn,
            secret_arns=secret_arns,
            policy_arns={consumer: reader.policy_arns for consumer, reader in readers.items()},
            operator_policy_arns=operator.policy_arns,
            auditor_role_arn=auditor.arn,
        ).apply(lambda arns: describe(catalogue, account, plan, arns))
        self.expected_part = describe(catalogue, account, plan, _expected_arns(catalogue, account, plan))
        self.register_outputs({})

    def _secrets(self, encryption_key_arn: pulumi.Output[str]) -> dict[str, pulumi.Output[str]]:
        catalogue = self._catalogue
        return {
            key.name: KeySecret(
                f"{self._name}-{key.name}",
                KeySecretArgs(
                    key=key,
                    environment=catalogue.environment,
                    encryption_key_arn=encryption_key_arn,
                    policy=self._plan.secret_policies[key.name],
                    recovery_window_days=catalogue.recovery_window_days,
                    protect=catalogue.protect,
                    tags=secret_tags(catalogue.environment, key),
                ),
                self._renamed(key, f"{self._name}-{{}}"),
            ).arn
            for key in catalogue.keys.values()
        }

    def _readers(
        self, encryption_key_arn: pulumi.Output[str], providers: Mapping[str, CiIssuer]
    ) -> dict[str, Reader]:
        readers: dict[str, Reader] = {}
        for consumer_name, plan in self._plan.readers.items():
            name = f"{self._name}-{consumer_name}-reader"
            args = ReaderArgs(plan, self._account, encryption_key_arn, self._tags)
            issuers = [] if plan.identity is None else [providers[plan.identity.issuer]]
            options = self._renamed(plan.consumer, f"{self._name}-{{}}-reader")
            readers[consumer_name] = Reader(name, args, issuers, options)
        return readers

    def _renamed(self, entry: Key | Consumer, component_name: str) -> pulumi.ResourceOptions:
        """The options of an entry's component: Pulumi finds it and all inside it under former names too.

        Args:
            component_name: what the component is called, with `{}` for the entry's name.
        """
        former = [name for name in reversed(entry.former_names) if name != entry.name]
        if not former:
            return self._child
        aliases = [pulumi.Alias(name=component_name.format(name)) for name in former]
        return pulumi.ResourceOptions(parent=self, aliases=aliases)

    def _access(self, encryption_key_arn: pulumi.Output[str]) -> tuple[OperatorPolicy, AuditorRole]:
        environment = self._catalogue.environment
        operator = OperatorPolicy(
            f"{self._name}-operator",
            OperatorPolicyArgs(
                environment,
                self._account,
                self._plan.operator,
                tuple(self._plan.operator_roles),
                encryption_key_arn,
                self._tags,
            ),
            self._child,
        )
        auditor = AuditorRole(
            f"{self._name}-auditor",
            AuditorRoleArgs(environment, self._plan.auditor_trust, self._tags),
            self._child,
        )
        return operator, auditor

    def _alarms(self, secret_arns: Mapping[str, pulumi.Output[str]]) -> None:
        catalogue, account = self._catalogue, self._account
        topics = OwnerTopics(
            f"{self._name}-owners",
            OwnerTopicsArgs(catalogue.environment, account, owners(catalogue), self._tags),
            self._child,
        )
        RotationReminders(
            f"{self._name}-reminders",
            RotationRemindersArgs(catalogue, account, secret_arns, topics.arns),
            self._child,
        )
        # The break-glass role is not listed: that somebody used it is worth an alarm.
        principals: dict[str, Sequence[pulumi.Input[str]]] = {
            key: [
                principal
                for consumer in catalogue.readers_of(key)
                if consumer.cloud is Cloud.AWS
                for principal in self._plan.readers[consumer.name].principals
            ]
            for key in catalogue.keys
        }
        ReadAlarm(
            f"{self._name}-read-alarm",
            ReadAlarmArgs(catalogue, account, secret_arns, principals, topics.arns),
            self._child,
        )


def describe(
    catalogue: Catalogue, account: Account, plan: EnvironmentPlan, arns: Mapping[str, Any]
) -> AwsPart:
    """What the manifest says of AWS, from the catalogue and the ARNs that AWS gave.

    Args:
        arns: `key_arn`, `secret_arns` by key, `policy_arns` by consumer, `operator_policy_arns`,
            `auditor_role_arn`.
    """
    return AwsPart(
        location=AwsLocation(
            account_id=account.account_id,
            partition=account.partition,
            region=account.region,
            kms_key_arn=arns["key_arn"],
            operator_policy_arns=tuple(arns["operator_policy_arns"]),
            auditor_role_arn=arns["auditor_role_arn"],
            endpoints=account.endpoints,
            break_glass_role_arn=catalogue.break_glass_role,
        ),
        secrets={
            key.name: SecretLocation(key.secret_name, arns["secret_arns"][key.name], key.env_var)
            for key in catalogue.keys.values()
        },
        readers={
            name: AwsReader(reader.role_arn, tuple(arns["policy_arns"][name]))
            for name, reader in plan.readers.items()
        },
    )


def _expected_arns(catalogue: Catalogue, account: Account, plan: EnvironmentPlan) -> dict[str, Any]:
    """ARNs as `describe` takes them, of the right shape, before AWS has given any."""
    return {
        "key_arn": placeholder_key_arn(account),
        "secret_arns": {
            key.name: account.arn("secretsmanager", f"secret:{key.secret_name}-AAAAAA")
            for key in catalogue.keys.values()
        },
        "policy_arns": {
            name: [
                account.arn("iam", f"policy/{policy_name}", region="") for policy_name in reader.managed_names
            ]
            for name, reader in plan.readers.items()
        },
        "operator_policy_arns": [],
        "auditor_role_arn": account.arn("iam", f"role/{auditor_name(catalogue.environment)}", region=""),
    }


def _slug(issuer: str) -> str:
    """An issuer's address as part of a resource's name."""
    return re.sub(r"[^a-z0-9]+", "-", issuer.removeprefix("https://").lower()).strip("-")
