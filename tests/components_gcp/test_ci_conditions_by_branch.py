"""Branches at CircleCI and operations at Pulumi, on Google Cloud, evaluated on documented claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.gcp.ci.trusts import ci_identity
from keyplan.catalogue import Runtime
from keyplan.ci_settings import CircleciSettings, PulumiDeploymentsSettings
from keyplan.errors import UsageError
from tests.components.catalogues import ORGANIZATION, PROJECT
from tests.components_gcp.catalogues import on_gcp
from tests.components_gcp.expressions import EvaluationError, evaluate

ORIGIN = "github.com/example/changelog"
USER = "55555555-2222-4333-8444-555555555555"
CIRCLECI = on_gcp(
    "changelog", Runtime.CIRCLECI, CircleciSettings(ORGANIZATION, PROJECT, ORIGIN, ("main", "release/*"))
)
PULUMI = on_gcp(
    "stack", Runtime.PULUMI_DEPLOYMENTS, PulumiDeploymentsSettings("example", "shop", "prod", ("update",))
)


def accepts(consumer: Any, token: Mapping[str, Any]) -> bool:
    """What Google does with a token: an error of the evaluation refuses it."""
    try:
        return evaluate(ci_identity(consumer).condition, token) is True
    except EvaluationError:
        return False


def circleci(ref: str = "refs/heads/main", origin: str = ORIGIN, **changes: str) -> dict[str, str]:
    """The claims of `CIRCLE_OIDC_TOKEN_V2`."""
    return {
        "sub": f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}/vcs-origin/{origin}/vcs-ref/{ref}",
        "oidc.circleci.com/project-id": PROJECT,
        "oidc.circleci.com/vcs-origin": origin,
        "oidc.circleci.com/vcs-ref": ref,
        **changes,
    }


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param(circleci(), True, id="the branch"),
        pytest.param(circleci("refs/heads/release/2"), True, id="a branch of the pattern"),
        pytest.param(circleci("refs/heads/feature"), False, id="another branch"),
        pytest.param(circleci("refs/heads/main2"), False, id="a branch that begins alike"),
        pytest.param(circleci("refs/tags/main"), False, id="a tag of the branch's name"),
        pytest.param(circleci(origin="github.com/stranger/changelog"), False, id="a fork's branch"),
        pytest.param(circleci("refs/heads/x/vcs-ref/refs/heads/main"), False, id="a branch that pretends"),
        pytest.param(circleci(**{"oidc.circleci.com/project-id": ORGANIZATION}), False, id="another project"),
    ],
)
def test_circleci_reads_from_the_named_branches_of_the_repository(
    token: dict[str, str], expected: bool
) -> None:
    assert accepts(CIRCLECI, token) is expected


@pytest.mark.parametrize("claim", ["vcs-ref", "vcs-origin", "project-id"])
def test_a_pipeline_of_a_custom_webhook_has_no_such_claim_and_is_refused(claim: str) -> None:
    token = circleci()
    del token[f"oidc.circleci.com/{claim}"]
    assert not accepts(CIRCLECI, token)


def test_the_longest_branch_is_not_in_the_subject_of_the_audit_log() -> None:
    subject = evaluate(
        ci_identity(CIRCLECI).mapping(CIRCLECI)["google.subject"], circleci(f"refs/heads/release/{'x' * 200}")
    )
    assert subject == f"changelog:{USER}"


def pulumi(operation: str = "update", stack: str = "prod", organization: str = "example") -> dict[str, str]:
    """A deployment's claims."""
    place = f"org:{organization}:project:shop:stack:{stack}"
    return {
        "sub": f"pulumi:deploy:{place}:operation:{operation}:scope:write",
        "org": organization,
        "project": "shop",
        "stack": stack,
        "operation": operation,
    }


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param(pulumi(), True, id="an update"),
        pytest.param(pulumi("preview"), False, id="a preview, as a pull request starts it"),
        pytest.param(pulumi("destroy"), False, id="an operation that is not named"),
        pytest.param(pulumi(stack="pr-shop-7"), False, id="a review stack"),
        pytest.param(pulumi(organization="stranger"), False, id="another organization"),
    ],
)
def test_pulumi_deployments_reads_in_the_named_operations_of_the_stack(
    token: dict[str, str], expected: bool
) -> None:
    assert accepts(PULUMI, token) is expected


def test_pulumis_token_is_for_the_organization() -> None:
    identity = ci_identity(PULUMI)
    assert (identity.issuer, identity.audiences) == ("https://api.pulumi.com/oidc", ("example",))


def test_a_stack_without_an_operation_is_refused() -> None:
    nobody = PulumiDeploymentsSettings("example", "shop", "prod", ())
    with pytest.raises(UsageError):
        ci_identity(on_gcp("stack", Runtime.PULUMI_DEPLOYMENTS, nobody))
