"""Everything that an explanation of any pair needs, with what principals share written once.

The page puts a proof together when somebody asks for it, as `questions.path` does: the requests on the way,
and of each the statements about it. A reason is a statement (or the statements of one shape among many
resources' policies) and what it does for one principal and every resource at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Judge
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.reasons import Reason, allowing, denying, open_keys
from keyplan.audit.reports.page.interning import GradesTable, Table

ReasonRow = tuple[int, int, int, int, int]  # where, whether it denies, clause, grades, open condition keys


class Statements:
    """The statements of all policies, by number; a page has one table of them."""

    def __init__(self) -> None:
        self._statements: Table[tuple[str, str]] = Table()
        self._clauses: dict[int, int] = {}
        self._written: list[Any] = []
        self._kept: list[Clause] = []  # their ids are keys above

    def clause(self, clause: Clause, sets: GradesTable) -> int:
        """The number of a clause."""
        found = self._clauses.get(id(clause))
        if found is None:
            found = self._clauses[id(clause)] = len(self._written)
            self._kept.append(clause)
            self._written.append(self._of(clause, sets))
        return found

    def _of(self, clause: Clause, sets: GradesTable) -> Any:
        """One statement; or the members' set, and the statement of each in their order."""
        if -1 in clause.sources:
            return self._number(clause, -1)
        members = sorted(clause.sources)
        return [sets.set_number(clause.members), [self._number(clause, each) for each in members]]

    def _number(self, clause: Clause, position: int) -> int:
        statement = clause.sources[position]
        return self._statements.number((statement.name, statement.text))

    def document(self) -> dict[str, Any]:
        """`clauses`, and the `statements` that they name: [name, text] each."""
        return {"clauses": self._written, "statements": [list(each) for each in self._statements]}


class Requests:
    """The verdicts of one judge for every principal, with the reasons."""

    def __init__(self, judge: Judge, statements: Statements, grades: GradesTable) -> None:
        self._judge, self._statements, self._grades = judge, statements, grades
        self._where: Table[str] = Table()
        self._open: Table[tuple[str, ...]] = Table()
        self._reasons: Table[ReasonRow] = Table()
        self._lists: Table[tuple[int, ...]] = Table()

    def document(self, callers: Iterable[Caller]) -> dict[str, Any]:
        """By principal `verdicts` and `why`, which are numbers of grades and of `lists` of `reasons`."""
        verdicts, why = [], []
        for caller in callers:
            verdicts.append(self._grades.number(self._judge.verdicts(caller)))
            why.append(self._lists.number(tuple(self._of(caller))))
        return {
            "action": self._judge.domain.action,
            "verdicts": verdicts,
            "why": why,
            "lists": [list(each) for each in self._lists],
            "reasons": [list(each) for each in self._reasons],
            "where": list(self._where),
            "open": [list(each) for each in self._open],
        }

    def _of(self, caller: Caller) -> Iterable[int]:
        for denies, found in (
            (0, allowing(self._judge, caller)),
            (1, denying(self._judge, caller)),
        ):
            for reason in found:
                yield self._reasons.number(self._row(caller, reason, denies))

    def _row(self, caller: Caller, reason: Reason, denies: int) -> ReasonRow:
        open_somewhere = reason.grades.unknown != reason.grades.allow
        keys = open_keys(self._judge, reason.clause, caller) if open_somewhere else ()
        return (
            self._where.number(reason.where),
            denies,
            self._statements.clause(reason.clause, self._grades),
            self._grades.number(reason.grades),
            self._open.number(keys),
        )
