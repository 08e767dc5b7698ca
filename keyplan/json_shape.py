"""JSON that a person may have edited: read strictly, and checked so that every mistake is told with its path.

Owns JSON's own rules and the rules that a field can have; which fields a document has is its owner's matter
(`keyplan.manifest`). No message repeats a document's text: somebody may have pasted a value into it. Light to
import, because `keyplan exec` waits for it.
"""

from __future__ import annotations

import json
import re

from keyplan.errors import ManifestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, NoReturn, TypeAlias

    # Takes a value, its path, and the list that mistakes are added to, as `path: what is wrong`.
    Rule: TypeAlias = Callable[[object, str, list[str]], None]
    # A regular expression that a text matches as a whole, and the words for what it has to be.
    Form: TypeAlias = tuple[str, str]

_SHOWABLE = r"[A-Za-z0-9][A-Za-z0-9_./-]{0,63}"


def load(content: str, origin: str) -> object:
    """Parse JSON as its standard has it.

    Args:
        content: the text.
        origin: what to call it in an error.

    Raises:
        ManifestError: with line and column where it is not JSON; a field that is there twice; NaN.
    """
    try:
        return json.loads(content, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"{origin}, line {error.lineno} column {error.colno}"
        words = error.msg.removesuffix(" at").lower()
        raise ManifestError(f"{where}: it is not valid JSON ({words})") from None
    except _NotJsonError as error:
        raise ManifestError(f"{origin}: {error}") from None
    except RecursionError:
        raise ManifestError(f"{origin}: it is nested too deeply") from None


class _NotJsonError(Exception):
    """Python's parser would accept it; JSON's rules do not."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _NotJsonError(f"the field {shown(name)} is there twice in one object")
        seen.add(name)
    return found


def _no_constant(_text: str) -> NoReturn:
    raise _NotJsonError("NaN and Infinity are not JSON")


def text(form: Form) -> Rule:
    """Text of this form."""
    pattern, words = form

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, str):
            mistakes.append(f"{path}: expected {words}; found {kind(value)}")
        elif re.fullmatch(pattern, value) is None:
            mistakes.append(f"{path}: expected {words}")

    return rule


def one_of(choices: tuple[str, ...]) -> Rule:
    """One of these words."""

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if value not in choices:
            mistakes.append(f"{path}: expected one of {', '.join(choices)}")

    return rule


def list_of(item: Rule, at_least: int = 0) -> Rule:
    """A list of different entries, each as `item` has it."""

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, list):
            mistakes.append(f"{path}: expected a list; found {kind(value)}")
            return
        if len(value) < at_least:
            mistakes.append(f"{path}: expected at least one entry")
        for index, entry in enumerate(value):
            item(entry, f"{path}[{index}]", mistakes)
        if len({json.dumps(entry, sort_keys=True) for entry in value}) < len(value):
            mistakes.append(f"{path}: an entry is there twice")

    return rule


def map_of(name: Form, item: Rule) -> Rule:
    """An object whose fields are the document's own: names of this form, contents as `item` has them."""
    pattern, words = name

    def rule(value: object, path: str, mistakes: list[str]) -> None:
        if not isinstance(value, dict):
            mistakes.append(f"{path}: expected an object; found {kind(value)}")
            return
        for key, entry in value.items():
            if re.fullmatch(pattern, key) is None:
                mistakes.append(f"{path}: the field {shown(key)} is not {words}")
            item(entry, f"{path}.{shown(key)}", mistakes)

    return rule


def object_of(fields: Mapping[str, tuple[Rule, bool]]) -> Rule:
    """An object with these fields and no others: (rule, whether it has to be there) by name."""
    return lambda value, path, mistakes: check_object(value, path, fields, mistakes)


def check_object(
    value: object, path: str, fields: Mapping[str, tuple[Rule, bool]], mistakes: list[str]
) -> None:
    """Check the fields of an object; `path` is empty for the document itself."""
    if not isinstance(value, dict):
        mistakes.append(f"{path}: expected an object; found {kind(value)}")
        return
    prefix = f"{path}." if path else ""
    for name, entry in value.items():
        if name in fields:
            fields[name][0](entry, prefix + name, mistakes)
        else:
            mistakes.append(f"{prefix}{shown(name)}: there is no such field{nearest(name, fields)}")
    mistakes.extend(
        f"{prefix}{name}: it is missing"
        for name, (_, required) in fields.items()
        if required and name not in value
    )


def any_object(value: object, path: str, mistakes: list[str]) -> None:
    """An object with whatever fields."""
    if not isinstance(value, dict):
        mistakes.append(f"{path}: expected an object; found {kind(value)}")


def any_text(value: object, path: str, mistakes: list[str]) -> None:
    """Whatever text an environment variable can hold."""
    if not isinstance(value, str):
        mistakes.append(f"{path}: expected text; found {kind(value)}")
    elif "\0" in value:
        mistakes.append(f"{path}: a NUL character cannot be in it")


def truth(value: object, path: str, mistakes: list[str]) -> None:
    """True or false."""
    if not isinstance(value, bool):
        mistakes.append(f"{path}: expected true or false; found {kind(value)}")


def regular_expression(value: object, path: str, mistakes: list[str]) -> None:
    """A regular expression."""
    if not isinstance(value, str):
        mistakes.append(f"{path}: expected a regular expression; found {kind(value)}")
        return
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        mistakes.append(f"{path}: it is not a regular expression that Python accepts")


def nearest(name: str, names: Iterable[str]) -> str:
    """The end of a message about a name that is not there: `; did you mean owner`, or nothing."""
    import difflib

    near = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {near[0]}" if near else ""


def shown(name: str) -> str:
    """A field's name in a message; one that looks like anything else (a pasted value, say) is described."""
    if re.fullmatch(_SHOWABLE, name) and not name.startswith("sk-"):
        return name
    return f"(a name of {len(name)} characters)"


def kind(value: object) -> str:
    """What JSON calls such a value."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(type(value), "something else")
