"""Principals as they would be after somebody changed their tags.

Where statements compare a principal's tags with a resource's, the values that secrets, keys and principals
have are tried; what stands in the name of a resource cannot be tried out, and is open.
Source: IAM User Guide, "AWS global condition context keys", aws:PrincipalTag; "IAM tutorial: Define
permissions to access AWS resources based on tags".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from keyplan.audit.callers import Caller, Policy
from keyplan.audit.changers.access import Access
from keyplan.audit.changers.asking import Asking
from keyplan.audit.changers.wishes import (
    ANOTHER,
    CHOICES_MAX,
    Choice,
    choices,
    has_text_beside,
    held,
    instance,
    needs_others,
    tag_name,
)
from keyplan.audit.policies.documents import Atom, Effect, Statement
from keyplan.audit.policies.grades import positions
from keyplan.audit.policies.operators import read_operator
from keyplan.audit.policies.values import Open, has_variable, variable_keys
from keyplan.audit.tags import tags_in

PRINCIPAL = "aws:principaltag/"


@dataclass
class Asked:
    """What statements ask a principal's tags to be, by tag: values, tags of resources that it is compared
    with, and the tags of which any value may serve."""

    values: dict[str, dict[str | None, None]] = field(default_factory=dict)
    compared: dict[str, set[str]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def join(self, other: Asked) -> None:
        """Add what other statements ask for."""
        for name, values in other.values.items():
            self.values.setdefault(name, {}).update(values)
        for name, tags in other.compared.items():
            self.compared.setdefault(name, set()).update(tags)
        self.open |= other.open


class OwnTags:
    """Whose tags decide, and what each would be with others."""

    def __init__(self, asking: Asking, access: Access) -> None:
        self._asking, self._access = asking, access
        self._estate = asking.estate
        self._by_policy: dict[int, Asked] = {}
        self._policies: list[Policy] = []  # their ids are keys above
        self._of_tag: dict[str, tuple[str, ...]] = {}
        self._asked_of: dict[int, Asked | None] = {}
        self._made: dict[tuple[int, Choice], Caller] = {}
        self._open: dict[int, Caller] = {}
        self._everywhere = Asked()
        for secret in self._estate.secrets:
            self._everywhere.join(self._of_policy(secret.policy))
        for judge in (*self._estate.readers, self._estate.decrypters, self._estate.assumers):
            for clause in (*judge.allowing, *judge.denying):
                if any(key.startswith(PRINCIPAL) for key in clause.keys):
                    self._everywhere.join(self._of_statements(clause.sources.values()))
        self.mask = sum(1 << number for number, each in enumerate(self._estate.callers) if self._asked(each))

    def variants(self, number: int, wanted: int | None) -> Iterator[tuple[Choice | None, Caller]]:
        """A principal with tags that may serve it better, the fewest first; None is with tags not known.

        Args:
            wanted: the secrets that it would read then; None for whatever else it may then do as well.
        """
        if number not in self._asked_of:
            self._asked_of[number] = self._whole(number)
        asked, tried = self._asked_of[number], 0
        if asked is None:
            return
        values = {
            name: tuple({**listed, **dict.fromkeys(self._of_resources(asked.compared.get(name, ()), wanted))})
            for name, listed in asked.values.items()
        }
        for choice in choices(values):
            tried += 1
            if (number, choice) not in self._made:
                self._made[number, choice] = self._with(self._estate.callers[number], choice)
            yield choice, self._made[number, choice]
        if asked.open or tried >= CHOICES_MAX:
            yield None, self.openly(number)

    def openly(self, number: int) -> Caller:
        """A principal whose tags may be any: more than it may with certain ones is not possible."""
        if number not in self._open:
            caller = self._estate.callers[number]
            asked = list(self._relevant(caller))
            names = {name for each in asked for name in (*each.values, *each.open)}
            opened = {f"{PRINCIPAL}{name}": Open(False) for name in names}
            self._open[number] = replace(caller, chosen=opened)
        return self._open[number]

    def _whole(self, number: int) -> Asked | None:
        """All that is asked of a principal's tags; None where no others would serve it."""
        if not self.mask >> number & 1:
            return None
        caller, asked = self._estate.callers[number], Asked()
        for each in self._relevant(caller):
            asked.join(each)
        return asked if self._serves(caller, self.openly(number)) else None

    def _with(self, caller: Caller, choice: Choice) -> Caller:
        return replace(caller, chosen={f"{PRINCIPAL}{name}": held(value) for name, value in choice})

    def _serves(self, caller: Caller, openly: Caller) -> bool:
        """Whether it reads, becomes or may change more with some tags than as it is."""
        estate = self._estate
        now, then = self._access.reads(caller), self._access.reads(openly)
        if then.conditional & ~now.allow or then.unknown & ~now.unknown:
            return True
        if estate.assumes(openly).unknown & ~estate.assumes(caller).allow:
            return True
        return bool(self._asking.possible(caller))

    def _asked(self, caller: Caller) -> bool:
        return any(each.values or each.open for each in self._relevant(caller))

    def _relevant(self, caller: Caller) -> Iterator[Asked]:
        yield self._everywhere
        yield from map(self._of_policy, caller.policies)
        if caller.boundary is not None:
            yield self._of_policy(caller.boundary)
        controls = self._estate.controls
        accounts = {caller.account, self._estate.snapshot.account}
        for kind, account in (("scps", caller.account), *(("rcps", each) for each in sorted(accounts))):
            for level in controls.levels(kind, account) or ():
                yield from map(self._of_policy, level)

    def _of_policy(self, policy: Policy) -> Asked:
        found = self._by_policy.get(id(policy))
        if found is None:
            self._policies.append(policy)
            found = self._by_policy[id(policy)] = self._of_statements(policy)
        return found

    def _of_statements(self, statements: Iterable[Statement]) -> Asked:
        found = Asked()
        for statement in statements:
            for atom in statement.atoms:
                self._of_atom(statement, atom, found)
            if statement.with_variables:
                for text in statement.resources:
                    found.open.update(_principal_tags(text))
        return found

    def _of_atom(self, statement: Statement, atom: Atom, found: Asked) -> None:
        key = atom.key.lower()
        if key.startswith(PRINCIPAL):
            name = key.removeprefix(PRINCIPAL)
            values = found.values.setdefault(name, {})
            for text in atom.values:
                if statement.with_variables and has_variable(text):
                    tags = list(map(tag_name, variable_keys(text)))
                    values.update({None: None, ANOTHER: None})
                    found.compared.setdefault(name, set()).update(filter(None, tags))
                    found.open.update([name] if None in tags or has_text_beside(text) else [])
                else:
                    values[instance(text)] = None
            if needs_others(read_operator(atom.operator), denies=statement.effect is Effect.DENY):
                more = self._asking.requested_tags.get(name, ())
                values.update(dict.fromkeys((None, ANOTHER, *more)))
            return
        for text in atom.values if statement.with_variables else ():
            for name in _principal_tags(text):
                tag = tag_name(key)
                if tag is None or has_text_beside(text):
                    found.open.add(name)
                if tag is not None:
                    found.compared.setdefault(name, set()).add(tag)
                    found.values.setdefault(name, {}).update({None: None, ANOTHER: None})

    def _of_resources(self, tags: Iterable[str], wanted: int | None) -> Iterator[str]:
        """The values that tags have on some secrets and their keys; None: on everything."""
        estate = self._estate
        if wanted is None:
            for tag in tags:
                if tag not in self._of_tag:
                    listed: list[Mapping[str, str]] = [
                        *(secret.tags for secret in estate.secrets),
                        *(tags_in(secret.key) for secret in estate.secrets),
                        *(caller.tags for caller in estate.callers),
                    ]
                    self._of_tag[tag] = tuple(dict.fromkeys(each[tag] for each in listed if tag in each))
                yield from self._of_tag[tag]
            return
        for tag in tags:
            for secret in (estate.secrets[position] for position in positions(wanted)):
                yield from (each[tag] for each in (secret.tags, tags_in(secret.key)) if tag in each)


def _principal_tags(text: str) -> list[str]:
    """The tags of the principal that a text's variables name."""
    return [key.removeprefix(PRINCIPAL) for key in variable_keys(text) if key.startswith(PRINCIPAL)]
