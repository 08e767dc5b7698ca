"""Who owns the OIDC provider of an issuer, when an account has one for all of its environments."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.ci.issuers import (
    FoundProvider,
    IssuerPlan,
    Ownership,
    identities_of,
    look_up_providers,
    plan_issuers,
)
from components.aws.ci.trusts import CiIdentity
from keyplan.errors import KeyplanError, UsageError
from tests.components.catalogues import ACCOUNT, EVERY_RUNTIME, ORGANIZATION, catalogue
from tests.components.recording import LookupRefused, record

GITHUB = "https://token.actions.githubusercontent.com"
ARN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
IDENTITY = CiIdentity(GITHUB, "sts.amazonaws.com", (("sub", ("x",)),))
OURS = {"managed-by": "keyplan", "environment": "prod"}


def planned(found: FoundProvider | None) -> IssuerPlan:
    return plan_issuers(ACCOUNT, "prod", [IDENTITY, IDENTITY], {GITHUB: found})[GITHUB]


AUDIENCE = ("sts.amazonaws.com",)
CASES: dict[str, tuple[FoundProvider | None, IssuerPlan]] = {
    "none yet": (None, IssuerPlan(GITHUB, ARN, AUDIENCE, Ownership.DECLARE)),
    "ours": (FoundProvider(ARN, AUDIENCE, OURS), IssuerPlan(GITHUB, ARN, AUDIENCE, Ownership.ADOPT)),
    "ours, with an audience of others": (
        FoundProvider(ARN, ("other",), OURS),
        IssuerPlan(GITHUB, ARN, ("other", *AUDIENCE), Ownership.ADOPT),
    ),
    "of our other environment": (
        FoundProvider(ARN, AUDIENCE, {**OURS, "environment": "dev"}),
        IssuerPlan(GITHUB, ARN, AUDIENCE, Ownership.REUSE),
    ),
    "of somebody else": (
        FoundProvider(ARN, (*AUDIENCE, "other"), {"environment": "prod"}),
        IssuerPlan(GITHUB, ARN, (*AUDIENCE, "other"), Ownership.REUSE),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_account_has_one_provider_for_all_of_its_environments(case: str) -> None:
    found, plan = CASES[case]
    assert planned(found) == plan


def test_a_foreign_provider_without_our_audience_is_not_touched_but_told_of() -> None:
    with pytest.raises(UsageError) as error:
        planned(FoundProvider(ARN, ("other",), {}))
    assert error.value.message == (
        f"the account's OIDC provider for `{GITHUB}` does not accept the audience `sts.amazonaws.com`, "
        "and it is not managed by environment prod"
    )
    assert error.value.hint == (
        "aws iam add-client-id-to-open-id-connect-provider "
        f"--open-id-connect-provider-arn {ARN} --client-id sts.amazonaws.com"
    )


def test_every_issuer_of_the_ci_consumers_is_asked_for_once() -> None:
    issuers = [identity.issuer for identity in identities_of(catalogue(consumers=EVERY_RUNTIME))]
    assert sorted(issuers) == [
        "https://agent.buildkite.com",
        "https://api.pulumi.com/oidc",
        "https://gitlab.example.com",
        f"https://oidc.circleci.com/org/{ORGANIZATION}",
        GITHUB,
    ]


def looked_up(answer: Any) -> FoundProvider | None:
    def lookup(arguments: Any) -> dict[str, Any]:
        assert arguments == {"url": GITHUB}
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    found: list[dict[str, FoundProvider | None]] = []
    record(
        lambda: found.append(look_up_providers([IDENTITY, IDENTITY])),
        lookups={"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": lookup},
    )
    assert list(found[0]) == [GITHUB]
    return found[0][GITHUB]


def test_a_provider_that_exists_is_found_with_its_audiences_and_tags() -> None:
    answer = {"arn": ARN, "clientIdLists": ["sts.amazonaws.com"], "tags": OURS}
    assert looked_up(answer) == FoundProvider(ARN, AUDIENCE, OURS)


@pytest.mark.parametrize(
    "words",
    [
        f"finding IAM OIDC Provider by url ({GITHUB}): not found",
        "reading IAM OIDC Provider: couldn't find resource",
    ],
)
def test_a_provider_that_is_missing_is_none(words: str) -> None:
    assert looked_up(LookupRefused(words)) is None


def test_a_lookup_that_fails_is_never_taken_for_a_missing_provider() -> None:
    with pytest.raises(KeyplanError) as error:
        looked_up(LookupRefused("AccessDenied: not authorized to perform iam:ListOpenIDConnectProviders"))
    assert error.value.message == (f"cannot find out whether the account has an OIDC provider for `{GITHUB}`")
    assert error.value.hint == (
        "the credentials need iam:ListOpenIDConnectProviders and iam:GetOpenIDConnectProvider"
    )
