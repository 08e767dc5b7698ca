"""The explanations of the page are those of the command: every pair of random accounts, in a real browser."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from keyplan.audit import proof
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of
from keyplan.audit.reports import answers
from keyplan.audit.reports.page.content import content
from keyplan.audit.reports.page.shell import as_script_data
from tests.audit.accounts import KEY, SECRET, document, key, role, secret, snapshot, user
from tests.audit.random_accounts import accounts
from tests.audit_page.browser import Browser
from tests.audit_page.example import estate_of, example_snapshot
from tests.audit_page.test_audit_page_text import STATIC


@settings(max_examples=25)
@given(accounts())
def test_every_proof_in_the_page_is_the_one_that_the_command_prints(
    the_browser: Browser, account: dict[str, Any]
) -> None:
    assert_same_proofs(the_browser, estate_of(account))


def test_the_proofs_of_the_example_are_those_of_the_command(browser: Browser) -> None:
    assert_same_proofs(browser, estate_of(example_snapshot()))


def assert_same_proofs(browser: Browser, estate: Estate) -> None:
    graph = graph_of(estate)
    expected = [
        answers.proof(*proof.path(estate, graph, principal, secret))
        for principal in range(len(estate.callers))
        for secret in range(len(estate.secrets))
    ]
    assert json.loads(browser.run(all_proofs(estate))) == json.loads(json.dumps(expected))


def all_proofs(estate: Estate) -> str:
    """A program that answers for every pair with the parts of the page's own that know the report."""
    parts = "".join((STATIC / f"{name}.js").read_text() for name in ("text", "sets", "report"))
    known = as_script_data(content(estate, graph_of(estate)))
    return f"""(() => {{
        document.getElementById("report")?.remove();
        const data = Object.assign(document.createElement("data"), {{ id: "report" }});
        data.textContent = {json.dumps(known)};
        document.documentElement.append(data);
        {parts}
        const inWords = (each) => ({{ ...each, verdict: WORDS[each.verdict] }});
        const stepInWords = ({{ failsFirst, ...step }}) => (
            {{ ...inWords(step), fails_first: failsFirst, statements: step.statements.map(inWords) }});
        return JSON.stringify(principals.flatMap((_, principal) => secrets.map((_, secret) => {{
            const {{ verdict, steps }} = proofOf(principal, secret);
            return {{ verdict: WORDS[verdict], steps: steps.map(stepInWords) }};
        }})));
    }})()"""


def test_grants_states_of_keys_and_requests_of_several_forms_are_explained_alike(browser: Browser) -> None:
    ann = "arn:aws:iam::111122223333:user/ann"
    grants = [
        {"GranteePrincipal": ann, "Operations": ["Decrypt"], "GrantId": "g1"},
        {"GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["Decrypt"], "GrantId": "g2"},
        {"GranteePrincipal": ann, "Operations": ["Encrypt"], "GrantId": "g3"},
        {
            "GranteePrincipal": ann, "Operations": ["Decrypt"], "GrantId": "g4",
            "Constraints": {"EncryptionContextSubset": {"SecretARN": SECRET}},
        },
    ]  # fmt: skip
    another = {"ARN": SECRET.replace("anthropic", "another"), "Name": "prod/another-api-key"}
    by_name = {"StringEquals": {"secretsmanager:SecretId": "prod/anthropic-api-key"}}
    reads = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    account = snapshot(
        user("ann", document({**reads, "Condition": by_name})),
        role("reader", document(reads)),
        secrets=[secret(KmsKeyId=KEY), secret(KmsKeyId=KEY, **another)],
        kms_keys=[key(document(), Grants=grants, KeyState="Disabled")],
    )
    assert_same_proofs(browser, estate_of(account))
    usable = {**account, "kms_keys": [key(document(), Grants=grants)]}
    assert_same_proofs(browser, estate_of(usable))
