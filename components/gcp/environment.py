"""One environment on Google Cloud: its secrets, readers, operators, auditors, reminders and read alarm.

Composes the components of this package and describes the result for the manifest. Leaves out every decision
(`plans`) and every lookup (`surroundings`), which come before the first component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.gcp.access import GcpAuditors, GcpAuditorsArgs, GcpOperators, GcpOperatorsArgs
from components.gcp.alarms.channels import OwnerChannels, OwnerChannelsArgs
from components.gcp.alarms.read_alarm import GcpReadAlarm, GcpReadAlarmArgs
from components.gcp.alarms.reminder_plan import owners
from components.gcp.alarms.reminders import GcpReminders, GcpRemindersArgs
from components.gcp.callers import GcpCallers, GcpCallersArgs
from components.gcp.ci.pool import CiPool, CiPoolArgs
from components.gcp.plans import GcpPlan, plan_gcp
from components.gcp.project import Project
from components.gcp.readers import GcpLockdown, GcpLockdownArgs, GcpReader, GcpReaderArgs
from components.gcp.replacement import refuse_replacements
from components.gcp.secrets import GcpKeySecret, GcpKeySecretArgs
from components.gcp.surroundings import GcpSurroundings
from components.manifest_parts import GcpPart, GcpReaderIdentity
from keyplan.catalogue import Catalogue, Consumer, Key
from keyplan.manifest.model import GcpLocation, GcpSecretLocation


@dataclass(frozen=True)
class GcpEnvironmentArgs:
    catalogue: Catalogue
    """The environment's configuration, checked."""
    surroundings: GcpSurroundings
    """What the project has already."""


class GcpEnvironment(pulumi.ComponentResource):
    """Everything that one environment has on Google Cloud."""

    part: pulumi.Output[GcpPart]
    """What the manifest says of Google Cloud; known once everything exists."""
    expected_part: GcpPart
    """The same before anything exists: Google gives no name that is not known already."""

    def __init__(
        self, name: str, args: GcpEnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        catalogue, project = args.catalogue, args.surroundings.project
        # Both raise on what Google would refuse halfway, or do without asking back.
        plan = plan_gcp(catalogue, project)
        refuse_replacements(
            catalogue, plan.settings, args.surroundings.secrets, args.surroundings.may_be_replaced
        )
        super().__init__("keyplan:gcp:Environment", name, None, opts)
        self._name, self._catalogue, self._project, self._plan = name, catalogue, project, plan
        self._child = pulumi.ResourceOptions(parent=self)
        secrets = self._secrets()
        secret_ids = {key: secret.secret_id for key, secret in secrets.items()}
        grants = self._readers(secret_ids)
        self._lockdown(secret_ids, grants)
        operators, auditors = self._access(secret_ids)
        self._alarms(secret_ids)
        self.expected_part = describe(catalogue, project, plan)
        self.part = pulumi.Output.all(
            operators.role, auditors.role, *(secret.resource for secret in secrets.values())
        ).apply(lambda _: describe(catalogue, project, plan))
        self.register_outputs({})

    def _secrets(self) -> dict[str, GcpKeySecret]:
        catalogue = self._catalogue
        return {
            key.name: GcpKeySecret(
                f"{self._name}-{key.name}",
                GcpKeySecretArgs(
                    key=key,
                    environment=catalogue.environment,
                    project=self._project,
                    settings=self._plan.settings,
                    recovery_window_days=catalogue.recovery_window_days,
                    protect=catalogue.protect,
                ),
                self._renamed(key, f"{self._name}-{{}}"),
            )
            for key in catalogue.keys.values()
        }

    def _readers(self, secret_ids: Mapping[str, pulumi.Output[str]]) -> dict[str, list[pulumi.Resource]]:
        """Declare the readers. Returns: what grants each key, by key."""
        pool_id = None
        if self._plan.pool_id is not None:
            pool = CiPool(
                f"{self._name}-runners",
                CiPoolArgs(self._catalogue.environment, self._project, self._plan.pool_id),
                self._child,
            )
            pool_id = pool.pool_id
        caller_role = None
        if self._plan.caller is not None:
            callers = GcpCallersArgs(self._catalogue.environment, self._plan.caller)
            caller_role = GcpCallers(f"{self._name}-callers", callers, self._child).role
        grants: dict[str, list[pulumi.Resource]] = {key: [] for key in self._catalogue.keys}
        for name, plan in self._plan.readers.items():
            options = self._renamed(plan.consumer, f"{self._name}-{{}}-reader")
            args = GcpReaderArgs(plan, self._project, secret_ids, pool_id, caller_role)
            reader = GcpReader(f"{self._name}-{name}-reader", args, options)
            for key, made in reader.grants.items():
                grants[key] += made
        return grants

    def _lockdown(
        self,
        secret_ids: Mapping[str, pulumi.Output[str]],
        grants: Mapping[str, list[pulumi.Resource]],
    ) -> None:
        for key in self._catalogue.keys.values():
            # Nobody to list: the role is then granted to nobody here, and an empty list is no binding.
            if key.lockdown and self._plan.accessors[key.name]:
                GcpLockdown(
                    f"{self._name}-{key.name}-lockdown",
                    GcpLockdownArgs(self._project, secret_ids[key.name], self._plan.accessors[key.name]),
                    grants[key.name],
                    self._renamed(key, f"{self._name}-{{}}-lockdown"),
                )

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

    def _access(self, secret_ids: Mapping[str, pulumi.Output[str]]) -> tuple[GcpOperators, GcpAuditors]:
        catalogue, plan = self._catalogue, self._plan
        operators = GcpOperators(
            f"{self._name}-operators",
            GcpOperatorsArgs(
                environment=catalogue.environment,
                project=self._project,
                role_id=plan.operator_role_id,
                members=plan.settings.operators,
                secret_ids={key.lasting_name: secret_ids[key.name] for key in catalogue.keys.values()},
            ),
            self._child,
        )
        auditors = GcpAuditors(
            f"{self._name}-auditors",
            GcpAuditorsArgs(
                environment=catalogue.environment,
                project=self._project,
                role_id=plan.auditor_role_id,
                members=plan.settings.auditors,
            ),
            self._child,
        )
        return operators, auditors

    def _alarms(self, secret_ids: Mapping[str, pulumi.Output[str]]) -> None:
        catalogue = self._catalogue
        channels = OwnerChannels(
            f"{self._name}-owners",
            OwnerChannelsArgs(catalogue.environment, self._project, owners(catalogue)),
            self._child,
        )
        GcpReminders(
            f"{self._name}-reminders",
            GcpRemindersArgs(catalogue, self._project, secret_ids, channels.names),
            self._child,
        )
        GcpReadAlarm(
            f"{self._name}-read-alarm",
            GcpReadAlarmArgs(catalogue, self._project, self._plan, channels.names),
            self._child,
        )


def describe(catalogue: Catalogue, project: Project, plan: GcpPlan) -> GcpPart:
    """What the manifest says of Google Cloud."""
    return GcpPart(
        location=GcpLocation(
            project_id=project.project_id,
            project_number=project.number,
            region=project.region,
            operator_role=project.role(plan.operator_role_id),
            auditor_role=project.role(plan.auditor_role_id),
            endpoints=project.endpoints,
        ),
        secrets={
            key.name: GcpSecretLocation(key.gcp_secret_id, project.secret(key.gcp_secret_id))
            for key in catalogue.keys.values()
        },
        readers={
            name: GcpReaderIdentity(reader.member, reader.provider) for name, reader in plan.readers.items()
        },
    )
