"""Tokens of GitLab CI.

Source: GitLab "OpenID Connect (OIDC) Authentication Using ID Tokens" (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import (
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
    project, branches, tags = settings["project"], texts(settings, "branches"), texts(settings, "tags")

    def token(path: str, kind: str, ref: str) -> Claims:
        return {"sub": f"project_path:{path}:ref_type:{kind}:ref:{ref}"}

    jobs = [("branch", each) for each in samples(branches)] + [("tag", each) for each in samples(tags)]
    group, _, name = project.rpartition("/")
    found = [Token(token(project, *job)) for job in jobs]
    found += [Token(token(project, "branch", each), LOOSE, "another branch") for each in other_than(branches)]
    found += [Token(token(project, "tag", each), LOOSE, "another tag") for each in other_than(tags)]
    for other in (f"{STRANGER}/{name}", f"{group}/{STRANGER}", f"{project}-{STRANGER}", f"{project}/x"):
        found.append(Token(token(other, *jobs[0]), FOREIGN, "another project"))
    return settings.get("issuer", "https://gitlab.com"), STS, found
