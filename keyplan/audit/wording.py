"""Conditions in words, for reasons and proofs: what would have to hold, as its policy asks for it."""

from __future__ import annotations

from collections.abc import Iterable

from keyplan.audit.policies.documents import Atom, Statement
from keyplan.audit.policies.operators import Several, read_operator

_VALUES_SHOWN = 3
_CHARACTERS_SHOWN = 120
# By an operator's name without its negation: what follows the key where it holds, and where it is negated.
_PHRASES = {
    "stringequals": ("is", "is not"),
    "stringequalsignorecase": ("is, in any case,", "is not, in any case,"),
    "stringlike": ("is like", "is not like"),
    "arnlike": ("is like", "is not like"),
    "numericequals": ("is", "is not"),
    "numericlessthan": ("is less than", ""),
    "numericlessthanequals": ("is at most", ""),
    "numericgreaterthan": ("is more than", ""),
    "numericgreaterthanequals": ("is at least", ""),
    "dateequals": ("is", "is not"),
    "datelessthan": ("is before", ""),
    "datelessthanequals": ("is not after", ""),
    "dategreaterthan": ("is after", ""),
    "dategreaterthanequals": ("is not before", ""),
    "bool": ("is", ""),
    "binaryequals": ("is", ""),
    "ipaddress": ("is in", "is not in"),
}
_SEVERAL = {Several.PLAIN: "", Several.ANY: "any value of ", Several.ALL: "each value of "}


def conditions(statement: Statement, keys: Iterable[str]) -> str:
    """The lines of a statement about some keys: `aws:SourceIp is in 10.0.0.0/8 and …`; empty without any.

    Args:
        keys: in lower case.
    """
    wanted = set(keys)
    return " and ".join(condition(atom) for atom in statement.atoms if atom.key.lower() in wanted)


def condition(atom: Atom) -> str:
    """One line of a condition block in words."""
    operator = read_operator(atom.operator)
    if operator is None:
        return f"{atom.key} fits {atom.operator}, which this keyplan does not know"
    if operator.is_null:
        return f"{atom.key} is {'absent' if 'true' in map(str.lower, atom.values) else 'there'}"
    phrase = _PHRASES[operator.name][operator.negated]
    absent = ", or is absent" if operator.if_exists else ""
    return f"{_SEVERAL[operator.several]}{atom.key} {phrase} {_values(atom.values)}{absent}"


def _values(values: tuple[str, ...]) -> str:
    shown = [
        each if len(each) <= _CHARACTERS_SHOWN else f"{each[:_CHARACTERS_SHOWN]}…"
        for each in values[:_VALUES_SHOWN]
    ]
    rest = len(values) - len(shown)
    return " or ".join([*shown, f"one of {rest} more"] if rest else shown)
