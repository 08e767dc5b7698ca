"""Settings of Claude Code into a file that has others: merged, and nothing of anybody's is lost.

Pure: text in, text and words out. A file that is no strict JSON is refused, because what would be written
could not hold its comments. What is in the file already is never repeated in words: a command or a variable
there may hold a value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from keyplan.environ import ANTHROPIC_BASE_URL
from keyplan.errors import ManifestError, UsageError
from keyplan.json_shape import load

HELPER = "apiKeyHelper"
OWN_HELPER = re.compile(r"(?:/\S*/)?keyplan key-helper(?: [^;&|<>`$()\n]*)?")
FLAGS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
# Each is above the helper in Claude Code's order. Source: Claude Code documentation, "Authentication"
# (code.claude.com/docs, checked 2026-11-21).
WINNING = (*FLAGS, "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")
# Above the login of a subscription, beside a helper; or what sends the login's token elsewhere.
BEFORE_LOGIN = (*WINNING, "ANTHROPIC_PROFILE", "ANTHROPIC_FEDERATION_RULE_ID", ANTHROPIC_BASE_URL)
_USE = "CLAUDE_CODE_USE_"
# What only the helper needs, and goes with it.
_OF_HELPER = "CLAUDE_CODE_API_KEY_HELPER_TTL_MS"


@dataclass(frozen=True)
class Merged:
    """What the file becomes, and a line for each setting that changes; no line where nothing does."""

    text: str
    changes: tuple[str, ...]


def merge(existing: str, ours: str, origin: str) -> Merged:
    """Put our settings into a file's text.

    Args:
        existing: what the file has; nothing, or only blanks, counts as no settings.
        ours: what `settings.render` made.
        origin: the file's path, for the words.

    Raises:
        UsageError: comments or broken JSON, a shape that is not that of settings, or a setting that wins
            over the route of ours. The message says which, and never shows what it is set to.
    """
    new: dict[str, Any] = json.loads(ours)
    old = _settings(existing, origin)
    wanted: dict[str, str] = new.get("env", {})
    _refuse_what_wins(old, new, origin)
    changes: list[str] = []
    merged = dict(old)
    if "$schema" not in old:
        merged = {"$schema": new["$schema"], **merged}
        changes.append(_line("$schema", new["$schema"], False))
    for name, value in new.items():
        if name in ("$schema", "env") or old.get(name) == value:
            continue
        if name == HELPER and _is_same_command(old.get(name), value):
            continue
        merged[name] = value
        changes.append(_line(name, value, name in old))
    env = dict(old.get("env", {}))
    if HELPER not in new and _is_ours(old.get(HELPER)):
        changes += _without_helper(merged, env)
    for name, value in wanted.items():
        if env.get(name) != value:
            changes.append(_line(f"env.{name}", value, name in env))
            env[name] = value
    if env or "env" in old:
        merged["env"] = env
    return Merged(_text(merged, origin) if changes else existing, tuple(changes))


def _without_helper(merged: dict[str, Any], env: dict[str, Any]) -> list[str]:
    """Take our own helper of a former route away, and what only it needs."""
    del merged[HELPER]
    changes = [f"- {HELPER} (of another route)"]
    if env.pop(_OF_HELPER, None) is not None:
        changes.append(f"- env.{_OF_HELPER} (of another route)")
    return changes


def _settings(existing: str, origin: str) -> dict[str, Any]:
    if not existing.strip():
        return {}
    try:
        found = load(existing, origin)
    except ManifestError as error:
        raise UsageError(
            f"{error.message}: comments or broken JSON, so the file is left as it is",
            "mend it, or put in by hand what is printed without --output",
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("env", {}), dict):
        raise UsageError(f"{origin} does not hold settings of Claude Code: it is left as it is")
    return found


def _refuse_what_wins(old: dict[str, Any], new: dict[str, Any], origin: str) -> None:
    """What stands in the file and would be used in place of the route, by Claude Code's own order."""
    env, wanted = old.get("env", {}), new.get("env", {})
    flag = next((each for each in FLAGS if each in wanted), None)
    if flag is not None:
        route, above = f"env.{flag}", tuple(each for each in FLAGS if each != flag)
    elif HELPER in new:
        route, above = HELPER, WINNING
    else:
        route, above = "the login", BEFORE_LOGIN[:-1]
        if old.get(HELPER) is not None and not _is_ours(old[HELPER]):
            raise UsageError(
                f"{origin} sets {HELPER}, which wins over the login: nothing was written",
                f"take {HELPER} out of it",
            )
    for name in above:
        if name in env:
            raise UsageError(
                f"{origin} sets env.{name}, which wins over {route}: nothing was written",
                f"take {name} out of it; if it holds a key, that key was on disk: keyplan rotate KEY",
            )
    address = ANTHROPIC_BASE_URL if flag is None else f"ANTHROPIC_{flag.removeprefix(_USE)}_BASE_URL"
    if address in env and address not in wanted:
        sent = "the key" if HELPER in new else "what it authenticates with"
        raise UsageError(
            f"{origin} sets env.{address}, and {sent} would be sent there: nothing was written",
            f"take {address} out of it",
        )


def _is_ours(command: object) -> bool:
    """Whether a helper is keyplan's, of whatever key."""
    return isinstance(command, str) and OWN_HELPER.fullmatch(command) is not None


def _is_same_command(old: object, new: str) -> bool:
    """Whether it is ours, perhaps with the path of the program before it (for editors without a PATH)."""
    return isinstance(old, str) and (old == new or (old.startswith("/") and old.endswith(f"/{new}")))


def _line(name: str, value: str, replaces: bool) -> str:
    sign, words = ("~", " (in place of another)") if replaces else ("+", "")
    return f"{sign} {name}: {json.dumps(value)}{words}"


def _text(settings: dict[str, Any], origin: str) -> str:
    try:
        text = json.dumps(settings, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError:  # a number that Python can only read as infinite
        raise UsageError(f"{origin} holds a number that cannot be kept: it is left as it is") from None
    if any(0xD800 <= ord(character) < 0xE000 for character in text):
        return json.dumps(settings, indent=2) + "\n"
    return text
