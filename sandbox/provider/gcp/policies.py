"""IAM policies: read, changed and written back with their etag, wherever a service keeps them.

Source: `getIamPolicy` and `setIamPolicy` in the services' discovery documents (checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.provider.gcp.cloud import GoogleCloud, GoogleFailure
from sandbox.provider.gcp.failures import ABORTED

# The version of policies with conditions.
VERSION = 3
TRIES = 8
Policy = dict[str, Any]
Form = Literal["get", "post", "project", "bucket"]


@dataclass(frozen=True)
class PolicyOf:
    """The policy of one resource.

    `form` is how it is asked for: by GET (most), by POST (service accounts), by POST with a body (projects),
    or as a document of its own (buckets).
    """

    service: str
    path: str
    form: Form = "get"

    def read(self, cloud: GoogleCloud) -> Policy:
        """The policy as it is. Raises: GoogleFailure."""
        if self.form == "bucket":
            bucket_query = {"optionsRequestedPolicyVersion": VERSION}
            return cloud.call(self.service, "GET", f"{self.path}/iam", query=bucket_query)
        verb = f"{self.path}:getIamPolicy"
        if self.form == "project":
            options = {"options": {"requestedPolicyVersion": VERSION}}
            return cloud.call(self.service, "POST", verb, options)
        method = "POST" if self.form == "post" else "GET"
        asked = {"options.requestedPolicyVersion": VERSION}
        return cloud.call(self.service, method, verb, query=asked)

    def change(self, cloud: GoogleCloud, change: Callable[[Policy], bool], mask: str = "") -> Policy:
        """Change the policy, again when somebody else does at the same time. Return it as it is then.

        Args:
            change: alters the policy in place and says whether there is anything to write.
            mask: what is written beside bindings and etag (projects only).

        Raises: GoogleFailure.
        """
        for attempt in range(TRIES):
            policy = self.read(cloud)
            if not change(policy):
                return policy
            try:
                return self._write(cloud, {**policy, "version": VERSION}, mask)
            except GoogleFailure as failure:
                if failure.status != ABORTED or attempt == TRIES - 1:
                    raise
        raise AssertionError("the last attempt raises")

    def _write(self, cloud: GoogleCloud, policy: Policy, mask: str) -> Policy:
        if self.form == "bucket":
            return cloud.call(self.service, "PUT", f"{self.path}/iam", policy)
        body: dict[str, Any] = {"policy": policy}
        if mask:
            body["updateMask"] = mask
        return cloud.call(self.service, "POST", f"{self.path}:setIamPolicy", body)


def binding_of(policy: Mapping[str, Any], role: str, condition: Mapping[str, str] | None) -> Policy | None:
    """The policy's binding of a role under a condition."""
    for binding in policy.get("bindings") or ():
        if binding["role"] == role and _condition(binding.get("condition")) == _condition(condition):
            found: Policy = binding
            return found
    return None


def set_members(policy: Policy, role: str, condition: Mapping[str, str] | None, members: list[str]) -> None:
    """Give a role under a condition exactly these members; none takes the binding away."""
    binding = binding_of(policy, role, condition)
    bindings = [one for one in policy.get("bindings") or () if one is not binding]
    if members:
        given = {"condition": dict(condition)} if condition else {}
        bindings.append({"role": role, "members": sorted(members), **given})
    policy["bindings"] = bindings


def same_member(one: str, other: str) -> bool:
    """Whether two members are the same: e-mail addresses do not count capitals, principals do.

    Source: IAM documentation, "Principal identifiers" (checked 2026-11-21).
    """
    if one.startswith(("principal:", "principalSet:")):
        return one == other
    return one.lower() == other.lower()


def _condition(condition: Mapping[str, str] | None) -> dict[str, str]:
    return {key: text for key, text in (condition or {}).items() if text}
