"""Every AWS resource type that the sandbox knows, by its Pulumi type token."""

from __future__ import annotations

from sandbox.provider.aws.alarms import MetricAlarm
from sandbox.provider.aws.events import EventRule, EventTarget
from sandbox.provider.aws.functions import Function, Permission
from sandbox.provider.aws.identity_providers import OpenIdConnectProvider
from sandbox.provider.aws.keys import Alias, Key
from sandbox.provider.aws.logs import LogGroup
from sandbox.provider.aws.policies import Policy, RolePolicy, RolePolicyAttachment
from sandbox.provider.aws.roles import InstanceProfile, Role
from sandbox.provider.aws.secrets import Secret, SecretPolicy
from sandbox.provider.aws.topics import Topic, TopicPolicy, TopicSubscription
from sandbox.provider.handler import Handler

HANDLERS: dict[str, Handler] = {
    handler.kind: handler
    for handler in (
        Alias(),
        EventRule(),
        EventTarget(),
        Function(),
        InstanceProfile(),
        Key(),
        LogGroup(),
        MetricAlarm(),
        OpenIdConnectProvider(),
        Permission(),
        Policy(),
        Role(),
        RolePolicy(),
        RolePolicyAttachment(),
        Secret(),
        SecretPolicy(),
        Topic(),
        TopicPolicy(),
        TopicSubscription(),
    )
}
