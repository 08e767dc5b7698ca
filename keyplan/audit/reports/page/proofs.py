"""Everything that an explanation of any pair needs, with what principals share written once.

The page puts a proof together when somebody asks for it, as `keyplan.audit.proof` does: the requests on the
way, and of each the statements about it and the layers that lack an allow. A reason is a statement (or the
statements of one shape among many resources' policies) and what it does for one principal and every resource
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from keyplan.audit.callers import Caller
from keyplan.audit.decisions import Judge, Parts
from keyplan.audit.lacking import lacking
from keyplan.audit.policies.clauses import Clause
from keyplan.audit.policies.documents import Statement
from keyplan.audit.reasons import Reason, allowing, bounding, denying, open_keys
from keyplan.audit.reports.page.interning import GradesTable, Table
from keyplan.audit.wording import conditions

OF_ALL = -1  # the position of an identity policy's only statement


class Statements:
    """The statements of all policies, by number; a page has one table of them."""

    def __init__(self) -> None:
        self._statements: Table[tuple[str, str]] = Table()
        self._conditions: Table[str] = Table()
        self._clauses: dict[tuple[int, tuple[str, ...]], int] = {}
        self._written: list[Any] = []
        self._kept: list[Clause] = []  # their ids are keys above

    def clause(self, clause: Clause, keys: tuple[str, ...], sets: GradesTable) -> int:
        """The number of a clause together with condition keys that are open in it."""
        found = self._clauses.get((id(clause), keys))
        if found is None:
            found = self._clauses[id(clause), keys] = len(self._written)
            self._kept.append(clause)
            self._written.append(self._of(clause, keys, sets))
        return found

    def _of(self, clause: Clause, keys: tuple[str, ...], sets: GradesTable) -> Any:
        """One statement and its condition; or the members' set, and those of each in their order."""
        if OF_ALL in clause.sources:
            return self._pair(clause.sources[OF_ALL], keys)
        members = sorted(clause.sources)
        pairs = [self._pair(clause.sources[each], keys) for each in members]
        return [sets.set_number(clause.members), [each for each, _ in pairs], [each for _, each in pairs]]

    def _pair(self, statement: Statement, keys: tuple[str, ...]) -> list[int]:
        name_and_text = (statement.name, statement.text)
        words = self._conditions.number(conditions(statement, keys) if keys else "")
        return [self._statements.number(name_and_text), words]

    def document(self) -> dict[str, Any]:
        """`clauses`, and what they name: `statements`, [name, text] each, and `conditions` in words."""
        return {
            "clauses": self._written,
            "statements": [list(each) for each in self._statements],
            "conditions": list(self._conditions),
        }


class Requests:
    """One kind of request in all the forms in which it can be asked, with the reasons for every principal."""

    def __init__(self, judges: Sequence[Judge], statements: Statements, grades: GradesTable) -> None:
        self._judges, self._statements, self._grades = judges, statements, grades
        self._where: Table[str] = Table()
        self._open: Table[tuple[str, ...]] = Table()
        self._phrases: Table[str] = Table()
        self._reasons: Table[tuple[int, ...]] = Table()
        self._lacks: Table[tuple[tuple[int, int], ...]] = Table()
        self._forms: Table[tuple[int, ...]] = Table()
        self._askers: Table[tuple[int, ...]] = Table()

    def document(self, callers: Iterable[Caller]) -> dict[str, Any]:
        """By principal one of `askers`, which are lists of `forms`; the first that is let in best counts.

        A form is [grades, what is lacking, reason, …]; a reason [where, denies, clause, grades, open keys].
        """
        askers = [self._askers.number(tuple(self._of(caller))) for caller in callers]
        return {
            "action": self._judges[0].domain.action,
            "principals": askers,
            "askers": list(self._askers),
            "forms": list(self._forms),
            "reasons": list(self._reasons),
            "lacks": list(self._lacks),
            "phrases": list(self._phrases),
            "where": list(self._where),
            "open": list(self._open),
        }

    def _of(self, caller: Caller) -> Iterator[int]:
        for judge in self._judges:
            for session in caller.sessions:
                parts = judge.parts(session)
                reasons = self._reasons_of(judge, session)
                lacks = self._lacks.number(tuple(self._lacking(judge, session, parts)))
                yield self._forms.number((self._grades.number(parts.verdicts), lacks, *reasons))

    def _lacking(self, judge: Judge, caller: Caller, parts: Parts) -> Iterator[tuple[int, int]]:
        for mask, words in lacking(judge, caller, parts):
            yield self._grades.set_number(mask), self._phrases.number(words)

    def _reasons_of(self, judge: Judge, caller: Caller) -> Iterator[int]:
        for denies, found in (
            (0, allowing(judge, caller)),
            (0, bounding(judge, caller)),
            (1, denying(judge, caller)),
        ):
            for reason in found:
                yield self._reasons.number(self._row(judge, caller, reason, denies))

    def _row(self, judge: Judge, caller: Caller, reason: Reason, denies: int) -> tuple[int, ...]:
        is_open = reason.grades.unknown != reason.grades.allow
        keys = open_keys(judge, reason.clause, caller) if is_open else ()
        return (
            self._where.number(reason.where),
            denies,
            self._statements.clause(reason.clause, keys, self._grades),
            self._grades.number(reason.grades),
            self._open.number(keys),
        )
