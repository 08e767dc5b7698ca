"""What an environment's principals get, decided and measured before the first resource is declared. Pure.

A plan that does not fit into AWS's quotas, or refers to another account's role, is an error here: at
preview, with nothing created.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from components.aws.account import Account
from components.aws.ci.trusts import CiIdentity, ci_identity
from components.aws.policy.documents import (
    Document,
    Grant,
    account_only_document,
    encryption_key_document,
    lockdown_document,
    operator_document,
    reader_document,
    render,
)
from components.aws.policy.grants import Room, pack_grants
from components.aws.policy.packing import Packing, numbered
from components.aws.policy.principals import existing_role_arn, own_role_arn, reader_principals, role_name_of
from components.aws.policy.quotas import (
    KEY_POLICY_BYTES,
    MANAGED_POLICIES_PER_ROLE,
    SECRET_POLICY_CHARACTERS,
    TRUST_POLICY_CHARACTERS,
    require_room,
)
from components.aws.policy.trusts import (
    auditor_trust,
)
from components.aws.route_plans import RoutePolicy, plan_route, room_beside
from components.aws.runtimes import runtime_document_of, runtime_policies_of, trust_of
from keyplan.catalogue import (
    CI_RUNTIMES,
    Catalogue,
    Cloud,
    Consumer,
    Key,
    Runtime,
    in_lasting_order,
)
from keyplan.errors import UsageError
from keyplan.names import reader_name


@dataclass(frozen=True)
class ReaderPlan:
    """One consumer's principal and its policies."""

    consumer: Consumer
    name: str  # of the role where keyplan makes it, and of the first managed policy
    trust: str | None  # the trust policy of the role to make; None: the role exists, or these are people
    role_arn: str | None  # the role, made or existing; None for people
    existing_role_name: str | None  # where the catalogue names a role
    runtime_policies: tuple[str, ...]  # ARNs of AWS's own policies that the runtime needs beside the reads
    runtime_document: str | None  # likewise, where AWS has no such policy of its own
    instance_profile: bool  # EC2 takes a role only inside one
    identity: CiIdentity | None  # who signs a CI runner's tokens
    grants: Packing[Grant]
    route: RoutePolicy | None  # what its route needs beside the reads
    principals: tuple[str, ...]  # role ARNs or patterns that its reads come from

    @property
    def managed_names(self) -> tuple[str, ...]:
        """The names of the managed policies that keyplan makes for it, that of its route last."""
        reads = tuple(numbered(self.name, number) for number in range(1, len(self.grants.managed) + 1))
        route = None if self.route is None else self.route.managed_name
        return reads if route is None else (*reads, route)


@dataclass(frozen=True)
class EnvironmentPlan:
    """Everything about an environment that is known before AWS is asked to make anything."""

    readers: Mapping[str, ReaderPlan]  # by consumer, of those that AWS has to know
    operator: Packing[Grant]
    operator_roles: Mapping[str, str]  # role name -> ARN
    auditor_trust: str
    encryption_policy: str
    secret_policies: Mapping[str, str]  # by key
    replica_regions: tuple[str, ...]


def plan_environment(catalogue: Catalogue, account: Account) -> EnvironmentPlan:
    """Decide every name, trust, policy and packing of an environment.

    Raises:
        QuotaExceeded: something does not fit into AWS's quotas.
        UsageError: a role of another account, or a reader that lockdown could not let through.
    """
    _check_adopted(catalogue, account)
    readers: dict[str, ReaderPlan] = {}
    slots_used: dict[str, int] = {}  # two consumers may share one existing role, and so its quota
    for consumer in in_lasting_order(catalogue.consumers_in(Cloud.AWS)):
        if not consumer.needs_principal:
            continue
        plan = _reader_plan(catalogue, account, consumer, slots_used)
        if plan.existing_role_name is not None:
            used = slots_used.get(plan.existing_role_name, 0)
            slots_used[plan.existing_role_name] = used + len(plan.managed_names)
        readers[consumer.name] = plan
    operator_roles = {role_name_of(account, arn, "an operator"): arn for arn in catalogue.operators}
    replica_regions = tuple(sorted({region for key in catalogue.keys.values() for region in key.replicas}))
    return EnvironmentPlan(
        readers=readers,
        operator=_operator_grants(catalogue, account),
        operator_roles=operator_roles,
        auditor_trust=_trust_text(
            auditor_trust(account, catalogue.auditors), f"the auditor role of {catalogue.environment}"
        ),
        encryption_policy=require_room(
            render(encryption_key_document(account, (account.region, *replica_regions))),
            KEY_POLICY_BYTES,
            "Key policy document size",
            f"the encryption key's policy of {catalogue.environment}",
            "give the keys replicas in fewer regions",
        ),
        secret_policies={
            key.name: _secret_policy(catalogue, account, key, readers) for key in catalogue.keys.values()
        },
        replica_regions=replica_regions,
    )


def _check_adopted(catalogue: Catalogue, account: Account) -> None:
    """The catalogue's own checks know the region and the name; the account is known here only."""
    here = account.arn("secretsmanager", "secret:")
    for key in catalogue.keys.values():
        if key.adopt is not None and not key.adopt.startswith(here):
            raise UsageError(
                f"key `{key.name}` of {catalogue.environment} adopts `{key.adopt}`, and this environment is "
                f"built in account {account.account_id} ({account.partition}, {account.region})",
                f"name a secret whose ARN starts with `{here}`, or select the stack and credentials of "
                "that account",
            )


def _reader_plan(
    catalogue: Catalogue, account: Account, consumer: Consumer, slots_used: Mapping[str, int]
) -> ReaderPlan:
    subject = f"consumer `{consumer.name}` of {catalogue.environment}"
    existing = existing_role_arn(consumer)
    existing_name = (
        None if existing is None else role_name_of(account, existing, f"consumer `{consumer.name}`")
    )
    people = consumer.runtime is Runtime.PEOPLE
    own = existing is None and not people
    identity = ci_identity(consumer) if consumer.runtime in CI_RUNTIMES else None
    runtime_policies = runtime_policies_of(account, consumer) if own else ()
    runtime_document = runtime_document_of(account, consumer) if own else None
    route = plan_route(account, catalogue.environment, consumer, catalogue.keys, own_role=own)
    return ReaderPlan(
        consumer=consumer,
        name=reader_name(catalogue.environment, consumer.lasting_name),
        trust=_trust_text(trust_of(account, consumer, identity), subject) if own else None,
        role_arn=None if people else existing or own_role_arn(account, catalogue.environment, consumer),
        existing_role_name=existing_name,
        runtime_policies=runtime_policies,
        runtime_document=runtime_document,
        instance_profile=own and consumer.runtime is Runtime.EC2,
        identity=identity,
        grants=pack_grants(
            account,
            in_lasting_order(catalogue.keys[name] for name in consumer.keys),
            reader_document,
            room_beside(
                route,
                subject,
                own_role=own,
                inline_used=len(runtime_document or ""),
                managed_used=len(runtime_policies) + slots_used.get(existing_name or "", 0),
            ),
            subject,
            every_key=len(consumer.keys) == len(catalogue.keys),
        ),
        route=route,
        principals=reader_principals(account, catalogue.environment, consumer),
    )


def _operator_grants(catalogue: Catalogue, account: Account) -> Packing[Grant]:
    return pack_grants(
        account,
        in_lasting_order(catalogue.keys.values()),
        operator_document,
        Room(0, MANAGED_POLICIES_PER_ROLE),
        f"the operator policy of {catalogue.environment}",
        every_key=True,
        replicas=False,  # values are stored in the environment's region; Secrets Manager copies them
    )


def _trust_text(document: Document, subject: str) -> str:
    return require_room(
        render(document),
        TRUST_POLICY_CHARACTERS,
        "Role trust policy length",
        f"the trust policy of {subject}",
        "name fewer branches, tags or principals, or one pattern with `*` that covers them",
    )


def _secret_policy(
    catalogue: Catalogue, account: Account, key: Key, readers: Mapping[str, ReaderPlan]
) -> str:
    if not key.lockdown:
        return render(account_only_document(account))
    principals: list[str] = list(catalogue.operators)
    if catalogue.break_glass_role is None:
        raise UsageError(
            f"key `{key.name}` of {catalogue.environment} has lockdown and there is no break-glass role",
            "set `keyplan:breakGlassRole` to the ARN of the role that may read in an emergency",
        )
    role_name_of(account, catalogue.break_glass_role, "`breakGlassRole`")
    principals.append(catalogue.break_glass_role)
    for consumer in catalogue.readers_of(key.name):
        if consumer.cloud is not Cloud.AWS:
            continue
        if not readers[consumer.name].principals:
            raise UsageError(
                f"key `{key.name}` of {catalogue.environment} has lockdown, and consumer `{consumer.name}` "
                "names no permission set that could be let through",
                f"add `permissionSet: NAME` to consumer `{consumer.name}`",
            )
        principals.extend(readers[consumer.name].principals)
    return require_room(
        render(lockdown_document(principals)),
        SECRET_POLICY_CHARACTERS,
        "Resource-based policy length",
        f"the lockdown of key `{key.name}` of {catalogue.environment}",
        f"let fewer consumers read key `{key.name}`",
    )
