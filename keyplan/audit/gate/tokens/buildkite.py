"""Tokens of Buildkite.

Source: Buildkite "OIDC with AWS" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import (
    COMMIT,
    FOREIGN,
    LOOSE,
    STRANGER,
    STS,
    Built,
    Claims,
    Settings,
    Token,
    other_than,
    samples,
    texts,
)


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    branches = texts(settings, "branches")

    def token(organization: str, pipeline: str, ref: str) -> Claims:
        return {
            "sub": f"organization:{organization}:pipeline:{pipeline}:ref:{ref}:commit:{COMMIT}:step:build"
        }

    ours = (settings["organization"], settings["pipeline"])
    refs = [f"refs/heads/{each}" for each in samples(branches)]
    found = [Token(token(*ours, ref)) for ref in refs]
    loose = {"a pull request": "refs/pull/1/head", "a tag": f"refs/tags/{STRANGER}"}
    for each in other_than(branches):
        loose["another branch"] = f"refs/heads/{each}"
    # A fork's branch is `USER:BRANCH`: this user is called as our branch is.
    loose["a fork"] = f"refs/heads/{samples(branches)[0]}:commit"
    found += [Token(token(*ours, ref), LOOSE, what) for what, ref in loose.items()]
    for other in ((ours[0], STRANGER), (ours[0], f"{ours[1]}-{STRANGER}")):
        found.append(Token(token(*other, refs[0]), FOREIGN, "another pipeline"))
    for organization in (STRANGER, f"{ours[0]}-{STRANGER}"):
        found.append(Token(token(organization, ours[1], refs[0]), FOREIGN, "another organization"))
    return "https://agent.buildkite.com", STS, found
