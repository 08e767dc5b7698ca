"""What code scanning shows about each kind of finding besides its name: what to do, and how bad it is.

The names are the gate's own, `keyplan.audit.gate.CODES`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """What code scanning shows about one kind of finding.

    `severity` is GitHub's security severity: from 9.1 critical, from 7.0 high, from 4.0 medium. `level_max`
    is the most that a finding of it counts as.
    """

    remedy: str
    severity: str
    level_max: str = "error"


RULES = {
    "unlisted-reader": Rule(
        "Take the access away where the path begins, list the principal as a consumer of the key, or accept "
        "the finding by name in the baseline. `keyplan audit path PRINCIPAL SECRET` shows every statement.",
        "8.0",
    ),
    "administrator": Rule(
        "Set `lockdown: true` on the key, so that its secret denies whoever is not listed, or accept the "
        "administrator by name in the baseline.",
        "5.0",
        level_max="warning",
    ),
    "listed-without-access": Rule(
        "Run `pulumi up`, which makes the reader's policies anew; `keyplan audit path` shows what stands in "
        "the way, such as a boundary or an SCP.",
        "4.0",
    ),
    "wildcard-grant": Rule(
        "Name the secret's ARN in the statement instead: a wildcard also lets in whatever is created later.",
        "5.5",
        level_max="warning",
    ),
    "public": Rule(
        "Take `*` out of the principals of the secret's policy and of the trusts that lead to its readers, "
        "at once, then rotate the key: `keyplan rotate KEY`.",
        "9.8",
    ),
    "cross-account": Rule(
        "Take the account out of the secret's policy, or of the trust of the role, or accept it by name in "
        "the baseline.",
        "8.0",
    ),
    "service-access": Rule(
        "Take the service out of the policy or the trust that names it, or accept it in the baseline.",
        "6.0",
    ),
    "federated-access": Rule(
        "Take the provider out of the policy or the trust that names it, or accept it in the baseline.",
        "7.0",
    ),
    "foreign-ci": Rule(
        "Hold the role's trust to the repository's immutable identifier and to a branch or an environment: "
        "the trusts that `pulumi up` makes from the catalogue do.",
        "9.0",
    ),
    "loose-ci": Rule(
        "Hold the role's trust to the branch or to the deployment environment that the catalogue names.",
        "6.0",
    ),
}
OTHER = Rule("The message says what differs.", "5.0")
