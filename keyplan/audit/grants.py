"""Grants of KMS keys that let somebody decrypt a secret: who has them, and of which secrets they hold.

Pure. That a grantee needs no policy besides is said where verdicts are made (`keyplan.audit.decisions`).
Source: KMS Developer Guide, "Grants"; KMS API Reference, GrantListEntry, GrantConstraints (checked
2026-11-21).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import TO_ANYBODY
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.secrets import Secret
from keyplan.audit.snapshot import is_unread


@dataclass(frozen=True)
class Grant:
    """One grant of a key, whose operations include Decrypt."""

    grantee: str
    entry: Mapping[str, Any]

    @property
    def identity(self) -> str:
        """By what it is revoked."""
        return str(self.entry.get("GrantId") or "without an id")

    @property
    def name(self) -> str:
        """What its maker calls it; empty where that is nothing."""
        return str(self.entry.get("Name") or "")

    @property
    def text(self) -> str:
        """The grant as KMS lists it."""
        return json.dumps(self.entry, default=str)

    def is_for(self, caller: Caller) -> bool:
        """Whether it is the caller's, one of its sessions' or its account's."""
        names = {*caller.own_names, *caller.account_names}
        prefix = caller.session_prefix
        return self.grantee in names or bool(prefix and self.grantee.startswith(prefix))

    def verdict(self, secret: str) -> Verdict:
        """Whether the encryption context that it asks for is that of a secret, by the secret's ARN.

        The version's id, which is the other pair of the context, is not known.
        """
        verdict = Verdict.ALLOW
        constraints = self.entry.get("Constraints") or {}
        for name in ("EncryptionContextSubset", "EncryptionContextEquals"):
            wanted = constraints.get(name)
            if not wanted:
                continue
            if wanted.get("SecretARN", secret) != secret or set(wanted) - {"SecretARN", "SecretVersionId"}:
                return Verdict.DENY
            if name == "EncryptionContextEquals" and set(wanted) != {"SecretARN", "SecretVersionId"}:
                return Verdict.DENY
            if "SecretVersionId" in wanted:
                verdict = Verdict.CONDITIONAL
        return verdict


def grants_of(secret: Secret) -> Iterator[Grant]:
    """The grants of a secret's key that let somebody decrypt this secret, perhaps under a condition."""
    for entry in (secret.key or {}).get("Grants") or ():
        if "Decrypt" in (entry.get("Operations") or ()):
            grant = Grant(entry.get("GranteePrincipal") or "", entry)
            if grant.grantee and grant.verdict(secret.arn) is not Verdict.DENY:
                yield grant


def grades_by_grantee(secrets: Sequence[Secret]) -> dict[str, Grades]:
    """What grants allow, by grantee; a key whose grants could not be read may have one for anybody."""
    found: dict[str, Grades] = {}
    for number, secret in enumerate(secrets):
        if is_unread(secret.key, "Grants"):
            unread = everywhere(1 << number, Verdict.UNKNOWN)
            found[TO_ANYBODY] = found.get(TO_ANYBODY, NOTHING).join(unread)
        for grant in grants_of(secret):
            grades = everywhere(1 << number, grant.verdict(secret.arn))
            found[grant.grantee] = found.get(grant.grantee, NOTHING).join(grades)
    return found
