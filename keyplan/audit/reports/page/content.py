"""What a page knows: the account, its verdicts and their reasons, findings, and what could not be read.

The same estate gives the same document: nothing in it tells when or where the page was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from keyplan.audit.baseline import Outcome
from keyplan.audit.chains import Graph, reached
from keyplan.audit.changers import Changer
from keyplan.audit.estate import Estate
from keyplan.audit.grants import Grant, grants_of
from keyplan.audit.outsiders import oidc_verdicts, outsiders
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.proof import key_name, state_of_key, state_of_secret
from keyplan.audit.reports import answers
from keyplan.audit.reports.page.interning import GradesTable, written
from keyplan.audit.reports.page.proofs import Requests, Statements

FORMAT = "keyplan-report/1"


def content(estate: Estate, graph: Graph) -> dict[str, Any]:
    """All that the snapshot says; principals, secrets and roles are numbers in everything but their lists."""
    secrets, roles, statements = GradesTable(), GradesTable(), Statements()
    document = {
        "format": FORMAT,
        "account": _account(estate),
        "principals": [caller.arn for caller in estate.callers],
        "roles": list(graph.role_number),
        "secrets": [_secret(estate, number) for number in range(len(estate.secrets))],
        "reads": [secrets.number(grades) for grades in graph.reads],
        "reach": [secrets.number(grades) for grades in reached(graph)],
        "becomes": [roles.number(grades) for grades in graph.becomes],
        "reading": Requests(estate.readers, statements, secrets).document(estate.callers),
        "decrypting": Requests((estate.decrypters,), statements, secrets).document(estate.callers),
        "assuming": Requests(estate.assuming, statements, roles).document(estate.callers),
        "granted": _granted(estate, secrets),
        "grants": _grants(estate),
        "tokens": list(oidc_verdicts(estate)),
        "outsiders": list(outsiders(estate)),
    }
    document |= {"ofSecrets": secrets.document(), "ofRoles": roles.document(), **statements.document()}
    return {**document, "problems": estate.problems()}


def _account(estate: Estate) -> dict[str, Any]:
    snapshot = estate.snapshot
    return {
        "id": snapshot.account,
        "others": [account for account in snapshot.details if account != snapshot.account],
        "region": snapshot.region,
        "at": snapshot.as_of,
    }


def _secret(estate: Estate, number: int) -> dict[str, str]:
    """`state` and `keyState` are a verdict and words, where the secret's own or its key's is a hindrance."""
    secret = estate.secrets[number]
    found = {"arn": secret.arn, "name": secret.name, "key": key_name(secret)}
    for name, (verdict, words) in (
        ("state", state_of_secret(secret)),
        ("keyState", state_of_key(estate, secret, number)),
    ):
        if verdict is not Verdict.ALLOW:
            found |= {name: words, f"{name}Verdict": verdict.word}
    return found


def _granted(estate: Estate, secrets: GradesTable) -> list[int]:
    """By principal what grants of keys give it or its account."""
    found = []
    for caller in estate.callers:
        direct, to_account = estate.decrypters.granted(caller)
        found.append(secrets.number(direct.join(to_account)))
    return found


def _grants(estate: Estate) -> dict[str, list[dict[str, str]]]:
    """The grants of each key, with the sets of the principals and of the secrets that they are for."""
    found: dict[str, dict[str, tuple[Grant, int]]] = {}
    for number, secret in enumerate(estate.secrets):
        for grant in grants_of(secret):
            of_key = found.setdefault(key_name(secret), {})
            of_key[grant.text] = (grant, of_key.get(grant.text, (grant, 0))[1] | 1 << number)
    return {
        key: [
            {"name": f"grant {each.identity}", "text": text, "to": _takers(estate, each), "of": written(mask)}
            for text, (each, mask) in grants.items()
        ]
        for key, grants in found.items()
    }


def _takers(estate: Estate, grant: Grant) -> str:
    return written(sum(1 << number for number, caller in enumerate(estate.callers) if grant.is_for(caller)))


def gate_content(outcome: Outcome, environment: str) -> dict[str, Any]:
    """The gate's findings, with the name of the environment that the account was held against."""
    return {"environment": environment, **answers.gate(outcome)}


def changers_content(estate: Estate, found: Iterable[Changer]) -> list[dict[str, Any]]:
    """Who could change the answer; what is the same for several secrets is one entry.

    `secrets` is the set of their numbers, and no `through` is each secret itself.
    """
    number_of = {caller.arn: number for number, caller in enumerate(estate.callers)}
    position_of = {secret.arn: number for number, secret in enumerate(estate.secrets)}
    shared: dict[Changer, int] = {}
    for each in found:
        through = "" if each.through == each.secret else each.through
        alike = replace(each, secret="", through=through)
        shared[alike] = shared.get(alike, 0) | 1 << position_of[each.secret]
    return [
        {
            "principal": number_of[each.principal],
            "verdict": each.verdict.word,
            "how": each.how,
            "through": each.through,
            "message": each.message,
            "path": [number_of[arn] for arn in each.path],
            "reads": each.reads.word,
            "secrets": written(mask),
        }
        for each, mask in shared.items()
    ]
