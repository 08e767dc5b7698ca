"""The gate in any account: strangers are exactly those who reach a key and are not listed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from keyplan.audit.chains import reaches
from keyplan.audit.estate import Estate
from keyplan.audit.gate import CODES, findings
from keyplan.audit.matrix import graph_of
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.snapshot import read_snapshot
from keyplan.manifest.model import SecretLocation
from tests.audit.gated import (
    consumer,
    manifest,
)
from tests.audit.random_accounts import ARNS, SECRETS, accounts


@settings(max_examples=25, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(account=accounts(), lockdown=st.booleans())
def test_of_any_account_exactly_those_who_reach_a_key_and_are_not_listed_are_strangers(
    account: dict[str, Any], lockdown: bool
) -> None:
    estate = Estate(read_snapshot(account))
    graph = graph_of(estate)
    held = manifest(consumer(role_arn=ARNS[2]), lockdown=lockdown)
    its_key = replace(held.keys["anthropic"], aws=SecretLocation("prod/a", SECRETS[0], "ANTHROPIC_API_KEY"))
    found = findings(estate, graph, replace(held, keys={"anthropic": its_key}))
    strangers = {
        (each.principal, each.verdict, each.path)
        for each in found
        if each.code in ("unlisted-reader", "administrator")
    }
    assert strangers == {
        (caller.arn, reach.verdict.word, tuple(estate.callers[step].arn for step in reach.path))
        for number, caller in enumerate(estate.callers)
        for reach in reaches(graph, number)
        if estate.secrets[reach.secret].arn == SECRETS[0] and caller.arn != ARNS[2]
    }
    reader = next(caller for caller in estate.callers if caller.arn == ARNS[2])
    position = [secret.arn for secret in estate.secrets].index(SECRETS[0])
    sure = estate.reads(reader).verdict(1 << position) is Verdict.ALLOW
    assert sure != any(each.code == "listed-without-access" for each in found)
    assert all(each.message and each.code in CODES for each in found)
