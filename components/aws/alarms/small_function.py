"""One of keyplan's own Lambda functions: its code, its role, its log, and the alarm on its failures.

The archive holds the source files under `keyplan_functions/` and the settings beside them. Settings are a
file, because the environment variables of a function end at 4 KB and a catalogue does not. Leaves out what
calls the function; whoever builds it adds that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.alarms.metric_alarms import metric_alarm
from components.aws.alarms.reminder_plan import AlarmPlan
from components.aws.foretold import foretold
from components.aws.policy.documents import VERSION, Document, render
from components.aws.policy.packing import Packing, pack
from components.aws.policy.quotas import (
    INLINE_POLICIES_OF_ROLE_CHARACTERS,
    MANAGED_POLICIES_PER_ROLE,
    QuotaExceeded,
    require_room,
)
from components.aws.policy.trusts import lambda_trust

SOURCE = Path(__file__).parents[2] / "functions"
PACKAGE = "keyplan_functions"
RUNTIME = "python3.13"
LOG_RETENTION_DAYS = 30
# Dates, labels and names of versions; never a value.
METADATA_ACTIONS = ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"]


@dataclass(frozen=True)
class SmallFunctionArgs:
    """What one function needs."""

    environment: str
    account: Account
    function_name: str  # of the function and of its role
    description: str
    module: str  # the one with `handle`: `aws/value_age`
    modules: Sequence[str]  # all that are packed, with the folder where they are not shared: `ages`
    settings: pulumi.Input[str]  # settings.json
    timeout_seconds: int
    memory_megabytes: int
    statements: Sequence[Document]  # beside logging and publishing
    secrets: Sequence[str]  # ARN patterns whose metadata it reads
    topics: Mapping[str, pulumi.Input[str]]  # the topics that it sends to: expected ARN, and the real one
    failing: AlarmPlan
    failing_topic: pulumi.Input[str]
    tags: Mapping[str, str]


class SmallFunction(pulumi.ComponentResource):
    """A function with everything that belongs to it."""

    function: aws.lambda_.Function
    arn: pulumi.Output[str]
    """The function's ARN."""

    def __init__(
        self, name: str, args: SmallFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("keyplan:aws:SmallFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        packing = pack_secrets(args)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.function_name,
            description=args.description,
            assume_role_policy=render(lambda_trust()),
            tags=dict(args.tags),
            opts=child,
        )
        log = aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/lambda/{args.function_name}",
            retention_in_days=LOG_RETENTION_DAYS,
            tags=dict(args.tags),
            opts=child,
        )
        granted = _policies(name, args, role, packing, child)
        self.function = aws.lambda_.Function(
            f"{name}-function",
            name=args.function_name,
            description=args.description,
            role=role.arn,
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=f"{PACKAGE}.{args.module.replace('/', '.')}.handle",
            code=pulumi.Output.from_input(args.settings).apply(lambda text: archive(args.modules, text)),
            timeout=args.timeout_seconds,
            memory_size=args.memory_megabytes,
            tags=dict(args.tags),
            # The log first, or Lambda makes one that keeps everything for ever and belongs to nobody.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log, *granted]),
        )
        self.arn = self.function.arn
        metric_alarm(f"{name}-failing", args.environment, args.failing, [args.failing_topic], child)
        self.register_outputs({"arn": self.arn})


def archive(modules: Sequence[str], settings: str) -> pulumi.AssetArchive:
    """The code as it is uploaded: the named modules of `functions/`, and settings.json beside AWS's."""
    assets: dict[str, pulumi.Asset | pulumi.Archive] = {
        f"{PACKAGE}/{module}.py": pulumi.FileAsset(str(SOURCE / f"{module}.py"))
        for module in ("__init__", "aws/__init__", *modules)
    }
    assets[f"{PACKAGE}/aws/settings.json"] = pulumi.StringAsset(settings)
    return pulumi.AssetArchive(assets)


def base_document(args: SmallFunctionArgs, topics: Sequence[str], secrets: Sequence[str] = ()) -> Document:
    """The role's inline policy: log, publish to exactly these topics, and what the function adds."""
    log = f"log-group:/aws/lambda/{args.function_name}:log-stream:*"  # Lambda names the streams
    statements: list[Document] = [
        {
            "Sid": "WriteItsOwnLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": args.account.arn("logs", log),
        },
        {"Sid": "TellTheOwners", "Effect": "Allow", "Action": "sns:Publish", "Resource": sorted(topics)},
        *args.statements,
    ]
    if secrets:
        statements.append(_metadata_statement(secrets))
    return {"Version": VERSION, "Statement": statements}


def pack_secrets(args: SmallFunctionArgs) -> Packing[str]:
    """Which secrets stand in the inline policy, and which in further ones.

    Raises:
        QuotaExceeded: the environment has more owners or keys than one role's policies can name.
    """
    base = render(base_document(args, list(args.topics)))
    subject = f"the function {args.function_name}"
    hint = "split the environment into two, each with a part of the keys"
    quota = "Role inline policy size"
    require_room(base, INLINE_POLICIES_OF_ROLE_CHARACTERS, quota, subject, hint)
    statement = len(render(_metadata_statement([])))
    room = INLINE_POLICIES_OF_ROLE_CHARACTERS - len(base) - statement - 1
    try:
        return pack(args.secrets, _secrets_size, room, MANAGED_POLICIES_PER_ROLE, subject)
    except QuotaExceeded as error:
        raise QuotaExceeded(error.message, hint) from None


def _secrets_size(secrets: Sequence[str]) -> int:
    return len(render(_metadata_document(secrets)))


def _metadata_document(secrets: Sequence[str]) -> Document:
    return {"Version": VERSION, "Statement": [_metadata_statement(secrets)]}


def _metadata_statement(secrets: Sequence[str]) -> Document:
    return {
        "Sid": "ReadDatesOfValues",
        "Effect": "Allow",
        "Action": METADATA_ACTIONS,
        "Resource": sorted(secrets),
    }


def _policies(
    name: str,
    args: SmallFunctionArgs,
    role: aws.iam.Role,
    packing: Packing[str],
    child: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """The inline policy, and as many managed ones as the secrets need."""
    topics = pulumi.Output.all(*args.topics.values())
    made: list[pulumi.Resource] = [
        aws.iam.RolePolicy(
            f"{name}-policy",
            name=args.function_name,
            role=role.name,
            policy=foretold(
                topics, list(args.topics), lambda arns: render(base_document(args, arns, packing.inline))
            ),
            opts=child,
        )
    ]
    for number, secrets in enumerate(packing.managed, start=1):
        policy = aws.iam.Policy(
            f"{name}-secrets-{number}",
            name=f"{args.function_name}-secrets-{number}",
            description=f"Part {number} of the secrets whose dates {args.function_name} reads",
            policy=render(_metadata_document(secrets)),
            tags=dict(args.tags),
            opts=child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-secrets-{number}-attachment", role=role.name, policy_arn=policy.arn, opts=child
        )
        made += [policy, attachment]
    return made
