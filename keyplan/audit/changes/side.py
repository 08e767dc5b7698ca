"""One of the two snapshots that are compared, with its answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from keyplan.audit.chains import Reach, reached, reaches
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of, reasons_by_secret
from keyplan.audit.policies.grades import Grades


class Side:
    """One snapshot's answers; reasons are found for those alone that are asked for."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.graph = graph_of(estate)
        self.number_of = {caller.arn: number for number, caller in enumerate(estate.callers)}
        self.secrets = [secret.arn for secret in estate.secrets]
        self._ways: dict[int, dict[int, Reach]] = {}

    def grades(self, arn: str) -> Grades | None:
        """What a principal gets to, by this side's numbers; None if it is not here."""
        number = self.number_of.get(arn)
        return None if number is None else self._reached[number]

    @cached_property
    def _reached(self) -> list[Grades]:
        return reached(self.graph)

    def reaching(self) -> int:
        """The roles that get to a secret, by their own positions."""
        roles = enumerate(self.graph.role_number)
        return sum(1 << position for position, number in roles if self._reached[number].unknown)

    def way(self, number: int, secret: int) -> tuple[int, ...]:
        """A shortest path of the best verdict, as numbers of principals."""
        if number not in self._ways:
            self._ways = {number: {each.secret: each for each in reaches(self.graph, number)}}
        return self._ways[number][secret].path

    def reasons(self, wanted: Mapping[int, int]) -> dict[tuple[int, int], str]:
        """Why the last ones of paths read: by principal and secret.

        Args:
            wanted: the secrets, as bits, by principal.
        """
        return {
            (number, secret): why
            for number, mask in wanted.items()
            for secret, why in reasons_by_secret(self.estate, self.estate.callers[number], mask).items()
        }
