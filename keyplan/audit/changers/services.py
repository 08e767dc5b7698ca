"""Roles that a service runs as: for who makes the service run something, or changes what runs already.

A call makes something new whose name the caller chooses, so it is weighed for a name that the statements
which allow the call let in. What runs already is not in a snapshot: a change of it is at most conditional.
Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; Service Authorization
Reference of each service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from keyplan.audit.arns import arn_part
from keyplan.audit.callers import Caller
from keyplan.audit.changers.actions import PASS_ROLE, UPDATE_SAML, of_iam
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.wishes import Wish, Wishes
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.outsiders import Outsider, by_policies
from keyplan.audit.policies.documents import Effect
from keyplan.audit.policies.domains import Domain, account_tables, direct_call
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere, positions
from keyplan.audit.policies.lines import Asker
from keyplan.audit.policies.values import Known, Missing, Open, Value, has_variable

# By the service that the role's trust names: calls that together make it run something as a role it is given.
NEW: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "lambda.amazonaws.com": (
        ("lambda:CreateFunction", "lambda:InvokeFunction"),
        ("lambda:CreateFunction", "lambda:AddPermission"),
        ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
        ("lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"),
        ("lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"),
    ),
    "ec2.amazonaws.com": (("ec2:RunInstances",), ("ec2:AssociateIamInstanceProfile",)),
    "ecs-tasks.amazonaws.com": (
        ("ecs:RegisterTaskDefinition", "ecs:RunTask"),
        ("ecs:RegisterTaskDefinition", "ecs:StartTask"),
        ("ecs:RegisterTaskDefinition", "ecs:CreateService"),
        ("ecs:RegisterTaskDefinition", "ecs:UpdateService"),
    ),
    "codebuild.amazonaws.com": (
        ("codebuild:CreateProject", "codebuild:StartBuild"),
        ("codebuild:UpdateProject", "codebuild:StartBuild"),
    ),
    "cloudformation.amazonaws.com": (("cloudformation:CreateStack",), ("cloudformation:UpdateStack",)),
    "glue.amazonaws.com": (
        ("glue:CreateJob", "glue:StartJobRun"),
        ("glue:UpdateJob", "glue:StartJobRun"),
        ("glue:CreateSession", "glue:RunStatement"),
        ("glue:CreateDevEndpoint",),
    ),
    "sagemaker.amazonaws.com": (
        ("sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
        ("sagemaker:CreateTrainingJob",),
        ("sagemaker:CreateProcessingJob",),
    ),
    "states.amazonaws.com": (
        ("states:CreateStateMachine", "states:StartExecution"),
        ("states:UpdateStateMachine", "states:StartExecution"),
    ),
    "ssm.amazonaws.com": (("ssm:StartAutomationExecution",),),
}
# Calls that put code where something runs already as a role that trusts the service.
RUNNING: Mapping[str, tuple[str, ...]] = {
    "lambda.amazonaws.com": ("lambda:UpdateFunctionCode",),
    "ec2.amazonaws.com": ("ssm:SendCommand", "ssm:StartSession", "ec2-instance-connect:SendSSHPublicKey"),
    "ecs-tasks.amazonaws.com": ("ecs:ExecuteCommand",),
    "codebuild.amazonaws.com": ("codebuild:StartBuild",),
    "cloudformation.amazonaws.com": ("cloudformation:UpdateStack",),
    "states.amazonaws.com": ("states:UpdateStateMachine",),
    "glue.amazonaws.com": ("glue:UpdateJob",),
    "sagemaker.amazonaws.com": ("sagemaker:CreatePresignedNotebookInstanceUrl",),
}


CALLS = tuple(
    dict.fromkeys(
        [
            *(call for ways in NEW.values() for calls in ways for call in calls),
            *(call for calls in RUNNING.values() for call in calls),
        ]
    )
)
WITH_SAML = "sts:AssumeRoleWithSAML"
_OF_THE_THING = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")


@dataclass(frozen=True)
class Running(Outsider):
    """A service that takes a role for somebody of the role's own account."""

    own_account: str = ""

    def value(self, key: str) -> Value | None:
        """As of any service, but the account of what it runs is known."""
        return Known((self.own_account,)) if key == "aws:sourceaccount" else super().value(key)


class ServiceDomain(Domain):
    """What a call to another service makes: its keys are the request's or the new thing's own."""

    def _value(self, key: str, asker: Asker) -> Value:
        service = key.partition(":")[0]
        if service == self.action.partition(":")[0] or key.startswith(_OF_THE_THING):
            return Open(False)
        if service in ("iam", "kms", "secretsmanager"):
            return Missing.ABSENT
        return super()._value(key, asker)


class Services:
    """Which roles each service would run as, by the principal's number, and who could make it do so."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._estate = asking.estate
        self._trusting: dict[str, Grades] = {}
        number_of = {caller.arn: number for number, caller in enumerate(self._estate.callers)}
        self._number = [number_of[role.arn] for role in self._estate.roles]
        self._assuming: Wishes | None = None
        self._by_number: dict[int, int] = {0: 0}
        self._roles_of: dict[str, int] = {}
        for number, role in zip(self._number, self._estate.roles, strict=True):
            self._roles_of[role.account] = self._roles_of.get(role.account, 0) | 1 << number

    def passing(self, caller: Caller) -> Iterator[tuple[str, tuple[str, ...], Grades]]:
        """Each service with the calls and the roles that a caller could let it run as."""
        if not self._asking.may(caller, PASS_ROLE):
            return
        for service, ways in NEW.items():
            for calls in ways:
                grade = self._grade(calls, caller)
                if grade is Verdict.DENY:
                    continue
                roles = self._asking.passing(PASS_ROLE, caller, service).meet(self._trusts(service))
                if roles.unknown:
                    yield service, calls, _at_most(roles, grade)

    def running(self, caller: Caller) -> Iterator[tuple[str, tuple[str, ...], Grades]]:
        """Each service with the call and the roles of what may run already, of the caller's account."""
        for service, calls in RUNNING.items():
            for call in calls:
                grade = self._grade((call,), caller)
                if grade is not Verdict.DENY:
                    roles = self._trusts(service).within(self._roles_of.get(caller.account, 0))
                    if roles.unknown:
                        yield service, (call,), _at_most(roles, min(grade, Verdict.CONDITIONAL))

    def _grade(self, calls: tuple[str, ...], caller: Caller) -> Verdict:
        if not all(self._asking.may(caller, call) for call in calls):
            return Verdict.DENY
        return min(self._best(call, caller) for call in calls)

    def _best(self, call: str, caller: Caller) -> Verdict:
        """The best verdict over the names that something new may have."""
        names = tuple(dict.fromkeys(self._names(call, caller)))
        grades = self._asking.over(call, "\n".join(names), caller, lambda: self._judge(call, names, caller))
        if grades.allow:
            return Verdict.ALLOW
        return Verdict.CONDITIONAL if grades.conditional else Verdict(bool(grades.unknown))

    def _names(self, call: str, caller: Caller) -> Iterator[str]:
        service = call.partition(":")[0]
        snapshot = self._estate.snapshot
        yield f"arn:{snapshot.partition}:{service}:{snapshot.region}:{caller.account}:any/any"
        for policy in caller.policies:
            for statement in policy:
                if statement.effect is Effect.ALLOW and not statement.not_resources:
                    for pattern in statement.resources:
                        if pattern != "*" and pattern.split(":", 3)[2:3] in ([service], ["*"]):
                            yield _instance(pattern, caller)

    def _judge(self, call: str, names: tuple[str, ...], caller: Caller) -> Judge:
        snapshot = self._estate.snapshot
        domain = ServiceDomain(
            call,
            names,
            known=snapshot.context,
            constant={
                **direct_call(),
                "aws:requestedregion": Known((snapshot.region,)),
                "aws:resourceaccount": Known((caller.account,)),
            },
            tables={},
            tags={},
        )
        return Judge(
            domain,
            Gate.EITHER,
            [caller.account] * len(names),
            (),
            self._estate.controls,
            uncontrolled=domain.everything,
        )

    def _trusts(self, service: str) -> Grades:
        """The roles whose trust lets a service become them for somebody of their own account."""
        found = self._trusting.get(service)
        if found is None:
            judge = self._estate.assumers
            by_position = NOTHING
            for account, mask in judge.of_account.items():
                asker = Running("service", service, None, own_account=account)
                by_position = by_position.join(by_policies(judge, asker).within(mask))
            found = self._trusting[service] = self.numbered(by_position)
        return found

    def of_providers(self, caller: Caller) -> Grades:
        """The roles whose trust takes assertions of a SAML provider that a caller could make its own."""
        names = self._providers
        grades = self._asking.over(UPDATE_SAML, "", caller, self._provider_judge) if names else NOTHING
        found = NOTHING
        for number, name in enumerate(names):
            verdict = grades.verdict(1 << number)
            if verdict is not Verdict.DENY:
                asker = Outsider("federated", name, None)
                roles = self.numbered(by_policies(self._by_assertion, asker))
                found = found.join(_at_most(roles, verdict))
        return found

    @cached_property
    def _by_assertion(self) -> Judge:
        judge = self._estate.assumers
        return judge.about(judge.domain.asked(WITH_SAML, constant=direct_call()))

    @cached_property
    def _providers(self) -> tuple[str, ...]:
        """The SAML providers that trusts name."""
        named = {
            name for clause in self._by_assertion.allowing for kind, name in clause.who if kind == "Federated"
        }
        return tuple(sorted(name for name in named if ":saml-provider/" in name))

    def _provider_judge(self) -> Judge:
        snapshot, names = self._estate.snapshot, self._providers
        accounts = [arn_part(name, 4) for name in names]
        domain = Domain(
            UPDATE_SAML,
            names,
            known=snapshot.context,
            constant=of_iam(snapshot.partition),
            tables=account_tables(accounts, snapshot.organization),
            tags={},
        )
        return Judge(domain, Gate.EITHER, accounts, (), self._estate.controls, uncontrolled=domain.everything)

    def assumed_after_tagging(self, caller: Caller) -> Grades:
        """The roles that a caller assumes once it has changed the role's tags, and could not before."""
        asking, estate = self._asking, self._estate
        if self._assuming is None:
            judges = [judge.about(judge.domain.with_chosen_tags()) for judge in estate.assuming]
            self._assuming = Wishes(judges, asking.requested_tags)
        wishes = (Wish(each.choice, self.numbered(each.grades)) for each in self._assuming.of(caller))
        return asking.principal_tags.first(caller, lambda: wishes)

    def numbered(self, roles: Grades) -> Grades:
        """Roles by their position as principals by their number."""
        return Grades(*(self._moved(mask) for mask in roles))

    def _moved(self, mask: int) -> int:
        found = self._by_number.get(mask)
        if found is None:  # many principals may become the same roles
            bits = bytearray(len(self._estate.callers) // 8 + 1)
            for position in positions(mask):
                number = self._number[position]
                bits[number >> 3] |= 1 << (number & 7)
            found = self._by_number[mask] = int.from_bytes(bits, "little")
        return found


def _instance(pattern: str, caller: Caller) -> str:
    """A name that a pattern matches."""
    if has_variable(pattern):
        pattern = pattern.replace("${aws:username}", caller.name)
    return pattern.replace("*", "any").replace("?", "x")


def _at_most(grades: Grades, verdict: Verdict) -> Grades:
    return grades.meet(everywhere(grades.unknown, verdict))
