"""AWS's own managed policies exist, and an account's details list those that it uses, with their names.

AWS: policies like AdministratorAccess can be attached in every account. GetAccountAuthorizationDetails lists
the managed policies of the account, and of AWS's own those that it uses; each has its name. Source: IAM User
Guide, "AWS managed policies"; API reference, ManagedPolicyDetail (checked 2026-11-22).

moto has AWS's policies only when it is told so, and then all 1,600 of them for each account; and it leaves
out the names of the account's own: an auditor would read `unknown` where AWS says what a policy allows. Here
one is made when it is first named.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from sandbox.moto_patches import replace

# moto's methods that look a policy up, each with the position of its ARN among the arguments.
LOOK_UP = {
    "attach_role_policy": ("policy_arn", 0),
    "attach_user_policy": ("policy_arn", 0),
    "attach_group_policy": ("policy_arn", 0),
    "get_policy": ("policy_arn", 0),
    "put_role_permissions_boundary": ("permissions_boundary", 1),
    "create_role": ("permissions_boundary", 3),
}
OF_AWS = ":iam::aws:policy/"


def apply() -> None:
    """Make the policy before moto looks for it."""
    from moto.iam.models import IAMBackend, Policy

    for name, place in LOOK_UP.items():
        replace(IAMBackend, name, _having_made_it(getattr(IAMBackend, name), *place))
    # moto finds the fields of an answer by these names.
    named: Any = Policy
    named.policy_name = property(lambda policy: policy.name)
    named.policy_id = property(lambda policy: policy.id)


def _having_made_it(original: Callable[..., Any], name: str, position: int) -> Callable[..., Any]:
    def method(backend: Any, *positional: Any, **named: Any) -> Any:
        arn = named.get(name) or (positional[position] if len(positional) > position else None)
        if isinstance(arn, str) and OF_AWS in arn and arn not in backend.managed_policies:
            _make(backend, arn)
        return original(backend, *positional, **named)

    return method


def _make(backend: Any, arn: str) -> None:
    from moto.iam.models import AWSManagedPolicy

    name = arn.rpartition("/")[2]
    content = _policies_of_aws().get(name)
    if content is None:
        return
    policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, content)
    if policy.arn == arn:
        backend.managed_policies[arn] = policy
        backend.aws_managed_policies.append(policy)


@functools.cache
def _policies_of_aws() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found
