"""Tables and proofs for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from keyplan.audit.policies.grades import Verdict
from keyplan.audit.questions import Reader, Step
from keyplan.audit.reports.names import secret_name, short

_PERHAPS = {"allows": "may allow", "denies": "may deny"}
COLUMNS = ("VERDICT", "PRINCIPAL", "SECRET", "THROUGH")


def table(found: Iterable[Reader]) -> Iterator[str]:
    """A line a reader, under a heading; columns as wide as their widest cell."""
    return aligned([COLUMNS, *(_row(reader) for reader in found)])


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A line a row, with columns as wide as their widest cell; the last one is as wide as it is."""
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    for row in rows:
        cells = [f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)]
        yield "  ".join((*cells, row[-1])).rstrip()


def _row(reader: Reader) -> tuple[str, str, str, str]:
    way = " > ".join(map(short, reader.path[1:])) or "-"
    return (reader.verdict.word, short(reader.principal), secret_name(reader.secret), way)


def proof(verdict: Verdict, steps: Iterable[Step]) -> Iterator[str]:
    """The verdict, then each request with the statements about it."""
    yield f"verdict: {verdict.word}"
    for number, step in enumerate(steps, start=1):
        yield f"{number}. {step.action}: {step.verdict.word}"
        yield f"   as {step.principal}"
        yield f"   on {step.resource}"
        if step.fails_first:
            yield "   this is the first request that fails"
        for problem in step.lacking:
            yield f"   {problem}"
        for line in step.lines:
            under = f", if {line.condition or ', '.join(line.open)}" if line.open else ""
            verb = _PERHAPS[line.verb] if line.verdict is Verdict.UNKNOWN else line.verb
            yield f"   {line.name} ({line.where}) {verb}{under}"
            yield f"      {line.text}"
