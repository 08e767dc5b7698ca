"""One thing that is not as the manifest says, and the codes that such things have. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# Stable: baselines, SARIF rules and people's scripts name them.
CODES = {
    "unlisted-reader": "a principal can read a key, and the catalogue does not list it",
    "administrator": "an administrator of the account can read a key that has no lockdown",
    "listed-without-access": "a reader of the catalogue cannot read its key, or cannot be sure to",
    "wildcard-grant": "a reader of the catalogue reads by a statement with a wildcard",
    "public": "everybody can read a key, or take a role that reads it",
    "cross-account": "another account can read a key, or take a role that reads it",
    "service-access": "an AWS service that nobody named can read a key, or take a reader's role",
    "federated-access": "a federation that nobody named can read a key, or take a reader's role",
    "foreign-ci": "jobs of other repositories can become a role that reads a key",
    "loose-ci": "further jobs of a reader's own repository can become it",
}


@dataclass(frozen=True)
class Finding:
    """One principal and one secret, so that accepting it accepts nothing else.

    `code` is one of CODES; `message` is for a person and names the way; `path` begins with the principal and
    ends with who reads, as ARNs or as a policy names an outsider.
    """

    code: str
    principal: str
    secret: str
    verdict: str
    message: str
    path: tuple[str, ...] = ()
