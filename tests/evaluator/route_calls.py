"""Decide what AWS would decide about calls of models on Amazon Bedrock and about identity tokens, for tests.

Independent of the code that writes the policies, as the rest of the evaluator.
Sources (2026-11-21): Amazon Bedrock User Guide, "Geographic cross-Region inference" (the model of every
destination region is authorized) and "Global cross-Region inference" (the profile, the model here, and the
model without a region, for which aws:RequestedRegion is `unspecified`; bedrock:InferenceProfileArn comes with
models and not with profiles); IAM User Guide, "Controlling access with IAM policies" of outbound federation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.evaluator.policy_evaluator import Principal, Request, Verdict, decide, principal_context

INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
# A few regions of each geography: what matters is that a profile sends calls where they were not made.
DESTINATIONS = {
    "eu.": ("eu-west-1", "eu-central-1", "eu-north-1"),
    "us.": ("us-east-1", "us-west-2"),
    "global.": ("",),
}


@dataclass(frozen=True)
class Place:
    """Where a call is made."""

    region: str = "eu-west-1"
    account_id: str = "123456789012"
    partition: str = "aws"

    def model(self, name: str, region: str | None = None) -> str:
        where = self.region if region is None else region
        return f"arn:{self.partition}:bedrock:{where}::foundation-model/{name}"

    def own(self, resource: str) -> str:
        return f"arn:{self.partition}:bedrock:{self.region}:{self.account_id}:{resource}"


def _one(principal: Principal, action: str, resource: str, region: str, profile: str | None) -> Verdict:
    context = {**principal_context(principal), "aws:RequestedRegion": region or "unspecified"}
    if profile is not None:
        context["bedrock:InferenceProfileArn"] = profile
    request = Request(principal, action, resource, context)
    return decide(request, None, principal.account_id, needs_resource=False)


def can_call(principal: Principal, place: Place, model: str, action: str = INVOKE[0]) -> Verdict:
    """Whether `principal` may call a model in `place` by its name, or by the id of a system-defined profile:
    `anthropic.claude-x` or `eu.anthropic.claude-x`."""
    geography = next((prefix for prefix in DESTINATIONS if model.startswith(prefix)), None)
    if geography is None:
        return _one(principal, action, place.model(model), place.region, None)
    profile = place.own(f"inference-profile/{model}")
    return _all(principal, action, place, [profile], model.removeprefix(geography), geography)


def can_call_by_application_profile(
    principal: Principal, place: Place, id_: str, model: str, action: str = INVOKE[0]
) -> Verdict:
    """The same by a profile that the account made of a system-defined one.

    Which of the two the models' checks name is documented nowhere: both ways have to be allowed.
    """
    geography = next(prefix for prefix in DESTINATIONS if model.startswith(prefix))
    profiles = [
        place.own(f"application-inference-profile/{id_}"),
        place.own(f"inference-profile/{model}"),
    ]
    return _all(principal, action, place, profiles, model.removeprefix(geography), geography)


def _all(
    principal: Principal, action: str, place: Place, profiles: Sequence[str], model: str, geography: str
) -> Verdict:
    verdicts = [_one(principal, action, profile, place.region, None) for profile in profiles]
    verdicts += [
        _one(principal, action, place.model(model, region), region, profile)
        for region in (place.region, *DESTINATIONS[geography])
        for profile in profiles
    ]
    return next((verdict for verdict in verdicts if not verdict), verdicts[0])


def can_ask_about(principal: Principal, place: Place, action: str, resource: str) -> Verdict:
    """Whether `principal` may make one of the calls that say what there is, in `place`."""
    return _one(principal, action, resource, place.region, None)


def can_get_token(principal: Principal, *audiences: str, seconds: int | None = None) -> Verdict:
    """Whether `principal` may have a token of AWS's for all of `audiences`."""
    context: dict[str, str | Sequence[str]] = {**principal_context(principal)}
    context["sts:SigningAlgorithm"] = "RS256"
    if audiences:
        context["sts:IdentityTokenAudience"] = audiences
    if seconds is not None:
        context["sts:DurationSeconds"] = str(seconds)
    request = Request(principal, "sts:GetWebIdentityToken", "*", context)
    return decide(request, None, principal.account_id, needs_resource=False)
