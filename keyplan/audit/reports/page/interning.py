"""Writing things once: what many principals share stands in a table, and they say its number.

In a large account most principals share their policies, so that the rows of a matrix of ten million pairs are
about a thousand different ones.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Hashable, Iterator
from typing import Any, Generic, TypeVar

from keyplan.audit.policies.grades import Grades

Thing = TypeVar("Thing", bound=Hashable)
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SET_BITS = re.compile("1+")


class Table(Generic[Thing]):
    """Things by number, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[Thing, int] = {}

    def number(self, thing: Thing) -> int:
        """The number of a thing, which is new when the thing is."""
        return self._numbers.setdefault(thing, len(self._numbers))

    def __iter__(self) -> Iterator[Thing]:
        return iter(self._numbers)


class GradesTable:
    """Grades by number; each is three sets by number, and those are shared too."""

    def __init__(self) -> None:
        self._grades: Table[Grades] = Table()
        self._sets: Table[int] = Table()

    def number(self, grades: Grades) -> int:
        """The number of a principal's grades."""
        return self._grades.number(grades)

    def set_number(self, mask: int) -> int:
        """The number of a set alone."""
        return self._sets.number(mask)

    def document(self) -> dict[str, Any]:
        """`grades` as triples of sets (allow; or conditional; or unknown), and `sets` as `written`."""
        grades = [[self._sets.number(each) for each in triple] for triple in self._grades]
        return {"grades": grades, "sets": [written(mask) for mask in self._sets]}


def written(mask: int) -> str:
    """A set as text: its runs, or `=` and its bits in base 64, whichever is shorter.

    Runs are their lengths in base 36: how many are out, then how many are in, and so on. What follows the
    last that is in is left out: `0b110` is `1 2`, nothing is the empty text. In base 64 the lowest byte comes
    first.
    """
    bits = f"{mask:b}"[::-1]
    limit = len(bits) // 6
    found, end, length = [], 0, 0
    for run in _SET_BITS.finditer(bits):
        found += [_base_36(run.start() - end), _base_36(run.end() - run.start())]
        end = run.end()
        length += len(found[-1]) + len(found[-2]) + 2
        if length > limit + 8:
            packed = base64.b64encode(mask.to_bytes((len(bits) + 7) // 8, "little"))
            return "=" + packed.decode()
    return " ".join(found)


def _base_36(number: int) -> str:
    digits = ""
    while number >= 36:
        number, rest = divmod(number, 36)
        digits = DIGITS[rest] + digits
    return DIGITS[number] + digits
