"""IAM policies: kept with an etag, checked as Google checks them, shown by version.

A policy is replaced whole; an etag that was read before a change by somebody else is refused. Conditions need
version 3; a reader that asks for less sees the role under a made-up name without its condition.
Source: IAM "Understanding allow policies" and "Policy versions" (checked 2026-11-21).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from sandbox.gcp_server.access import cel
from sandbox.gcp_server.access.identity import MEMBER
from sandbox.gcp_server.errors import aborted, invalid

if TYPE_CHECKING:
    from sandbox.gcp_server.world import Project

ROLE = re.compile(
    r"roles/[A-Za-z0-9_.]+|(projects/[a-z][a-z0-9-]*|organizations/\d+)/roles/[A-Za-z0-9_.]{3,64}"
)
EMPTY_ETAG = "ACAB"  # what Google answers where no policy was ever set
MOST_MEMBERS = 1500  # in all bindings together; source: IAM "Quotas and limits"
CONDITION_VERSION = 3


class Policy:
    """The policy of one resource."""

    def __init__(self) -> None:
        self.bindings: list[dict[str, Any]] = []
        self.audit_configs: list[dict[str, Any]] = []
        self.etag = EMPTY_ETAG
        self._changes = 0

    def shown(self, requested_version: int = 0) -> dict[str, Any]:
        """The policy as getIamPolicy answers it."""
        body: dict[str, Any] = {"etag": self.etag}
        if self.etag == EMPTY_ETAG:
            return body
        conditional = any("condition" in binding for binding in self.bindings)
        complete = requested_version >= CONDITION_VERSION or not conditional
        body["version"] = CONDITION_VERSION if conditional and complete else 1
        if self.bindings:
            body["bindings"] = (
                deepcopy(self.bindings) if complete else [_hidden(item) for item in self.bindings]
            )
        if self.audit_configs:
            body["auditConfigs"] = deepcopy(self.audit_configs)
        return body

    def replace(self, project: Project, given: dict[str, Any], mask: str = "") -> None:
        """Put another policy in place. Raises INVALID_ARGUMENT or ABORTED.

        Args:
            mask: which of `bindings`, `etag`, `auditConfigs` are meant; the first two when empty.
        """
        if given.get("etag") and given["etag"] != self.etag:
            raise aborted(
                "There were concurrent policy changes. Please retry the whole read-modify-write with "
                "exponential backoff."
            )
        fields = {_camel(part) for part in mask.split(",") if part} or {"bindings"}
        if "bindings" in fields:
            bindings = [_checked(project, item) for item in given.get("bindings") or []]
            if sum(len(binding["members"]) for binding in bindings) > MOST_MEMBERS:
                raise invalid(f"The number of members in the policy must be at most {MOST_MEMBERS}.")
            if any("condition" in item for item in bindings) and given.get("version") != CONDITION_VERSION:
                raise invalid("Specified conditions require the policy version to be 3.")
            self.bindings = _merged(bindings)
        if "auditConfigs" in fields:
            self.audit_configs = deepcopy(given.get("auditConfigs") or [])
        self._sign()

    def forget(self, member: str, remembered_as: str) -> None:
        """Put what Google shows of a deleted account in its place: one of the same name is another one."""
        if any(member in binding["members"] for binding in self.bindings):
            for binding in self.bindings:
                names = {remembered_as if name == member else name for name in binding["members"]}
                binding["members"] = sorted(names)
            self._sign()

    def _sign(self) -> None:
        self._changes += 1
        state = json.dumps([self.bindings, self.audit_configs, self._changes], sort_keys=True).encode()
        self.etag = "Bw" + base64.b64encode(hashlib.sha256(state).digest()[:9]).decode()[2:]

    def audits(self, service: str, log_type: str, member: str) -> bool:
        """Whether this type of access to a service is to be logged for this member."""
        wanted = [
            entry
            for config in self.audit_configs
            if config.get("service") in (service, "allServices")
            for entry in config.get("auditLogConfigs") or []
            if entry.get("logType") == log_type
        ]
        return bool(wanted) and not any(member in (entry.get("exemptedMembers") or []) for entry in wanted)


def _camel(name: str) -> str:
    return "auditConfigs" if name.strip() in ("auditConfigs", "audit_configs") else name.strip()


def _hidden(binding: dict[str, Any]) -> dict[str, Any]:
    if "condition" not in binding:
        return deepcopy(binding)
    digest = hashlib.sha256(json.dumps(binding["condition"], sort_keys=True).encode()).hexdigest()[:20]
    return {"role": f"{binding['role']}_withcond_{digest}", "members": list(binding["members"])}


def _checked(project: Project, given: Any) -> dict[str, Any]:
    role, members = given.get("role", ""), given.get("members") or []
    if not ROLE.fullmatch(role) or "_withcond_" in role:
        raise invalid(f"Role {role} is not supported for this resource.")
    if not role.startswith("roles/") and project.world.find_role(role) is None:
        raise invalid(f"Role ({role}) does not exist in the resource's hierarchy.")
    for member in members:
        _check_member(project, member)
    binding: dict[str, Any] = {"role": role, "members": sorted(set(members))}
    condition = given.get("condition")
    if condition:
        binding["condition"] = _checked_condition(condition)
    return binding


def _check_member(project: Project, member: Any) -> None:
    if not isinstance(member, str) or not MEMBER.fullmatch(member):
        raise invalid(f"The member {member} is of an unknown type or malformed.")
    kind, _, address = member.partition(":")
    if kind == "serviceAccount" and not project.world.account_may_exist(address):
        raise invalid(f"Service account {address} does not exist.")


def _checked_condition(given: dict[str, Any]) -> dict[str, Any]:
    expression = given.get("expression") or ""
    if not given.get("title") or not expression:
        raise invalid("A condition needs a title and an expression.")
    try:
        cel.compile_expression(expression)
    except cel.BadSyntax:
        raise invalid(f"Condition expression compilation failed. Expression: {expression}") from None
    except cel.NotUnderstood:
        pass  # Google may know more of the language; where it is used, access is denied and the reason said
    return {key: given[key] for key in ("title", "description", "expression") if given.get(key)}


def _merged(bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    together: dict[str, dict[str, Any]] = {}
    for binding in bindings:
        if not binding["members"]:
            continue
        key = json.dumps([binding["role"], binding.get("condition")], sort_keys=True)
        kept = together.setdefault(key, binding)
        kept["members"] = sorted({*kept["members"], *binding["members"]})
    return [together[key] for key in sorted(together)]
