"""What each runtime on AWS asks of the role that keyplan makes for it: its trust, and what it needs to start.

Pure. What the role may read is in `plans`, what its route adds in `route_plans`.
"""

from __future__ import annotations

from components.aws.account import Account
from components.aws.ci.trusts import CiIdentity, ci_trust
from components.aws.policy.documents import Document, build_log_document, render
from components.aws.policy.trusts import (
    codebuild_trust,
    ec2_trust,
    ecs_execution_trust,
    ecs_task_trust,
    irsa_trust,
    lambda_trust,
    pod_identity_trust,
)
from keyplan.catalogue import (
    CodebuildSettings,
    Consumer,
    EcsSettings,
    EksIdentity,
    EksSettings,
    ReadAt,
    Runtime,
)
from keyplan.errors import UsageError


def trust_of(account: Account, consumer: Consumer, identity: CiIdentity | None) -> Document:
    """Who may become the role that keyplan makes for a consumer.

    Raises:
        UsageError: its runtime takes a role that exists already.
    """
    settings = consumer.settings
    if identity is not None:
        return ci_trust(account, identity)
    if isinstance(settings, EksSettings):
        pods = settings.identity is EksIdentity.POD_IDENTITY
        return pod_identity_trust(account, settings) if pods else irsa_trust(account, settings)
    if isinstance(settings, EcsSettings):
        return ecs_execution_trust() if _starts_tasks(consumer) else ecs_task_trust(account)
    if isinstance(settings, CodebuildSettings):
        return codebuild_trust(account, settings)
    if consumer.runtime is Runtime.LAMBDA:
        return lambda_trust()
    if consumer.runtime is Runtime.EC2:
        return ec2_trust()
    raise UsageError(
        f"consumer `{consumer.name}` runs as `{consumer.runtime}`, which needs a role that exists",
        f"add `roleArn: arn:…` to consumer `{consumer.name}`",
    )


def _starts_tasks(consumer: Consumer) -> bool:
    """Whether ECS starts tasks with its role; a program that reads nothing then has it itself."""
    settings = consumer.settings
    return isinstance(settings, EcsSettings) and settings.read_at is ReadAt.START and bool(consumer.keys)


def runtime_policies_of(account: Account, consumer: Consumer) -> tuple[str, ...]:
    """AWS's own policies without which the runtime cannot start what runs in it."""
    name = None
    if _starts_tasks(consumer):
        name = "AmazonECSTaskExecutionRolePolicy"  # pull the image, write the log
    elif consumer.runtime is Runtime.LAMBDA:
        name = "AWSLambdaBasicExecutionRole"  # write the log
    return () if name is None else (f"arn:{account.partition}:iam::aws:policy/service-role/{name}",)


def runtime_document_of(account: Account, consumer: Consumer) -> str | None:
    """What the runtime needs and AWS has no policy for, rendered."""
    if isinstance(consumer.settings, CodebuildSettings):
        return render(build_log_document(account, consumer.settings.project_name))
    return None
