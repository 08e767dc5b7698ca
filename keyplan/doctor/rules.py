"""What is wrong with each single setting, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from keyplan.doctor.choosing import kind, origins
from keyplan.doctor.model import Finding, Setting, Source
from keyplan.doctor.variables import (
    API_KEY,
    AUTH_TOKEN,
    CREDENTIALS,
    KNOWN,
    NOT_OF_VERTEX,
    OAUTH_TOKEN,
    VERTEX_REGION,
)

BAD_LITELLM = ("1.82.7", "1.82.8")

# A credential in one of these is there for every program, or in a file that others read, for good.
_STAYS = (
    Source.PROFILE,
    Source.DIRENV,
    Source.DEVCONTAINER,
    Source.EDITOR,
    Source.LAUNCHER,
    Source.USER,
    Source.PROJECT,
    Source.LOCAL,
    Source.MANAGED,
)
_OF_SETTINGS = (Source.USER, Source.PROJECT, Source.LOCAL, Source.MANAGED)
# Others have it with the repository, as a rule.
_SHARED = (Source.PROJECT, Source.LAUNCHER)


def at(setting: Setting, code: str, words: str, hint: str | None = None) -> Finding:
    """A finding about a setting: `ANTHROPIC_API_KEY in ~/.zshrc:12 WORDS`."""
    message = f"{setting.name} in {setting.place} {words}"
    return Finding(code, message, setting.file, setting.line, hint)


def of_single_settings(settings: Sequence[Setting]) -> Iterator[Finding]:
    """Blank ones, credentials of the wrong kind, credentials on disk, regions that are none."""
    for setting in settings:
        if setting.name not in KNOWN or setting not in origins(settings, setting):
            continue
        if setting.literal and setting.is_blank:
            if _cancels(setting, settings):
                continue
            yield at(setting, "blank", "is blank and not unset", "unset it, and take the line out")
            continue
        yield from _of_kind(setting)
        if setting.name in CREDENTIALS and setting.source in _STAYS and setting.literal:
            shared = ", in a file that everybody with the repository has"
            where = shared if setting.source in _SHARED else ""
            words = f"is a credential on disk ({kind(setting)}){where}"
            hint = "take it out and give it with `keyplan exec` or apiKeyHelper; rotate it if others read it"
            yield at(setting, "credential-on-disk", words, hint)
        if setting.name == VERTEX_REGION and setting.is_known(NOT_OF_VERTEX):
            words = f"is {NOT_OF_VERTEX.pattern}, where Vertex does not have Claude"
            yield at(
                setting, "vertex-region", words, "global, us, eu, or a region of Claude such as us-east5"
            )


def of_packages(packages: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """Releases of LiteLLM, a gateway that many use, that sent away what they found in the environment.

    Source: BerriAI/litellm on GitHub, issues 24512 and 24518: 1.82.7 and 1.82.8 were uploaded by an attacker
    and have no release there (checked 2026-11-21).
    """
    for version, place in packages:
        if version in BAD_LITELLM:
            yield Finding(
                "litellm-compromised",
                f"LiteLLM {version} in {place} sends credentials to an attacker",
                place,
                hint="delete that environment, then `keyplan revoke KEY --leaked` for each key in its reach",
            )


def _cancels(setting: Setting, settings: Sequence[Setting]) -> bool:
    """Whether it takes back what the shell exports, as an empty one in Claude Code's settings does.

    Source: Claude Code documentation, "Settings reference", `env` (code.claude.com/docs, checked 2026-11-21).
    """
    return (
        setting.source in _OF_SETTINGS
        and not setting.is_set
        and any(
            other.name == setting.name and other.source is Source.ENVIRONMENT and other.is_set
            for other in settings
        )
    )


def _of_kind(setting: Setting) -> Iterator[Finding]:
    if setting.name not in (API_KEY, AUTH_TOKEN, OAUTH_TOKEN) or not setting.literal:
        return
    found = setting.kind
    if found == "Admin API key":
        words = "is an Admin API key: it manages the organization and cannot call models"
        yield at(setting, "admin-key", words, "take it out; it belongs to nobody's environment")
    elif found == "API key" and setting.name != API_KEY:
        words = "is an API key, and this variable is for tokens"
        hint = "put it into ANTHROPIC_API_KEY" if setting.name == OAUTH_TOKEN else _TOKEN_HINT
        yield at(setting, "api-key-as-token", words, hint)
    elif found == "OAuth token" and setting.name == API_KEY:
        words = "is an OAuth token, and this variable is for API keys"
        yield at(setting, "token-as-api-key", words, f"{OAUTH_TOKEN} is the variable of such a token")


_TOKEN_HINT = "ANTHROPIC_API_KEY is for keys of Anthropic; a gateway has tokens of its own"  # noqa: S105
