"""Tokens of GitHub Actions.

Source: GitHub "OpenID Connect reference"; which of the claims AWS compares: IAM User Guide, "Available keys
for AWS OIDC federation" (checked 2026-11-21).
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
    owner, name = settings["repository"].split("/")
    owner_id, its_id = str(settings.get("repositoryOwnerId", "1")), str(settings["repositoryId"])
    branches, tags = texts(settings, "branches"), texts(settings, "tags")
    environment = settings.get("environment")
    refs = [f"refs/heads/{each}" for each in samples(branches)]
    refs += [f"refs/tags/{each}" for each in samples(tags)]
    jobs = [(f"ref:{ref}", ref, None) for ref in refs]
    if environment is not None:
        suffix = f"environment:{environment.replace(':', '%3A')}"
        jobs = [(suffix, ref, environment) for ref in refs or ["refs/heads/main"]]
    ours, forked = (owner, owner_id, name, its_id), (STRANGER, "2", name, "2")

    def token(place: tuple[str, ...], job: tuple[str, str, str | None], ids: bool) -> Claims:
        of, of_id, what, what_id = place
        repository = f"{of}@{of_id}/{what}@{what_id}" if ids else f"{of}/{what}"
        within = {} if job[2] is None else {"environment": job[2]}
        claims = {"sub": f"repo:{repository}:{job[0]}", "ref": job[1], **within}
        return {**claims, "repository": f"{of}/{what}", "repository_id": what_id}

    loose: list[tuple[str, tuple[str, str, str | None]]] = [
        ("a pull request", ("pull_request", "refs/pull/1/merge", None)),
        ("another environment", (f"environment:{STRANGER}", jobs[0][1], STRANGER)),
    ]
    for other in other_than(branches):
        ref = f"refs/heads/{other}"
        loose.append(("another branch", (f"ref:{ref}", ref, None)))
        if environment is not None and refs:
            loose.append(("its environment from another branch", (jobs[0][0], ref, environment)))
    places = {
        "another owner's repository": [forked, (f"{owner}-{STRANGER}", "2", name, "2")],
        "another repository of its owner": [
            (owner, owner_id, STRANGER, "2"),
            (owner, owner_id, f"{name}-{STRANGER}", "2"),
        ],
        "a new repository of the same name": [(owner, owner_id, name, "2")],
    }
    found = []
    for ids in (False, True):
        found += [Token(token(ours, job, ids)) for job in jobs]
        found += [Token(token(ours, job, ids), LOOSE, what) for what, job in loose]
        for what, others in places.items():
            found += [
                Token(token(place, job, ids), FOREIGN, what)
                for place in others
                for job in (*jobs[:1], loose[0][1])
            ]
    return "https://token.actions.githubusercontent.com", STS, found
