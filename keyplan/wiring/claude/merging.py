"""Settings of Claude Code into a file that has others: merged, and nothing of anybody's is lost.

Pure: text in, text and words out. A file that is no strict JSON is refused, because what would be written
could not hold its comments. What is in the file already is never repeated in words: a command or a variable
there may hold a value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from keyplan.environ import ANTHROPIC_BASE_URL
from keyplan.errors import ManifestError, UsageError
from keyplan.json_shape import load

# Each is above the helper in Claude Code's order. Source: Claude Code documentation, "Authentication"
# (code.claude.com/docs, checked 2026-11-21).
WINNING = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_API_KEY",
)


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
            over ours. The message says which, and never shows what it is set to.
    """
    new: dict[str, Any] = json.loads(ours)
    old = _settings(existing, origin)
    _refuse_what_wins(old.get("env", {}), new["env"], origin)
    changes: list[str] = []
    merged = dict(old)
    if "$schema" not in old:
        merged = {"$schema": new["$schema"], **merged}
        changes.append(_line("$schema", new["$schema"], False))
    if not _is_same_command(old.get("apiKeyHelper"), new["apiKeyHelper"]):
        merged["apiKeyHelper"] = new["apiKeyHelper"]
        changes.append(_line("apiKeyHelper", new["apiKeyHelper"], "apiKeyHelper" in old))
    env = dict(old.get("env", {}))
    for name, value in new["env"].items():
        if env.get(name) != value:
            changes.append(_line(f"env.{name}", value, name in env))
            env[name] = value
    merged["env"] = env
    return Merged(_text(merged, origin) if changes else existing, tuple(changes))


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


def _refuse_what_wins(env: dict[str, Any], new: dict[str, str], origin: str) -> None:
    for name in WINNING:
        if name in env:
            raise UsageError(
                f"{origin} sets env.{name}, which wins over apiKeyHelper: nothing was written",
                f"take {name} out of it; if it holds a key, that key was on disk: keyplan rotate KEY",
            )
    if ANTHROPIC_BASE_URL in env and ANTHROPIC_BASE_URL not in new:
        raise UsageError(
            f"{origin} sets env.{ANTHROPIC_BASE_URL}, and the key would be sent there: nothing was written",
            f"take {ANTHROPIC_BASE_URL} out of it",
        )


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
