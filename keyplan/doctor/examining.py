"""The diagnosis of a machine, from its environment and the texts of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keyplan.doctor.choosing import claude_code, is_of_a_person, sdk
from keyplan.doctor.collisions import between
from keyplan.doctor.model import Diagnosis, Evidence, FileText, Finding, Setting, Source
from keyplan.doctor.network import of_answers
from keyplan.doctor.reading import of_environment, read
from keyplan.doctor.rules import of_packages, of_single_settings
from keyplan.doctor.stored import of_stored
from keyplan.doctor.variables import ACTIVE_PROFILE, HELPER, LOGIN, ROUTING
from keyplan.secret_value import SecretValue

NOTHING_ELSE = Evidence()  # for the settings alone


@dataclass(frozen=True)
class Seen:
    """Everything that is set, and what is wrong with the files that set it."""

    settings: list[Setting]
    findings: list[Finding]


def look(environment: Mapping[str, str], files: Iterable[FileText], login: str | None = None) -> Seen:
    """Read what is set.

    Args:
        environment: of the process that asks; programs that its shell starts get the same.
        files: all that were found; see `keyplan.doctor.places`.
        login: the file of a login of Claude Code's, where there is one.
    """
    from_files, findings = read(files)
    settings = [*of_environment(environment), *from_files]
    if login is not None:
        settings.append(Setting(LOGIN, SecretValue("there"), Source.LOGIN, login))
    return Seen(settings, findings)


def conclude(
    seen: Seen, litellm: Iterable[tuple[str, str]] = (), evidence: Evidence = NOTHING_ELSE
) -> Diagnosis:
    """Say what would be used here, and what is in the way.

    Args:
        seen: what is set.
        litellm: the version and the folder of each installed LiteLLM.
        evidence: what was found where the settings lead to.
    """
    settings = [*seen.settings, *evidence.settings]
    ours, theirs = claude_code(settings), sdk(settings)
    findings = [
        *seen.findings,
        *of_single_settings(settings),
        *between(settings, ours, theirs, evidence),
        *of_stored(evidence),
        *of_answers(evidence.answers),
        *of_packages(litellm),
    ]
    routing = [setting for setting in settings if _is_in_the_way(setting)]
    return Diagnosis(
        ours,
        theirs,
        tuple(dict.fromkeys(findings)),
        tuple(setting.name for setting in routing if setting.source is Source.ENVIRONMENT),
        tuple(setting for setting in routing if setting.file is not None),
        evidence.answers,
        evidence.stored,
    )


def _is_in_the_way(setting: Setting) -> bool:
    """Whether it keeps Claude Code from its login. A launcher that hands on what is there sets nothing."""
    if setting.name == ACTIVE_PROFILE:
        return not is_of_a_person(setting)
    return setting.name in (*ROUTING, HELPER) and (setting.literal or setting.source is not Source.LAUNCHER)
