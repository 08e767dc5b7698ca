"""Who would read after a change: of a secret's own policy, of its key's, of which key it has.

Reading needs two permissions, Secrets Manager's and KMS's, and each change is about one of them. Whatever a
changed policy says, denials in other policies and organizations stay.
Source: Secrets Manager User Guide, "Resource-based policies", "Change the encryption key for an AWS Secrets
Manager secret" (versions are encrypted again only for who may decrypt them with the key before); KMS
Developer Guide, "Key policies", "Grants in AWS KMS" (a denial of the key's policy is about grants too).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from keyplan.audit.callers import Caller
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.tagging import Powers, Tagging, either, mask_of, within
from keyplan.audit.changers.wishes import Wishes
from keyplan.audit.decisions import Gate, Judge
from keyplan.audit.estate import aws_key_policy
from keyplan.audit.policies.documents import read_document
from keyplan.audit.policies.domains import call_through
from keyplan.audit.policies.grades import NOTHING, Grades, Verdict, everywhere
from keyplan.audit.policies.keys import DECRYPT
from keyplan.audit.policies.values import Known
from keyplan.audit.secrets import AWS_ALIAS

PUT, DELETED, NOW = "put", "deleted", "now"
KEY_POLICY, GRANT, OTHER_KEY = "key-policy", "grant", "other-key"
EVERYTHING = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*", "Resource": "*"}
OPEN_POLICY = read_document({"Version": "2012-10-17", "Statement": [EVERYTHING]}, "a changed policy", [])


@dataclass(frozen=True)
class Changed:
    """Secrets, by what of them somebody may change; all are sets of secrets."""

    put: int = 0
    deleted: int = 0
    key_policy: int = 0
    grant: int = 0
    other_key: int = 0
    tags: Powers = ()  # of the secret
    key_tags: Powers = ()

    @property
    def policies(self) -> int:
        """Those whose own policy or tags may be changed."""
        return self.put | self.deleted | mask_of(self.tags)

    @property
    def keys(self) -> int:
        """Those of which who decrypts may be changed."""
        return self.key_policy | self.grant | self.other_key | mask_of(self.key_tags)

    def join(self, other: Changed) -> Changed:
        """What either may change."""
        return Changed(
            self.put | other.put,
            self.deleted | other.deleted,
            self.key_policy | other.key_policy,
            self.grant | other.grant,
            self.other_key | other.other_key,
            either(self.tags, other.tags),
            either(self.key_tags, other.key_tags),
        )

    def within(self, mask: int) -> Changed:
        """The same of some secrets alone."""
        return Changed(
            self.put & mask,
            self.deleted & mask,
            self.key_policy & mask,
            self.grant & mask,
            self.other_key & mask,
            within(self.tags, mask),
            within(self.key_tags, mask),
        )


class Access:
    """What principals read, and what they would read after a change; each is weighed once."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self.estate = estate = asking.estate
        self.customer_keys = sum(1 << n for n, each in enumerate(estate.secrets) if not each.aws_key)
        self._judges: dict[str, tuple[Judge, ...]] = {NOW: estate.readers}
        self._found: dict[tuple[int, str], Grades] = {}
        self._wishes: dict[str, Wishes] = {}
        self._kept: list[Caller] = []  # their ids are keys above

    def half(self, kind: str, caller: Caller) -> Grades:
        """The secrets that a caller gets through one of the two permissions, as it is or after a change.

        Args:
            kind: of Secrets Manager NOW, PUT and DELETED, of KMS `decrypts`, KEY_POLICY, GRANT and OTHER_KEY.
        """
        found = self._found.get((id(caller), kind))
        if found is None:
            self._kept.append(caller)
            found = self._found[id(caller), kind] = self._weigh(kind, caller)
        return found

    def reads(self, caller: Caller) -> Grades:
        """What it reads now."""
        return self.half(NOW, caller).meet(self.half("decrypts", caller))

    def after(self, changed: Changed, caller: Caller, verdict: Verdict) -> int:
        """The secrets that a caller reads with at least a verdict when all those changes are made."""
        lets = self._after(caller, verdict, NOW, ((PUT, changed.put), (DELETED, changed.deleted)))
        if changed.tags:
            kinds = ((NOW, -1), (PUT, changed.put), (DELETED, changed.deleted))
            lets |= self._by_tags(caller, verdict, kinds, changed.tags, self._asking.secret_tags)
        if not lets:
            return 0
        changes = (
            (KEY_POLICY, changed.key_policy),
            (GRANT, changed.grant),
            (OTHER_KEY, changed.other_key),
        )
        decrypts = self._after(caller, verdict, "decrypts", changes)
        if changed.key_tags:
            kinds = (("decrypts", -1), *changes[:2])
            decrypts |= self._by_tags(caller, verdict, kinds, changed.key_tags, self._asking.key_tags)
        return lets & decrypts

    @cached_property
    def by_secret_tags(self) -> int:
        """The secrets to which somebody would have more access with other tags."""
        return self._wished((NOW, PUT, DELETED))

    @cached_property
    def by_key_tags(self) -> int:
        """The secrets that somebody would decrypt if their keys had other tags."""
        return self._wished(("decrypts", KEY_POLICY, GRANT)) & self.customer_keys

    def _wished(self, kinds: Iterable[str]) -> int:
        found = 0
        for kind in kinds:
            wishes = self._wishes_of(kind)
            for caller in self.estate.callers:
                for wish in wishes.of(caller):
                    found |= wish.grades.unknown
        return found

    def _by_tags(
        self,
        caller: Caller,
        verdict: Verdict,
        kinds: Iterable[tuple[str, int]],
        powers: Powers,
        tagging: Tagging,
    ) -> int:
        """What a caller gets at one of the two doors when tags are changed too."""
        found = 0
        for kind, mask in kinds:
            for wish in self._wishes_of(kind).of(caller) if mask else ():
                if fresh := wish.grades.at(verdict) & mask & ~found:
                    found |= fresh & tagging.brings(powers, wish.choice)
        return found & self.estate.usable.at(verdict)

    def _wishes_of(self, kind: str) -> Wishes:
        """Which tags would serve at one of the two doors, as it is or after a change."""
        if kind not in self._wishes:
            judges = (self.estate.decrypters,) if kind == "decrypts" else self._judged(kind)
            chosen = [judge.about(judge.domain.with_chosen_tags()) for judge in judges]
            self._wishes[kind] = Wishes(chosen, self._asking.requested_tags)
        return self._wishes[kind]

    def _after(self, caller: Caller, verdict: Verdict, now: str, changes: Iterable[tuple[str, int]]) -> int:
        found = self.half(now, caller).at(verdict)
        for kind, mask in changes:
            if mask & ~found:
                found |= mask & self.half(kind, caller).at(verdict)
        return found

    def _weigh(self, kind: str, caller: Caller) -> Grades:
        if kind == "decrypts":
            return self.estate.decrypts(caller)
        best = NOTHING
        for judge in self._judged(kind):
            best = best.join(judge.verdicts(caller))
        if kind in (KEY_POLICY, GRANT):
            best = best.within(self.customer_keys)
        return best if kind in (PUT, DELETED, NOW) else best.meet(self.estate.usable)

    def _judged(self, kind: str) -> tuple[Judge, ...]:
        if kind not in self._judges:
            self._judges[kind] = tuple(self._make(kind))
        return self._judges[kind]

    def _make(self, kind: str) -> Iterable[Judge]:
        estate = self.estate
        numbers = range(len(estate.secrets))
        if kind in (PUT, DELETED):
            policies = [(number, OPEN_POLICY) for number in numbers] if kind == PUT else []
            return [judge.about(judge.domain, policies=policies) for judge in estate.readers]
        judge = estate.decrypters
        if kind == KEY_POLICY:
            return [judge.about(judge.domain, policies=[(number, OPEN_POLICY) for number in numbers])]
        if kind == GRANT:
            everything = everywhere(self.customer_keys)
            return [judge.about(judge.domain, grants={each.arn: everything for each in estate.callers})]
        return [self._of_aws_key()]

    def _of_aws_key(self) -> Judge:
        """Decrypting with the key of AWS's own in each secret's account."""
        secrets = self.estate.secrets
        domain = self.estate.decrypters.domain.asked(
            DECRYPT,
            arns=[f"the AWS managed key of {secret.arn}" for secret in secrets],
            constant={
                **call_through("secretsmanager.amazonaws.com"),
                "kms:encryptioncontextkeys": Known(("SecretARN", "SecretVersionId")),
                "kms:resourcealiases": Known((AWS_ALIAS,)),
            },
        )
        places = {(secret.account, secret.region) for secret in secrets}
        read = {place: read_document(aws_key_policy(*place), AWS_ALIAS, []) for place in places}
        accounts = [secret.account for secret in secrets]
        policies = [(number, read[secret.account, secret.region]) for number, secret in enumerate(secrets)]
        return Judge(
            domain,
            Gate.NEEDED,
            accounts,
            policies,
            self.estate.controls,
            uncontrolled=domain.everything,
        )


class Others:
    """Principals to whom somebody else could give what they do not read now."""

    def __init__(self, access: Access, callers: Sequence[Caller]) -> None:
        self._access, self._callers = access, callers
        self._found: dict[tuple[Changed, Verdict], int] = {}

    def gaining(self, changed: Changed, verdict: Verdict) -> int:
        """The changed secrets that somebody would read with at least a verdict, and does not read so now."""
        wanted = changed.policies | changed.keys
        if not wanted:
            return 0
        key = (changed, verdict)
        if key not in self._found:
            found = 0
            for caller in self._callers:
                fresh = self._access.after(changed, caller, verdict) & wanted & ~found
                if fresh:
                    found |= fresh & ~self._access.reads(caller).at(verdict)
                if not wanted & ~found:
                    break
            self._found[key] = found
        return self._found[key]
