"""Actions, resources, their negations, and variables, as AWS's documents have them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.accounts import READ, SECRET, allow, deny, document, role, user, when
from tests.audit.aws_cases import ALLOW, DENY, IAM, OPEN, UNKNOWN, Case, ann

LOGIC = f"Policy evaluation logic: {IAM}/reference_policies_evaluation-logic.html"
ACTION = f"IAM JSON policy elements: Action: {IAM}/reference_policies_elements_action.html"
NOT_ACTION = f"IAM JSON policy elements: NotAction: {IAM}/reference_policies_elements_notaction.html"
RESOURCE = f"IAM JSON policy elements: Resource: {IAM}/reference_policies_elements_resource.html"
NOT_RESOURCE = f"IAM JSON policy elements: NotResource: {IAM}/reference_policies_elements_notresource.html"
VARIABLES = f"IAM policy elements: Variables and tags: {IAM}/reference_policies_variables.html"
VERSION = f"IAM JSON policy elements: Version: {IAM}/reference_policies_elements_version.html"
GRAMMAR = f"Grammar of the IAM JSON policy language: {IAM}/reference_policies_grammar.html"


def without(statement: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {**{key: value for key, value in statement.items() if key not in names}, **more}


NOT_IAM = without(allow(), "Action", NotAction="iam:*")
HEAD, TAIL = SECRET.split(":secret:")
TEAM = [{"Key": "team", "Value": "prod"}]

CASES = {
    "nothing is allowed by default": Case(DENY, LOGIC, user("ann")),
    "an allow lets in": Case(ALLOW, LOGIC, ann(allow())),
    "an explicit deny wins over an allow of the same policy": Case(DENY, LOGIC, ann(allow(), deny())),
    "an explicit deny wins whatever the order": Case(DENY, LOGIC, ann(deny(), allow())),
    "an explicit deny of another policy wins": Case(
        DENY, LOGIC, user("ann", document(allow("*")), document(deny()))
    ),
    "a deny about something else takes nothing": Case(ALLOW, LOGIC, ann(allow(), deny("s3:*"))),
    "an action's name has no case": Case(ALLOW, ACTION, ann(allow("SECRETSMANAGER:getsecretVALUE"))),
    "a star stands for any characters of an action": Case(ALLOW, ACTION, ann(allow("secretsmanager:Get*"))),
    "a star stands for none, too": Case(ALLOW, ACTION, ann(allow(f"{READ}*"))),
    "a star may stand in the middle": Case(ALLOW, ACTION, ann(allow("secretsmanager:*Value"))),
    "a question mark stands for one character": Case(ALLOW, ACTION, ann(allow(READ[:-1] + "?"))),
    "a question mark stands for no fewer": Case(DENY, ACTION, ann(allow(f"{READ}?"))),
    "one of several actions is enough": Case(ALLOW, ACTION, ann(allow(["s3:*", READ]))),
    "the action of another service is another action": Case(DENY, ACTION, ann(allow("ssm:Get*"))),
    "NotAction allows everything else": Case(ALLOW, NOT_ACTION, ann(NOT_IAM)),
    "NotAction does not allow what it names": Case(
        DENY, NOT_ACTION, ann(without(allow(), "Action", NotAction=["iam:*", "secretsmanager:Get*"]))
    ),
    "NotAction with Deny denies everything else": Case(
        DENY, NOT_ACTION, ann(allow(), {**NOT_IAM, "Effect": "Deny"})
    ),
    "NotAction with Deny leaves what it names": Case(
        ALLOW, NOT_ACTION, ann(allow(), without(deny(), "Action", NotAction=[READ, "kms:Decrypt"]))
    ),
    "a resource is its ARN": Case(ALLOW, RESOURCE, ann(allow(READ, SECRET))),
    "a resource's name has its case": Case(DENY, RESOURCE, ann(allow(READ, SECRET.replace("prod", "Prod")))),
    "a star in a resource goes over slashes": Case(ALLOW, RESOURCE, ann(allow(READ, f"{HEAD}:secret:p*f"))),
    "a star that ends a segment goes over colons": Case(
        ALLOW, RESOURCE, ann(allow(READ, f"arn:aws:secretsmanager:*:secret:{TAIL}"))
    ),
    "a star at the end covers the rest": Case(ALLOW, RESOURCE, ann(allow(READ, "arn:aws:secretsmanager:*"))),
    "a star inside a segment has its segment alone, which is enough here": Case(
        ALLOW, RESOURCE, ann(allow(READ, SECRET.replace("eu-west-1", "eu-*-1")))
    ),
    "what a star inside a segment would need a colon for is said to be unknown": Case(
        UNKNOWN, RESOURCE, ann(allow(READ, f"arn:aws:secrets*3:secret:{TAIL}"))
    ),
    "a question mark is one character of a resource": Case(
        ALLOW, RESOURCE, ann(allow(READ, SECRET[:-6] + "??????"))
    ),
    "five question marks are not six": Case(DENY, RESOURCE, ann(allow(READ, SECRET[:-6] + "?????"))),
    "without its suffix the ARN is another": Case(DENY, RESOURCE, ann(allow(READ, SECRET[:-7]))),
    "NotResource allows every other": Case(
        ALLOW, NOT_RESOURCE, ann(without(allow(), "Resource", NotResource=f"{HEAD}:secret:dev/*"))
    ),
    "NotResource does not allow what it names": Case(
        DENY, NOT_RESOURCE, ann(without(allow(), "Resource", NotResource=[f"{HEAD}:secret:prod/*"]))
    ),
    "NotResource with Deny denies every other": Case(
        DENY, NOT_RESOURCE, ann(allow(), without(deny(), "Resource", NotResource=f"{HEAD}:secret:dev/*"))
    ),
    "a variable is the caller's own value": Case(
        ALLOW,
        VARIABLES,
        ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}/*"), Tags=TEAM),
    ),
    "a variable's name has no case": Case(
        ALLOW, VARIABLES, ann(allow(READ, f"{HEAD}:secret:${{AWS:principaltag/TEAM}}/*"), Tags=TEAM)
    ),
    "a variable without a value makes the statement not match": Case(
        DENY, VARIABLES, ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}*"))
    ),
    "a variable without a value makes a denial not match": Case(
        ALLOW, VARIABLES, ann(allow(), deny(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}*"))
    ),
    "a default stands in for the value that is missing": Case(
        ALLOW, VARIABLES, ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team, 'prod'}}/*"))
    ),
    "a default does not stand in for a value that is there": Case(
        DENY,
        VARIABLES,
        ann(
            allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team, 'prod'}}/*"),
            Tags=[{"Key": "team", "Value": "dev"}],
        ),
    ),
    "a star in a value is no wildcard": Case(
        DENY,
        VARIABLES,
        ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}"), Tags=[{"Key": "team", "Value": "*"}]),
    ),
    "a literal star is no wildcard": Case(DENY, VARIABLES, ann(allow(READ, f"{HEAD}:secret:${{*}}"))),
    "a literal question mark is no wildcard": Case(DENY, VARIABLES, ann(allow(READ, SECRET[:-1] + "${?}"))),
    "a literal dollar is a dollar": Case(DENY, VARIABLES, ann(allow(READ, f"{HEAD}:secret:${{$}}*"))),
    "a variable that a role's session has alone is open": Case(
        OPEN, VARIABLES, role("r", document(allow(READ, f"{HEAD}:secret:${{aws:SourceIp}}*")))
    ),
    "a user's name is no variable of a role": Case(
        DENY, VARIABLES, role("r", document(allow(READ, f"{HEAD}:secret:${{aws:username}}*")))
    ),
    "in the older version a variable is text": Case(
        DENY,
        VERSION,
        ann(allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}/*"), version="2008-10-17", Tags=TEAM),
    ),
    "without a Version it is the older one": Case(
        DENY,
        VERSION,
        user("ann", {"Statement": [allow(READ, f"{HEAD}:secret:${{aws:PrincipalTag/team}}/*")]}, Tags=TEAM),
    ),
    "the effect has its case": Case(UNKNOWN, GRAMMAR, ann({**allow(), "Effect": "allow"})),
    "an element has its case": Case(UNKNOWN, GRAMMAR, ann(without(allow(), "Action", action=READ))),
    "a statement may stand alone": Case(ALLOW, GRAMMAR, user("ann", {"Statement": allow()})),
    "an element may be empty nowhere": Case(UNKNOWN, GRAMMAR, ann(allow([]))),
    "an identity's policy names no principal": Case(UNKNOWN, GRAMMAR, ann({**allow(), "Principal": "*"})),
    "an identity's policy names resources": Case(UNKNOWN, GRAMMAR, ann(without(allow(), "Resource"))),
    "a condition may be empty": Case(ALLOW, GRAMMAR, ann(allow(**when()))),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_statement_is_what_the_document_says(case: Case) -> None:
    assert case.verdict() is case.expected, case.source
