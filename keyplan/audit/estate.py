"""The judges of a snapshot: reading secrets, decrypting with their keys, assuming roles.

A value can be read when Secrets Manager lets the caller have it and KMS lets the caller decrypt it, for whom
Secrets Manager asks KMS. Source: Secrets Manager User Guide, "Secret encryption and decryption", the key
policy of aws/secretsmanager; KMS Developer Guide, "Key states" (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keyplan.audit.callers import Caller, Policy, read_callers
from keyplan.audit.controls import Controls
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.forms import REGION, SECRET_ID, STAGE, VERSION_ID, read_forms, sts_regions
from keyplan.audit.grants import grades_by_grantee
from keyplan.audit.policies.documents import Kind, Statement, read_document
from keyplan.audit.policies.domains import Domain, account_tables, call_through, direct_call
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.keys import (
    ASSUME_ROLE,
    DECRYPT,
    GET_SECRET_VALUE,
)
from keyplan.audit.policies.values import Known, Missing, Open, Value
from keyplan.audit.secrets import AWS_ALIAS, Secret, alias_names, read_secrets, without_arn
from keyplan.audit.snapshot import Snapshot, is_unread
from keyplan.audit.tags import tags_in

_USABLE = "Enabled"
_USABLE_STATES = frozenset({_USABLE, "Updating"})
_UNUSABLE_STATES = frozenset(
    {"Creating", "Disabled", "PendingDeletion", "PendingImport", "PendingReplicaDeletion", "Unavailable"}
)
# What the context says of these is about the caller's own call, and not about Secrets Manager's of KMS.
# Source: IAM User Guide, "AWS global condition context keys", aws:SourceVpc (checked 2026-11-22).
_OF_CALL = frozenset(
    {"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "kms:viaservice"}
    | {"aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"}
    | {"aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"}
)


class Estate:
    """Everything of a snapshot that verdicts are made of."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.callers = read_callers(snapshot)
        self.secrets = tuple(read_secrets(snapshot))
        self._accounts = {snapshot.account, *(caller.account for caller in self.callers)}
        self._names = {name for caller in self.callers for name in (*caller.own_names, caller.session_prefix)}
        self.roles = tuple(caller for caller in self.callers if caller.kind == "role")
        self.controls = controls = Controls(snapshot)
        self.readers = tuple(_secret_judges(self, controls))
        self.decrypters = _key_judge(self, controls)
        self.assuming = tuple(_role_judges(self, controls))
        self.assumers = self.assuming[0]
        self.usable = _usable_keys(self)

    def reads(self, caller: Caller) -> Grades:
        """The secrets whose current value a caller can read, by the best of the requests it could make."""
        best = NOTHING
        for judge in self.readers:
            best = best.join(judge.verdicts(caller))
        return best.meet(self.decrypts(caller))

    def decrypts(self, caller: Caller) -> Grades:
        """The secrets whose value KMS decrypts for a caller."""
        return self.decrypters.verdicts(caller).meet(self.usable)

    def assumes(self, caller: Caller) -> Grades:
        """The roles that a caller can assume, by their position in `roles`."""
        best = NOTHING
        for judge in self.assuming:
            best = best.join(judge.verdicts(caller))
        return best

    def has_account(self, account: str) -> bool:
        """Whether the snapshot says who an account's principals are."""
        return account in self._accounts

    def has_principal(self, name: str) -> bool:
        """Whether a user, a role or a role's session of this name or unique id is one of the callers'."""
        return name in self._names or f"{name.rpartition('/')[0]}/" in self._names

    def problems(self) -> list[str]:
        """What could not be read so far, a line each: fields, documents, condition keys nobody knows."""
        strange = {
            f"a condition key that this keyplan does not know: {key}"
            for judge in (*self.readers, self.decrypters, *self.assuming)
            for key in judge.domain.strange
        }
        return [*dict.fromkeys(self.snapshot.problems), *sorted(strange)]


def _statements(estate: Estate, further: Iterable[Policy]) -> Iterator[Statement]:
    """Every statement that can decide about a request, each policy once."""
    policies = {id(policy): policy for policy in further}
    for caller in estate.callers:
        policies.update((id(policy), policy) for policy in caller.policies)
        if caller.boundary is not None:
            policies[id(caller.boundary)] = caller.boundary
    of_callers = {each.account for each in estate.callers}
    of_resources = {each.account for each in estate.secrets} | {each.account for each in estate.roles}
    for kind, accounts in (("scps", of_callers), ("rcps", of_resources)):
        for account in sorted(accounts):
            for level in estate.controls.levels(kind, account) or ():
                policies.update((id(policy), policy) for policy in level)
    for policy in policies.values():
        yield from policy


def _secret_judges(estate: Estate, controls: Controls) -> Iterator[Judge]:
    """One for each form of the request that policies tell apart: the caller takes the one that is let in."""
    secrets = estate.secrets
    accounts = [secret.account for secret in secrets]
    policies = [(number, secret.policy) for number, secret in enumerate(secrets)]
    statements = _statements(estate, (secret.policy for secret in secrets))
    for form in read_forms(secrets, statements):
        domain = Domain(
            GET_SECRET_VALUE,
            [secret.arn for secret in secrets],
            known=estate.snapshot.context,
            constant={**direct_call(), STAGE: form.stage, VERSION_ID: form.version},
            tables={
                **account_tables(accounts, estate.snapshot.organization),
                SECRET_ID: [Known((name,)) for name in form.names],
                "aws:requestedregion": [Known((secret.region,)) for secret in secrets],
            },
            tags={
                family: [secret.tags for secret in secrets]
                for family in ("aws:resourcetag/", "secretsmanager:resourcetag/")
            },
        )
        yield Judge(domain, Gate.EITHER, accounts, policies, controls, within_account=form.within_account)


def _key_judge(estate: Estate, controls: Controls) -> Judge:
    """Decrypting, by secret: each stands for its key, in a call that Secrets Manager makes for the caller."""
    secrets = estate.secrets
    accounts = [secret.key_account for secret in secrets]
    arns = [f"key of {secret.arn}" if secret.key is None else str(secret.key["Arn"]) for secret in secrets]
    domain = Domain(
        DECRYPT,
        arns,
        known={key: value for key, value in estate.snapshot.context.items() if key not in _OF_CALL},
        constant={
            **call_through("secretsmanager.amazonaws.com"),
            "kms:encryptioncontextkeys": Known(("SecretARN", "SecretVersionId")),
        },
        tables={
            **account_tables(accounts, estate.snapshot.organization),
            "aws:requestedregion": [Known((secret.region,)) for secret in secrets],
            "kms:viaservice": [Known((service_host(secret.region),)) for secret in secrets],
            "kms:encryptioncontext:secretarn": [Known((secret.arn,)) for secret in secrets],
            "kms:resourcealiases": [_aliases(secret.key) for secret in secrets],
        },
        tags={"aws:resourcetag/": [tags_in(secret.key) for secret in secrets]},
    )
    aws_keys = sum(1 << number for number, secret in enumerate(secrets) if secret.aws_key)
    return Judge(
        domain,
        Gate.NEEDED,
        accounts,
        _key_policies(secrets, estate.snapshot.problems),
        controls,
        uncontrolled=aws_keys,
        grants=grades_by_grantee(secrets),
    )


def _aliases(key: Mapping[str, Any] | None) -> Value:
    if key is None:
        return Open(False)
    if is_unread(key, "Aliases"):
        return Missing.STRANGE
    names = tuple(map(without_arn, alias_names(key)))
    return Known(names) if names else Missing.ABSENT


def _key_policies(secrets: Sequence[Secret], problems: list[str]) -> Iterator[tuple[int, Policy]]:
    """The policy of each secret's key; keys are shared, and each policy is read once."""
    read: dict[tuple[str, ...], Policy] = {}
    for number, secret in enumerate(secrets):
        place: tuple[str, ...] = (secret.account, secret.region)
        document: object = aws_key_policy(*place) if secret.aws_key else None
        name = f"{AWS_ALIAS} policy"
        if secret.key is not None:
            place, name = (str(secret.key["Arn"]),), f"{secret.key['Arn']} policy"
            document = secret.key.get("KeyPolicy") or document
            if is_unread(secret.key, "KeyPolicy"):
                document = None
        elif not secret.aws_key:
            place, name = (secret.arn,), f"{secret.arn} key policy"
        if place not in read:
            read[place] = read_document(document, name, problems, Kind.KEY)
        yield number, read[place]


def aws_key_policy(account: str, region: str) -> dict[str, Any]:
    """The policy of the AWS managed key, which nobody can change: everybody of the account, through Secrets
    Manager.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Allow access through AWS Secrets Manager",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        "kms:CallerAccount": account,
                        "kms:ViaService": service_host(region),
                    }
                },
            }
        ],
    }


def service_host(region: str) -> str:
    """How KMS names Secrets Manager in a region. Source: KMS Developer Guide, "kms:ViaService"."""
    return f"secretsmanager.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


def _usable_keys(estate: Estate) -> Grades:
    """Secrets that can be read at all: not deleted, with a key that is there and enabled."""
    sure = unknown = 0
    for number, secret in enumerate(estate.secrets):
        bit = 1 << number
        if secret.deleted:
            continue
        if (
            (secret.key is None and not secret.aws_key)
            or is_unread(secret.key, "KeyState")
            or secret.perhaps_deleted
        ):
            unknown |= bit
        elif secret.key is None or secret.key.get("KeyState") in _USABLE_STATES:
            sure |= bit
        elif secret.key.get("KeyState") not in _UNUSABLE_STATES:
            unknown |= bit
    return everywhere(sure).join(everywhere(unknown, Verdict.UNKNOWN))


def _role_judges(estate: Estate, controls: Controls) -> Iterator[Judge]:
    """One for each region that policies tell apart: the caller takes one that is let in.

    No RCP is about the trust of a service-linked role. Source: Organizations User Guide, "Resource control
    policies", "Resources and entities not restricted by RCPs" (checked 2026-11-22).
    """
    roles = estate.roles
    linked = sum(1 << number for number, role in enumerate(roles) if role.is_service_linked)
    accounts = [role.account for role in roles]
    policies = [(number, role.trust or ()) for number, role in enumerate(roles)]
    statements = _statements(estate, (role.trust or () for role in roles))
    for region in sts_regions(estate.snapshot.region, statements):
        domain = Domain(
            ASSUME_ROLE,
            [role.arn for role in roles],
            known=estate.snapshot.context,
            constant={**direct_call(), REGION: Known((region,)) if region else Open(True)},
            tables=account_tables(accounts, estate.snapshot.organization),
            tags={
                family: [role.tags for role in roles] for family in ("aws:resourcetag/", "iam:resourcetag/")
            },
        )
        yield Judge(domain, Gate.NEEDED, accounts, policies, controls, uncontrolled=linked)
