"""Tokens that the trusts of roles describe themselves, so that a changed trust shows whom it lets in.

Of each statement that takes tokens of an OIDC provider: one token for each subject that it names, with a
plain name in place of its wildcards, and tokens of strangers, whom a trust without a subject takes. Which of
them a role takes is weighed elsewhere. Pure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from keyplan.audit.estate import Estate
from keyplan.audit.gate.tokens import STS, strangers
from keyplan.audit.policies.documents import Effect, Statement

OIDC = ":oidc-provider/"
SUBJECTS_MAX = 20  # of one statement; a hostile trust may name many
_COMPARING = ("stringequals", "stringlike", "stringequalsignorecase")


def sample_probes(*estates: Estate) -> list[dict[str, Any]]:
    """Probes as `oidc_probes` has them, each once; what every snapshot has comes last."""
    times: Counter[str] = Counter()
    for estate in estates:
        times.update(dict.fromkeys(map(_text, _of_estate(estate)), 1))
    return [json.loads(each) for each in sorted(times, key=times.__getitem__)]


def _text(probe: Mapping[str, Any]) -> str:
    return json.dumps(probe, sort_keys=True)


def _of_estate(estate: Estate) -> Iterator[Mapping[str, Any]]:
    for role in estate.roles:
        for statement in role.trust or ():
            for provider in _providers(statement):
                yield from _probes(statement, provider)


def _providers(statement: Statement) -> Iterator[str]:
    if statement.effect is Effect.ALLOW and statement.principals is not None:
        for kind, name in statement.principals.named:
            if kind == "Federated" and OIDC in name:
                yield name


def _probes(statement: Statement, provider: str) -> Iterator[dict[str, Any]]:
    host = provider.partition(OIDC)[2]
    claims = _compared(statement, host)
    subjects = claims.pop("sub", [])
    known: Mapping[str, str] = {"aud": STS, **{name: values[0] for name, values in claims.items()}}
    for subject in subjects[:SUBJECTS_MAX]:
        yield {"provider": provider, "claims": {**known, "sub": subject}}
    for stranger in strangers(host):
        yield {"provider": provider, "claims": {"aud": known["aud"], **stranger}}


def _compared(statement: Statement, host: str) -> dict[str, list[str]]:
    """The claims that a statement compares with texts, and examples of what fits."""
    found: dict[str, list[str]] = {}
    for atom in statement.atoms:
        operator = atom.operator.lower().rpartition(":")[2].removesuffix("ifexists")
        key = atom.key.lower()
        if operator in _COMPARING and key.startswith(f"{host}:".lower()) and atom.values:
            name = key[len(host) + 1 :]
            found.setdefault(name, []).extend(
                each.replace("*", "x").replace("?", "x") for each in atom.values
            )
    return found
