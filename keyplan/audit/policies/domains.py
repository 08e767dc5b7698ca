"""What is asked: the resources of one action, and what its requests have for the condition keys.

Source: Service Authorization Reference, AWS Secrets Manager (GetSecretValue), AWS Key Management Service
(Decrypt), AWS Security Token Service (AssumeRole); Secrets Manager User Guide, "Secret encryption and
decryption" (the encryption context, and that it calls KMS for the caller); checked 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from keyplan.audit.callers import of_organization
from keyplan.audit.policies.keys import is_absent, opened
from keyplan.audit.policies.lines import Asker, Indexed
from keyplan.audit.policies.values import Known, Missing, Open, Spread, Value
from keyplan.audit.policies.wildcards import Index
from keyplan.audit.snapshot import Organization
from keyplan.audit.tags import tag_value

_CALLER_ACCOUNT = "kms:calleraccount"  # what callers know of themselves, and only calls of KMS say


class Domain:
    """The resources of one action, by position, and its requests."""

    def __init__(
        self,
        action: str,
        arns: Sequence[str],
        *,
        known: Mapping[str, tuple[str, ...]],
        constant: Mapping[str, Value],
        tables: Mapping[str, Sequence[Value]],
        tags: Mapping[str, Sequence[Mapping[str, str]]],
        tags_are_chosen: bool = False,
    ) -> None:
        """
        Args:
            known: the snapshot's context, which wins over everything.
            constant: keys that have one value in every request.
            tables: keys whose value is the resource's, by position.
            tags: families of keys (`aws:resourcetag/`) and the tags behind them, by position.
            tags_are_chosen: whether who asks may say what a tag is, in place of the resource's own.
        """
        self.action = action
        self._arns = arns
        self.index = Index.of_texts(arns)
        self.everything = self.index.everything
        self.strange: set[str] = set()
        self._known = {key: Known(values) for key, values in known.items()}
        self._constant = self.constant = constant
        self._tables = tables
        self._tags = tags
        self._tags_are_chosen = tags_are_chosen
        self._spreads: dict[str, Spread] = {}
        self._indexes: dict[str, Indexed | None] = {}

    def asked(
        self,
        action: str,
        *,
        constant: Mapping[str, Value],
        arns: Sequence[str] | None = None,
        known: Mapping[str, tuple[str, ...]] | None = None,
        tags_are_chosen: bool = False,
    ) -> Domain:
        """The same resources in requests of another action; `constant` wins over their own values."""
        return Domain(
            action,
            self._arns if arns is None else arns,
            known={key: value.values for key, value in self._known.items()} if known is None else known,
            constant=constant,
            tables=self._tables,
            tags=self._tags,
            tags_are_chosen=tags_are_chosen,
        )

    def with_chosen_tags(self) -> Domain:
        """The same requests, about resources whose tags somebody may have changed first."""
        return self.asked(self.action, constant=self.constant, tags_are_chosen=True)

    def spread(self, key: str, asker: Asker) -> Spread:
        """What a request has for a key, by resource."""
        of_resource = self._of_resource(key)
        if of_resource is not None:
            chosen = asker.value(key) if self._may_choose(key) else None
            return of_resource if chosen is None else ((chosen, self.everything),)
        return ((self._value(key, asker), self.everything),)

    def indexed(self, key: str) -> Indexed | None:
        """The same for a key whose value is the resource's, or absent: ready to be searched."""
        if key not in self._indexes:
            self._indexes[key] = None if self._may_choose(key) else self._index_of(key)
        return self._indexes[key]

    def _may_choose(self, key: str) -> bool:
        return self._tags_are_chosen and key.startswith(tuple(self._tags))

    def _index_of(self, key: str) -> Indexed | None:
        spread = self._of_resource(key)
        if spread is None:
            return None
        places: dict[str, int] = {}
        absent = 0
        for value, mask in spread:
            if value is Missing.ABSENT:
                absent |= mask
            elif isinstance(value, Known) and len(value.values) == 1:
                places[value.values[0]] = mask
            else:
                return None
        return Indexed(Index(places, self.everything), self.everything & ~absent, absent)

    def _value(self, key: str, asker: Asker) -> Value:
        value = self._known.get(key) or self._constant.get(key)
        if value is None and (key != _CALLER_ACCOUNT or self.action.startswith("kms:")):
            value = asker.value(key)
        if value is not None:
            return value
        always = opened(self.action, key)
        if always is not None:
            return Open(always)
        if is_absent(self.action, key):
            return Missing.ABSENT
        self.strange.add(key)
        return Missing.STRANGE

    def _of_resource(self, key: str) -> Spread | None:
        if key in self._known or key in self._constant:
            return None
        if key not in self._spreads:
            values = self._tables.get(key) or self._of_tags(key)
            if values is None:
                return None
            self._spreads[key] = spread_of(values)
        return self._spreads[key]

    def _of_tags(self, key: str) -> Sequence[Value] | None:
        for family, tags in self._tags.items():
            if key.startswith(family):
                name = key.removeprefix(family)
                return [tag_value(each, name) for each in tags]
        return None


def spread_of(values: Iterable[Value]) -> Spread:
    """Values by position, as each value with its positions."""
    found: dict[Value, int] = {}
    for position, value in enumerate(values):
        found[value] = found.get(value, 0) | (1 << position)
    return tuple(found.items())


def masks_of(texts: Iterable[str]) -> dict[str, int]:
    """Texts by position, as each text with its positions."""
    found: dict[str, int] = {}
    for position, text in enumerate(texts):
        found[text] = found.get(text, 0) | (1 << position)
    return found


def account_tables(accounts: Sequence[str], organization: Organization | None) -> dict[str, Sequence[Value]]:
    """The keys that say whose a resource is."""
    of_org: Callable[[str, str], Value] = lambda account, key: of_organization(organization, account, key)  # noqa: E731
    return {
        "aws:resourceaccount": [Known((account,)) for account in accounts],
        "aws:resourceorgid": [of_org(account, "orgid") for account in accounts],
        "aws:resourceorgpaths": [of_org(account, "orgpaths") for account in accounts],
    }


def direct_call() -> dict[str, Value]:
    """What a call has that a principal makes itself. The endpoints answer over TLS only."""
    return {
        "aws:securetransport": Known(("true",)),
        "aws:viaawsservice": Known(("false",)),
        "aws:calledvia": Missing.ABSENT,
        "aws:calledviafirst": Missing.ABSENT,
        "aws:calledvialast": Missing.ABSENT,
    }


def call_through(service: str) -> dict[str, Value]:
    """What a call has that a service makes for the caller, with the caller's own permissions."""
    return {
        "aws:securetransport": Known(("true",)),
        "aws:viaawsservice": Known(("true",)),
        "aws:calledvia": Known((service,)),
        "aws:calledviafirst": Known((service,)),
        "aws:calledvialast": Known((service,)),
        "aws:sourceip": Open(False),
    }
