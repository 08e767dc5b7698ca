"""Who could change access by tags, against accounts whose tags are changed in every way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from keyplan.audit.matrix import graph_of, reach
from keyplan.audit.policies.grades import Verdict
from tests.audit.accounts import allow, deny, details, document, estate_of, secret, snapshot, user, when
from tests.audit_changers.small_accounts import DECRYPTS, can, rows

VALUES = {"team": (None, "a", "b", "c"), "stage": (None, "x", "y")}
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:%s/team": "a"}},
    {"StringNotEquals": {"aws:%s/team": "b"}},
    {"StringLike": {"aws:%s/team": ["a", "b*"]}},
    {"StringEquals": {"aws:%s/team": "b", "aws:%s/stage": "x"}},
    {"StringNotEqualsIfExists": {"aws:%s/stage": "x"}},
    {"Null": {"aws:%s/stage": "true"}},
    {"Null": {"aws:%s/team": "false"}},
    {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
]
READERS = ("bob", "cleo")
SEEDS = range(30)


def _tags(chance: random.Random) -> dict[str, str | None]:
    return {name: chance.choice(values) for name, values in VALUES.items()}


def _listed(tags: dict[str, str | None]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items() if value is not None]


def _policy(chance: random.Random, about: str) -> Any:
    def lines() -> Any:
        chosen = chance.choice(CONDITIONS)
        return {
            operator: {key.replace("%s", about): value for key, value in keys.items()}
            for operator, keys in chosen.items()
        }

    denials = [deny(**when(**lines()))] if chance.random() < 0.5 else []
    return document(allow(**when(**lines())), *denials, DECRYPTS)


def _account(seed: int, about: str, *calls: str) -> dict[str, Any]:
    """One who changes tags, two who read by tags, and a secret."""
    chance = random.Random(seed)  # noqa: S311 - no secret is made of it
    readers = [user(name, _policy(chance, about), Tags=_listed(_tags(chance))) for name in READERS]
    everybody = details(user("ann", can(*calls)), *readers)
    return snapshot(authorization_details=everybody, secrets=[secret(Tags=_listed(_tags(chance)))])


def _reads(whole: dict[str, Any]) -> set[str]:
    estate = estate_of(**whole)
    return {each["principal"] for each in reach(estate, graph_of(estate)) if each["verdict"] == "allow"}


def _assignments() -> Iterator[list[dict[str, str]]]:
    for picked in itertools.product(*VALUES.values()):
        yield _listed(dict(zip(VALUES, picked, strict=True)))


def _listed_as_changers(whole: dict[str, Any]) -> set[str]:
    return {row.how for row in rows(whole) if row.verdict is Verdict.ALLOW}


def test_who_may_set_a_secrets_tags_is_listed_where_some_tags_let_somebody_else_read() -> None:
    found = []
    for seed in SEEDS:
        whole = _account(seed, "ResourceTag", "secretsmanager:TagResource", "secretsmanager:UntagResource")
        now = _reads(whole)
        then = [_reads({**whole, "secrets": [secret(Tags=tags)]}) - now for tags in _assignments()]
        assert (seed, _listed_as_changers(whole)) == (seed, {"secret-tags"} if any(then) else set())
        found.append(any(then))
    assert len(set(found)) == 2


def test_who_may_set_principals_tags_is_listed_where_some_tags_let_one_of_them_read() -> None:
    found = []
    for seed in SEEDS:
        whole = _account(seed, "PrincipalTag", "iam:TagUser", "iam:UntagUser")
        now, then = _reads(whole), set()
        for name, tags in itertools.product(READERS, _assignments()):
            users = [
                {**each, "Tags": tags} if each["UserName"] == name else each
                for each in whole["authorization_details"]["UserDetailList"]
            ]
            then |= _reads({**whole, "authorization_details": details(*users)}) - now
        assert (seed, _listed_as_changers(whole)) == (seed, {"principal-tags"} if then else set())
        found.append(bool(then))
    assert len(set(found)) == 2


def test_whoever_may_only_take_tags_away_is_listed_where_their_absence_lets_somebody_read() -> None:
    for seed in SEEDS:
        whole = _account(seed, "ResourceTag", "secretsmanager:UntagResource")
        kept = {each["Key"]: each["Value"] for each in whole["secrets"][0]["Tags"]}
        fewer = [
            _listed(dict(zip(names, map(kept.get, names), strict=True)))
            for size in range(len(kept) + 1)
            for names in itertools.combinations(kept, size)
        ]
        now = _reads(whole)
        gains = any(_reads({**whole, "secrets": [secret(Tags=tags)]}) - now for tags in fewer)
        assert (seed, _listed_as_changers(whole)) == (seed, {"secret-tags"} if gains else set())
