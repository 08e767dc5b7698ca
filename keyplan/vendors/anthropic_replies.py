"""What Anthropic's replies say about a credential. Pure.

Source of the shapes: Claude API reference, "Errors" (platform.claude.com/docs/en/api/errors): the status
codes 400, 401, 402, 403, 404, 429, 500, 504 and 529 with their error types, and their shape
`{"type": "error", "error": {"type", "message"}, "request_id"}`; "Rate limits" (…/api/rate-limits): a 429 has
`retry-after`, but for the one of a tier's monthly limit; the types of the Python SDK 2.12 for the codes under
`error.details.error_code`. Every reply has `request-id` and `anthropic-organization-id` (…/api/overview,
"Response headers"). Checked 2026-11-21.

That a 404 is a dead key, and which 400 is about a limit, no document says in so many words: the first is
what has been seen of deleted keys, the second is told by the message, whose wording may change.
"""

from __future__ import annotations

from keyplan.vendors.replies import an_id, beyond, is_list_of_models, json_object
from keyplan.vendors.verdicts import Answer, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from keyplan.manifest.model import ManifestKey
    from keyplan.vendors.verdicts import Reply

API_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
WHO = "the Claude API"
_LIMITS = {
    400: "a spending limit that you set is reached",
    402: "there is something wrong with the billing",
    429: "a rate or spending limit is reached",
}
_REFUSALS = {
    "organization_on_hold": "Anthropic has put the organization on hold",
    "claude_code_key_creator_not_member": "whoever made this key is no longer a member of its workspace",
}


def judge_api_key(key: ManifestKey, reply: Reply) -> Answer:
    """What a reply to `GET /v1/models` says about an API key."""
    if reply.status == 200 and is_list_of_models(reply):
        return placed(key, reply, Verdict.ALIVE, "alive")
    return judge_error(key, reply)


def judge_error(key: ManifestKey, reply: Reply) -> Answer:
    """What any other reply says. Only an error of the API's own shape says anything about the key: a proxy's
    or a firewall's 401, 403 and 404 do not.
    """
    kind, code = error_of(reply)
    if kind is None:
        return beyond(reply, WHO)
    if code in _REFUSALS:
        return Answer(Verdict.FORBIDDEN, f"alive, but {_REFUSALS[code]}")
    if is_about_a_limit(reply):
        return placed(key, reply, Verdict.LIMITED, f"alive, but {_LIMITS[reply.status]}")
    if reply.status == 401 and kind == "authentication_error":
        return Answer(Verdict.DEAD, f"{WHO} does not know it: it was revoked, has expired or never was")
    if reply.status == 404:
        return Answer(Verdict.DEAD, f"{WHO} does not know it: it was deleted, or its workspace archived")
    if reply.status == 403:
        return placed(key, reply, Verdict.FORBIDDEN, "alive, but it is not allowed to list models")
    if reply.status == 400:
        return Answer(Verdict.UNKNOWN, _unscoped(key))
    return beyond(reply, WHO)


def placed(key: ManifestKey, reply: Reply, verdict: Verdict, words: str) -> Answer:
    """The answer, if the value belongs where the catalogue says; else that it does not, or may not."""
    organization = an_id(reply.headers.get("anthropic-organization-id"))
    workspace = an_id(reply.headers.get("anthropic-workspace-id"))
    for what, expected, found in (
        ("organization", key.organization, organization),
        ("workspace", key.workspace, workspace),
    ):
        if expected is not None and found is not None and found.lower() != expected.lower():
            verdict, words = Verdict.ELSEWHERE, f"alive, but of {what} {found}, and not of {expected}"
            break
        if expected is not None and found is None:
            verdict = Verdict.UNKNOWN if verdict is Verdict.ALIVE else verdict
            words += f", but the answer does not say of which {what}, and it has to be {expected}"
            break
    return Answer(verdict, words, organization, workspace)


def error_of(reply: Reply) -> tuple[str | None, str | None]:
    """The error's type and its code; (None, None) where the reply is not an error of the API's shape."""
    document = json_object(reply.content) or {}
    error = document.get("error")
    if document.get("type") != "error" or not isinstance(error, dict) or reply.status < 400:
        return None, None
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    return an_id(error.get("type")), an_id(code)


def is_about_a_limit(reply: Reply) -> bool:
    """Whether the API knows the key and refuses it for a limit of money or speed."""
    kind, _code = error_of(reply)
    if reply.status != 400:
        return (reply.status, kind) in ((402, "billing_error"), (429, "rate_limit_error"))
    error = (json_object(reply.content) or {}).get("error")
    message = str(error.get("message")).lower() if kind and isinstance(error, dict) else ""
    return "usage limit" in message or "spend limit" in message


def _unscoped(key: ManifestKey) -> str:
    if key.workspace is None:
        return (
            f"{WHO} refuses the question (HTTP 400): a key without a workspace of its own needs `workspace` "
            "in the catalogue"
        )
    return f"{WHO} refuses the question (HTTP 400), with the workspace {key.workspace} too"
