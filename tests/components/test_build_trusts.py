"""CodeBuild: who takes the role, and what a new role may do beside the reads."""

from __future__ import annotations

import json

from components.aws.plans import plan_environment
from components.aws.policy.documents import build_log_document
from components.aws.policy.trusts import codebuild_trust
from keyplan.catalogue import CodebuildSettings, Runtime
from tests.components.catalogues import ACCOUNT, CHINA, ROLE, catalogue, consumer, many

BUILDS = consumer("builds", Runtime.CODEBUILD, CodebuildSettings("evals", None))


def test_codebuild_takes_the_role_for_builds_of_one_project_alone() -> None:
    for account, arn in (
        (ACCOUNT, "arn:aws:codebuild:eu-west-1:123456789012:project/evals"),
        (CHINA, "arn:aws-cn:codebuild:cn-north-1:123456789012:project/evals"),
    ):
        assert codebuild_trust(account, CodebuildSettings("evals", None)) == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "BuildsOfThisProject",
                    "Effect": "Allow",
                    "Principal": {"Service": "codebuild.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": arn}
                    },
                }
            ],
        }


def test_a_new_role_writes_the_log_of_its_own_project() -> None:
    plan = plan_environment(catalogue(consumers=[BUILDS]), ACCOUNT).readers["builds"]
    assert plan.runtime_document is not None
    assert json.loads(plan.runtime_document) == build_log_document(ACCOUNT, "evals")
    [statement] = json.loads(plan.runtime_document)["Statement"]
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/codebuild/evals"
    assert statement["Resource"] == [group, f"{group}:*"]
    assert {action.partition(":")[0] for action in statement["Action"]} == {"logs"}


def test_the_projects_own_role_gets_the_policy_and_nothing_else() -> None:
    own = consumer("builds", Runtime.CODEBUILD, CodebuildSettings("evals", f"{ROLE}service-role/evals"))
    plan = plan_environment(catalogue(consumers=[own]), ACCOUNT).readers["builds"]
    assert (plan.trust, plan.runtime_document, len(plan.grants.inline), len(plan.grants.managed)) == (
        None,
        None,
        0,
        1,
    )
    assert plan.role_arn == f"{ROLE}service-role/evals"


def test_the_log_counts_among_the_inline_policies_of_the_role() -> None:
    """With a few dozen keys the reads alone would just fit; together they must not be over the quota."""
    for count in range(20, 60):
        plan = plan_environment(many(count, [BUILDS]), ACCOUNT).readers["builds"]
        inline = sum(grant_length(chunk) for chunk in [plan.grants.inline] if chunk)
        assert inline + len(plan.runtime_document or "") <= 10_240


def grant_length(chunk: object) -> int:
    """At least what the ARNs of a chunk take; the rest of a policy's text comes on top."""
    return sum(len(secret) for grant in chunk for secret in grant.secrets)  # type: ignore[attr-defined]
