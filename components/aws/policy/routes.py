"""What a keyless route lets a consumer's role do: call Claude on Bedrock, or prove who it is. Pure.

Nothing here touches a secret. Who gets which document is decided in `components.aws.route_plans`.
"""

from __future__ import annotations

from components.aws.account import Account
from components.aws.policy.documents import VERSION, Document
from components.aws.policy.trusts import condition, literal

INVOKE_ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
# What Anthropic's own example asks for; the issuer of a federation rule takes up to an hour by default.
# Source: "Use WIF with AWS" and "WIF reference" (platform.claude.com/docs/en/manage-claude; 2026-11-21).
IDENTITY_TOKEN_SECONDS = 900


def call_claude_document(account: Account, region: str) -> Document:
    """What a principal may do that calls Anthropic's models on Amazon Bedrock in one region.

    A call by an inference profile is authorized for the profile, for the model in the region of the call, and
    for the model where the profile may send the call: other regions of its geography, or for a `global.`
    profile the model's ARN without any region. Only those last two carry bedrock:InferenceProfileArn, so a
    model of another region is reached by a profile of this region and never straight.
    The Marketplace is left out: a model is subscribed to once for an account, and not by its consumers.
    Source: Amazon Bedrock User Guide, "Geographic cross-Region inference" and "Global cross-Region
    inference"; Claude Code documentation, "Amazon Bedrock", IAM configuration (checked 2026-11-21).

    Args:
        account: whose inference profiles are called.
        region: where the calls are made: the route's, not always the environment's.
    """
    own = account.arn("bedrock", "", region)
    # An application profile's id says nothing of its model: the models below are what bounds it.
    profiles = [f"{own}application-inference-profile/*", f"{own}inference-profile/*.anthropic.*"]
    models = "foundation-model/anthropic.*"
    return {
        "Version": VERSION,
        "Statement": [
            _allow("CallProfilesOfClaude", INVOKE_ACTIONS, profiles),
            _allow("CallClaudeHere", INVOKE_ACTIONS, f"arn:{account.partition}:bedrock:{region}::{models}"),
            {
                # The star in the region's place also stands for the empty region of `global.` profiles.
                **_allow(
                    "CallClaudeThroughProfiles",
                    INVOKE_ACTIONS,
                    f"arn:{account.partition}:bedrock:*::{models}",
                ),
                # Without it any region's models could be called, wherever the data has to stay.
                "Condition": {"ArnLike": {"bedrock:InferenceProfileArn": profiles}},
            },
            # Claude Code resolves a profile to its model with it, to ask in the model's own way.
            _allow("ResolveProfiles", ("bedrock:GetInferenceProfile",), profiles),
            {
                # A list has no resource of its own; it names profiles and holds nothing that was said.
                **_allow("ListProfiles", ("bedrock:ListInferenceProfiles",), "*"),
                "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
            },
        ],
    }


def identity_token_document(audience: str) -> Document:
    """What a principal may do that proves to Anthropic who it is: get tokens of AWS's, for Anthropic alone.

    Either of the two signing algorithms is one that Anthropic takes, so sts:SigningAlgorithm is not compared.
    Source: IAM User Guide, "Controlling access with IAM policies" of outbound identity federation;
    STS API Reference, GetWebIdentityToken (checked 2026-11-21).

    Args:
        audience: what the federation rule wants in `aud`.
    """
    key = "sts:IdentityTokenAudience"
    operator, audiences = condition([literal(audience)])
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "ProveWhoItIs",
                "Effect": "Allow",
                "Action": "sts:GetWebIdentityToken",
                "Resource": "*",  # a token has no resource; it says whose role it is
                "Condition": {
                    # All values, because a request may name ten audiences: a token that also names somebody
                    # else would let its receiver in there. Null keeps a request without any from passing.
                    f"ForAllValues:{operator}": {key: audiences},
                    "Null": {key: "false"},
                    # A request that names no duration gets five minutes.
                    "NumericLessThanEqualsIfExists": {"sts:DurationSeconds": str(IDENTITY_TOKEN_SECONDS)},
                },
            }
        ],
    }


def _allow(sid: str, actions: tuple[str, ...], resource: str | list[str]) -> Document:
    action = list(actions) if len(actions) > 1 else actions[0]
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
