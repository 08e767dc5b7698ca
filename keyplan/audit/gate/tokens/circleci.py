"""Tokens of CircleCI.

Source: CircleCI "Using OpenID Connect tokens in jobs" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import (
    FOREIGN,
    LOOSE,
    STRANGER,
    UUID,
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
    organization, project = settings["organizationId"], settings["projectId"]
    branches, repository = texts(settings, "branches"), settings.get("repository", "")

    def token(of: str, origin: str = "", branch: str = "") -> Claims:
        behind = f"/vcs-origin/{origin}/vcs-ref/refs/heads/{branch}" if branch else ""
        return {"sub": f"org/{organization}/project/{of}/user/{UUID}{behind}"}

    found = [Token(token(project, repository, each)) for each in samples(branches)]
    if branches:
        found += [
            Token(token(project, repository, each), LOOSE, "another branch") for each in other_than(branches)
        ]
        fork = f"github.com/{STRANGER}/x"
        found.append(Token(token(project, fork, samples(branches)[0]), LOOSE, "a fork"))
        found.append(Token(token(project), LOOSE, "any branch, by the shorter form of the token"))
    else:
        found.append(Token(token(project)))
    branch = (samples(branches) or ["main"])[0]
    found += [
        Token(each, FOREIGN, "another project") for each in (token(UUID), token(UUID, repository, branch))
    ]
    return f"https://oidc.circleci.com/org/{organization}", organization, found
