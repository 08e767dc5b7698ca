"""Answers as Markdown, for a comment on a pull request: of GitHub and of GitLab alike.

Whatever comes from the account stands in code: there is no mention, link, reference, emoji, quick action or
HTML in it, whoever named a role. A comment has a size, so the worst comes first, and what is left out is
counted. The first line is a comment that nobody sees, by which a bot finds its own comment again.
Source: GitHub Flavored Markdown 0.29, sections 4.10, 6.1 and 6.3; GitHub's limit of 65,536 characters for a
comment (checked 2026-11-22). GitLab's limit is larger.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from keyplan.audit.baseline import Acceptance, Outcome, acceptance_of, by_place
from keyplan.audit.gate import Finding
from keyplan.audit.policies.grades import Verdict
from keyplan.audit.questions import Reader
from keyplan.audit.reports.names import secret_name, short, sound
from keyplan.audit.reports.order import finding_order, reader_order

COMMENT_CHARACTERS_MAX = 65_536
CELL_CHARACTERS_MAX = 400
SENTENCE_CHARACTERS_MAX = 1_200
STEPS_SHOWN_MAX = 6
# A row has no fewer characters than its bars and a cell of code: more rows than this fit into no comment.
ROWS_MAX = 4_000
_KEPT_FOR_THE_REST = 400  # the lines that say what is left out, and the end of a fold
_FOLD_END = "\n</details>\n"
_PLAIN_CODE = re.compile(r"[A-Za-z0-9 :/_+=,.@?*()\[\]-]*[A-Za-z0-9:/_+=,.@?*()\[\]-]")
_PLAIN_WORD = re.compile(r"[(]?[A-Za-z]+(?:'s)?[)]?[.,;:]?|[0-9]{1,6}[.,;:]?|-")
_ENDS = ".,;:"
_COMMIT = re.compile(r"[0-9a-f]{7,}")
_VERDICT_WORDS = {
    Verdict.ALLOW: "can read",
    Verdict.CONDITIONAL: "under a condition",
    Verdict.UNKNOWN: "unknown",
}
_ACCEPTED_COLUMNS = ("Finding", "Principal", "Secret", "Reason", "Until")


@dataclass
class Comment:
    """A text that grows as long as it stays within its size."""

    limit: int
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, text: str) -> None:
        """Add what has to be there."""
        self.parts.append(text)
        self.size += _size(text)

    def table(self, heading: Sequence[str], rows: Iterable[str], count: int, what: str) -> None:
        """Add a table with as many of the rows as fit, and a line about the others.

        Args:
            rows: the worst first, each from `row`.
            count: how many there are, with those that `rows` leaves out itself.
            what: what to say that they are, in the plural.
        """
        if not count:
            return
        self.add(row(heading) + "|---" * len(heading) + "|\n")
        shown = 0
        for text in rows:
            if self.size + _size(text) + _KEPT_FOR_THE_REST > self.limit:
                break
            self.add(text)
            shown += 1
        if shown < count:
            more = " more" if shown else ""
            self.add(f"\n{count - shown:,}{more} {what} are left out here: `--format json` has them all.\n")

    def folded(
        self, summary: str, heading: Sequence[str], rows: Iterable[str], count: int, what: str
    ) -> None:
        """The same, closed until somebody opens it; where it does not fit at all, that is said."""
        if not count:
            return
        head = f"\n<details><summary>{summary}</summary>\n\n"
        needed = _size(head + row(heading)) + 4 * len(heading) + 2 * _KEPT_FOR_THE_REST
        if self.size + needed > self.limit:
            self.add(f"\n{count:,} {what} are left out here: `--format json` has them.\n")
            return
        self.add(head)
        self.table(heading, rows, count, what)
        self.add(_FOLD_END)

    def text(self) -> str:
        """The whole comment."""
        return "".join(self.parts)


def readers(
    title: str, mark: str, found: Iterable[Reader], nobody: str, limit: int = COMMENT_CHARACTERS_MAX
) -> str:
    """Readers as a comment; of many the worst are kept, so that all need not be in memory.

    Args:
        title: the heading, made with `code` where it names something of the account.
        mark: what tells this comment from others of keyplan's: `readers prod/anthropic-api-key`.
        nobody: the sentence for when there are none, as the terminal has it.
        limit: characters, counted as bytes of UTF-8 so that every way of counting is met.
    """
    counts: Counter[Verdict] = Counter()
    worst = heapq.nsmallest(ROWS_MAX, _counted(found, counts), key=reader_order)
    comment = _begun(title, mark, limit)
    told = ", ".join(f"{counts[verdict]:,} {word}" for verdict, word in _VERDICT_WORDS.items())
    comment.add(f"**{told}**\n\n" if worst else f"{nobody[:1].upper()}{nobody[1:]}.\n")
    heading = ("Verdict", "Principal", "Secret", "Through")
    comment.table(heading, (row(_cells(each)) for each in worst), sum(counts.values()), "readers")
    once = {(each.path[-1], each.secret): each for each in worst}.values()
    rows = (row(_why(each)) for each in once)
    comment.folded("Why", ("Who reads", "Secret", "Reasons"), rows, len(once), "reasons")
    return comment.text()


def gate(
    environment: str,
    outcome: Outcome,
    acceptances: Sequence[Acceptance] = (),
    limit: int = COMMENT_CHARACTERS_MAX,
) -> str:
    """The gate's findings as a comment: those that count, and folded below what is accepted.

    Args:
        acceptances: the baseline, for the reasons.
        limit: characters, as for `readers`.
    """
    count = len(outcome.counting)
    title = f"{count or 'No'} finding{'' if count == 1 else 's'} in {code(environment)}"
    comment = _begun(f"keyplan audit: {title}", f"gate {environment}", limit)
    if not count:
        comment.add("Who can read the keys is as the catalogue says.\n")
    columns = ("Finding", "Verdict", "Principal", "Secret", "What", "Through")
    worst = sorted(outcome.counting, key=finding_order)
    comment.table(columns, (row(_finding(each)) for each in worst), count, "findings")
    reasons = by_place(acceptances)
    rows = (row(_accepted(each, reasons)) for each in outcome.accepted)
    living, idle = len(outcome.accepted), len(outcome.unused)
    comment.folded(f"{living:,} accepted", _ACCEPTED_COLUMNS, rows, living, "accepted findings")
    ending = len(outcome.expiring)
    rows = (row(_acceptance(each)) for each in outcome.expiring)
    comment.folded(f"{ending:,} of the acceptances end soon", _ACCEPTED_COLUMNS, rows, ending, "acceptances")
    rows = (row(_acceptance(each)) for each in outcome.unused)
    summary = f"{idle:,} of the acceptances expired or meet nothing: take them out"
    comment.folded(summary, _ACCEPTED_COLUMNS, rows, idle, "acceptances without use")
    return comment.text()


def row(cells: Iterable[str]) -> str:
    """A line of a table, of cells that were made safe."""
    return f"| {' | '.join(cells)} |\n"


def code(text: str) -> str:
    """Text as code that nothing in it can leave: neither the table, nor the code, nor the line."""
    plain = sound(text)
    if len(plain) > CELL_CHARACTERS_MAX:
        plain = f"{plain[: CELL_CHARACTERS_MAX - 1]}…"
    if not plain:
        return "-"
    if _PLAIN_CODE.fullmatch(plain) and not plain.startswith(" "):
        return f"`{plain}`"
    # In HTML's own code element every character can be given by its number, which no rule of Markdown sees.
    return f"<code>{''.join(map(_numbered, plain))}</code>"


def words(text: str) -> str:
    """A sentence: plain words as they are, and everything else in it as code."""
    shown = sound(text)
    if len(shown) > SENTENCE_CHARACTERS_MAX:
        shown = f"{shown[:SENTENCE_CHARACTERS_MAX]} …"
    return " ".join(map(_word, shown.split())) or "-"


def _word(text: str) -> str:
    if _PLAIN_WORD.fullmatch(text) and not _COMMIT.fullmatch(text.rstrip(_ENDS)):
        return text
    ends = len(text) > 1 and text[-1] in _ENDS
    return f"{code(text[:-1])}{text[-1]}" if ends else code(text)


def _numbered(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == " "):
        return character
    if not character.isprintable():
        return "\ufffd"
    return f"&#{ord(character)};"


def _begun(title: str, mark: str, limit: int) -> Comment:
    comment = Comment(limit)
    comment.add(f"<!-- keyplan audit {_mark(mark)} -->\n### {title}\n\n")
    return comment


def _mark(text: str) -> str:
    """What an HTML comment can hold: no `--` and no `>`."""
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9 :/_+=,.@-]", "?", text)).strip("-")[
        :CELL_CHARACTERS_MAX
    ]


def _size(text: str) -> int:
    return len(text.encode())


def _counted(found: Iterable[Reader], counts: Counter[Verdict]) -> Iterator[Reader]:
    for reader in found:
        counts[reader.verdict] += 1
        yield reader


def _cells(reader: Reader) -> tuple[str, ...]:
    return (
        reader.verdict.word,
        code(short(reader.principal)),
        code(secret_name(reader.secret)),
        _way(reader.path),
    )


def _finding(finding: Finding) -> tuple[str, ...]:
    return (
        code(finding.code),
        code(finding.verdict),
        code(short(finding.principal)),
        code(secret_name(finding.secret)),
        words(finding.message),
        _way(finding.path),
    )


def _why(reader: Reader) -> tuple[str, ...]:
    return (code(short(reader.path[-1])), code(secret_name(reader.secret)), words(reader.why))


def _way(path: Sequence[str]) -> str:
    steps = [code(short(each)) for each in path[1:]]
    if len(steps) > STEPS_SHOWN_MAX:
        left_out = len(steps) - STEPS_SHOWN_MAX
        steps = [*steps[: STEPS_SHOWN_MAX - 1], f"{left_out} more", steps[-1]]
    return " → ".join(steps) or "-"


def _accepted(finding: Finding, reasons: Mapping[tuple[str, str, str], Acceptance]) -> tuple[str, ...]:
    found = acceptance_of(finding, reasons)
    if found is not None:
        return _acceptance(found)
    return (code(finding.code), code(short(finding.principal)), code(secret_name(finding.secret)), "-", "-")


def _acceptance(acceptance: Acceptance) -> tuple[str, ...]:
    return (
        code(acceptance.code),
        code(short(acceptance.principal)),
        code(secret_name(acceptance.secret)),
        words(acceptance.reason),
        code(acceptance.expires),
    )
