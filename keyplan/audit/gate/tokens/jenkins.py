"""Tokens of Jenkins.

Source: docs/aws.md (checked 2026-11-21).
"""

from __future__ import annotations

from keyplan.audit.gate.tokens.token import (
    FOREIGN,
    LOOSE,
    STRANGER,
    STS,
    Built,
    Settings,
    Token,
    other_than,
    texts,
)
from keyplan.ci_settings import JenkinsSettings


def tokens(settings: Settings) -> Built:
    """The issuer, the audience, and examples of tokens. KeyError: the settings lack something."""
    branches = tuple(texts(settings, "branches"))
    url, job = settings["url"], settings["job"]

    def place(name: str) -> JenkinsSettings:
        return JenkinsSettings(url, name, branches, settings.get("issuer", f"{url}/oidc"), None, None)

    ours = place(job)
    found = [Token({"sub": subject.replace("*", "x")}) for subject in ours.subjects]
    if branches:
        found += [
            Token({"sub": ours.branch_url(each)}, LOOSE, "another branch") for each in other_than(branches)
        ]
        found += [Token({"sub": ours.branch_url(each)}, LOOSE, "a pull request") for each in ("PR-1", "MR-1")]
    for other in (STRANGER, f"{job}-{STRANGER}"):
        found.append(Token({"sub": place(other).subjects[0].replace("*", "x")}, FOREIGN, "another job"))
    return ours.issuer, settings.get("audience", STS), found
