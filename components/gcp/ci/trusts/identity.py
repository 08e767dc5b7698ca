"""What a workload identity provider compares of the tokens of one issuer's jobs. Pure; each issuer's module
makes one."""

from __future__ import annotations

from dataclasses import dataclass

from components.gcp.ci import cel
from keyplan.catalogue import Consumer
from keyplan.errors import UsageError
from keyplan.names import attribute_name


@dataclass(frozen=True)
class CiIdentity:
    """Who signs a runner's tokens, which of them are accepted, and what they become."""

    issuer: str  # the provider's address, https://…
    audiences: tuple[str, ...]  # the `aud` to accept; none: the provider's own name, which runners ask for
    condition: str  # CEL over `assertion`; always there
    immutable: str  # CEL: the id in the token that this consumer's attribute holds
    immutable_value: str  # the same id, as the catalogue has it
    run: str  # CEL: the id of the job's run, a string

    def mapping(self, consumer: Consumer) -> dict[str, str]:
        """Attribute to expression: the subject, and the one attribute that only this consumer has."""
        name = consumer.lasting_name
        subject = f"{cel.literal(f'{name}:')} + {self.run}"
        return {"google.subject": subject, f"attribute.{attribute_name(name)}": self.immutable}


def too_wide(consumer: Consumer) -> UsageError:
    """The error of a consumer that every branch could use."""
    return UsageError(
        f"consumer `{consumer.name}` names no branch, tag or deployment environment that may read",
        f"add `branches: [main]` to consumer `{consumer.name}`",
    )
