"""The diagnosis of a machine, from its environment and the texts of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from keyplan.doctor.choosing import claude_code, sdk
from keyplan.doctor.collisions import between
from keyplan.doctor.model import Diagnosis, FileText, Setting, Source
from keyplan.doctor.reading import of_environment, read
from keyplan.doctor.rules import of_packages, of_single_settings
from keyplan.doctor.variables import HELPER, LOGIN, ROUTING
from keyplan.secret_value import SecretValue


def examine(
    environment: Mapping[str, str],
    files: Iterable[FileText],
    login: str | None = None,
    litellm: Iterable[tuple[str, str]] = (),
) -> Diagnosis:
    """Say what would be used here, and what is in the way.

    Args:
        environment: of the process that asks; programs that its shell starts get the same.
        files: all that were found; see `keyplan.cli.doctor` for the places.
        login: the file of a login of Claude Code's, where there is one. It is never read.
        litellm: the version and the folder of each installed LiteLLM.
    """
    from_files, findings = read(files)
    settings = [*of_environment(environment), *from_files]
    if login is not None:
        settings.append(Setting(LOGIN, SecretValue("there"), Source.LOGIN, login))
    ours, theirs = claude_code(settings), sdk(settings)
    findings += [*of_single_settings(settings), *between(settings, ours, theirs), *of_packages(litellm)]
    routing = [setting for setting in settings if setting.name in (*ROUTING, HELPER)]
    return Diagnosis(
        ours,
        theirs,
        tuple(dict.fromkeys(findings)),
        tuple(setting.name for setting in routing if setting.source is Source.ENVIRONMENT),
        tuple(setting for setting in routing if setting.file is not None),
    )
