"""Following what settings lead to: identity tokens, certificates, profiles, and the logins of providers.

At the edge: the file system. Of each file only what says when it ends is kept; tokens are read past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keyplan.doctor.addresses import expiry_of_token, name_in, path_in, time_in
from keyplan.doctor.choosing import claude_code, in_claude_code, in_process, origins
from keyplan.doctor.model import Kind, Setting, Source, Stored
from keyplan.doctor.places import read, shown
from keyplan.doctor.stored import (
    login_of_azure,
    login_of_claude_code,
    login_of_google,
    token_of_aws_login,
    token_of_sso,
)
from keyplan.doctor.variables import (
    ANTHROPIC_CONFIG,
    API_KEY,
    AUTH_TOKEN,
    AWS_CONFIG,
    AWS_CREDENTIALS,
    AWS_EXPIRATION,
    AWS_KEY,
    AWS_PROFILE,
    AWS_REFRESHERS,
    AZURE_CONFIG,
    AZURE_OTHERS,
    BEDROCK,
    FLAGS,
    FOUNDRY,
    FOUNDRY_KEY,
    FOUNDRY_TOKEN,
    GOOGLE_CONFIG,
    GOOGLE_FILE,
    GOOGLE_REFRESHERS,
    HELPER,
    LOGIN,
    NODE_CERTIFICATES,
    PROFILE,
    PROFILE_REGION,
    PYTHON_CERTIFICATES,
    SKIPS,
    VERTEX,
)
from keyplan.routes import IDENTITY_TOKEN_FILE
from keyplan.secret_value import SecretValue

Metadata = tuple[str | None, float | None, bool]
# What tells a machine of Google's or Microsoft's cloud, where a login comes from the machine's own identity.
# Source: google-auth's compute_engine, and Azure's documentation of its virtual machines' chassis (checked
# 2026-11-21).
DMI = Path("/sys/class/dmi/id")
_OF_GOOGLE = ("product_name", "Google")
_OF_AZURE = ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77")
# The login itself, and what hides it until it is taken away: beside any other route its end is no concern.
_NEAR_THE_LOGIN = (LOGIN, API_KEY, AUTH_TOKEN, HELPER)
_LARGE_BYTES = 16 << 20  # Claude Code's own file of projects grows with every one


def follow(
    settings: Sequence[Setting], home: Path, environment: Mapping[str, str], login: Path
) -> tuple[tuple[Setting, ...], tuple[Stored, ...]]:
    """What the settings lead to.

    Args:
        settings: all that were found.
        home: of the person.
        environment: of this process; `K_SERVICE` tells Cloud Run.
        login: the file of Claude Code's login.

    Returns:
        What an AWS profile sets beside them, and each file with what is known of it.
    """
    there = {name: origins(settings, found)[0] for name, found in in_claude_code(settings).items()}
    anywhere = {**in_process(settings), **there}
    uses = claude_code(settings).uses
    route = None if uses is None else uses.name
    stored = list(_named_files(anywhere, home))
    more: tuple[Setting, ...] = ()
    if LOGIN in there and route in _NEAR_THE_LOGIN:
        stored.append(_known(Kind.LOGIN, login, shown(login, home, "~"), login_of_claude_code))
    elif route in FLAGS and SKIPS[route] in there:
        pass  # a gateway has the provider's credentials
    elif route == BEDROCK:
        more, found = _aws(there, home)
        stored += found
    elif route == VERTEX:
        stored += _google(there, home, environment)
    elif route == FOUNDRY:
        stored += _azure(there, home)
    return more, tuple(stored)


def is_trusted(settings: Sequence[Setting], home: Path, project: Path, config: Path | None) -> bool | None:
    """Whether Claude Code was told to trust the project; None where that is not known or not asked.

    Source: Claude Code documentation, "Permissions", "Project allow rules and workspace trust": the folder is
    that of the repository, or the one in which it was started (checked 2026-11-21).
    """
    if not any(setting.source in (Source.PROJECT, Source.LOCAL) for setting in settings):
        return None
    import json

    path = (config or home) / ".claude.json"
    file = read(Source.USER, path, "", _LARGE_BYTES)
    try:
        projects = json.loads(file.text).get("projects") if file.problem is None else None
        folders = (project, *project.parents)
        if not isinstance(projects, dict):
            return None
        return any(
            (projects.get(str(folder)) or {}).get("hasTrustDialogAccepted") is True for folder in folders
        )
    except (ValueError, AttributeError, RecursionError):
        return None


def _named_files(there: Mapping[str, Setting], home: Path) -> Iterator[Stored]:
    token = there.get(IDENTITY_TOKEN_FILE)
    if token is not None:
        yield _file(Kind.IDENTITY_TOKEN, token, _identity_token)
    for variable in (NODE_CERTIFICATES, PYTHON_CERTIFICATES):
        setting = there.get(variable)
        if setting is not None and setting.literal:
            yield _file(Kind.CERTIFICATES, setting, lambda text: (None, None, True))
    profile = there.get(PROFILE)
    if profile is not None and profile.literal:
        name = name_in(profile)
        folder = _path(there.get(ANTHROPIC_CONFIG), home / ".config" / "anthropic")
        is_there = name is not None and _exists(folder / "configs" / f"{name}.json")
        problem = None if is_there else "is not there"
        yield Stored(Kind.NAMED_PROFILE, profile.place, profile, problem, renews=True)


def _aws(there: Mapping[str, Setting], home: Path) -> tuple[tuple[Setting, ...], list[Stored]]:
    """The profile's region, and the login behind it. Source: botocore's configuration and its caches."""
    expiration = there.get(AWS_EXPIRATION)
    stored = []
    if expiration is not None and AWS_KEY in there:
        ends = time_in(expiration)
        stored.append(Stored(Kind.AWS_LOGIN, expiration.place, expiration, expires_at=ends))
    setting = there.get(AWS_PROFILE)
    name = "default" if setting is None else setting.value
    config = _path(there.get(AWS_CONFIG), home / ".aws" / "config")
    credentials = _path(there.get(AWS_CREDENTIALS), home / ".aws" / "credentials")
    sections, secret_sections = _ini(config), _ini(credentials)
    profile = _section(sections, name, prefixed=True)
    secret = _section(secret_sections, name, prefixed=False)
    if setting is not None and profile is None and secret is None and setting.literal:
        stored.append(Stored(Kind.AWS_PROFILE, setting.place, setting, "is in neither file of AWS"))
    more: list[Setting] = []
    for found, path in ((secret, credentials), (profile, config)):
        if found is not None and found.get("region") and not more:
            value = SecretValue(found["region"])
            more.append(Setting(PROFILE_REGION, value, Source.AWS, shown(path, home, "~")))
    others = (AWS_KEY, "AWS_BEARER_TOKEN_BEDROCK", *AWS_REFRESHERS)
    if profile is not None and secret is None and not any(other in there for other in others):
        stored += _aws_login(profile, home)
    return tuple(more), stored


def _aws_login(profile: Mapping[str, str], home: Path) -> Iterator[Stored]:
    """The cached token of `aws sso login` or `aws login`, where the profile uses one."""
    session = profile.get("sso_session") or profile.get("sso_start_url")
    if session:
        name = hashlib.sha1(session.encode(), usedforsecurity=False).hexdigest()
        path = home / ".aws" / "sso" / "cache" / f"{name}.json"
        yield _known(Kind.AWS_LOGIN, path, "~/.aws/sso/cache", token_of_sso)
    elif profile.get("login_session"):
        name = hashlib.sha256(profile["login_session"].encode()).hexdigest()
        path = home / ".aws" / "login" / "cache" / f"{name}.json"
        yield _known(Kind.AWS_LOGIN, path, "~/.aws/login/cache", token_of_aws_login)


def _google(there: Mapping[str, Setting], home: Path, environment: Mapping[str, str]) -> Iterator[Stored]:
    """Application Default Credentials: a file, unless this machine is Google's own."""
    if any(name in there for name in GOOGLE_REFRESHERS):
        return
    setting = there.get(GOOGLE_FILE)
    if setting is not None and setting.literal:
        yield _file(Kind.GOOGLE_LOGIN, setting, login_of_google)
    elif setting is None and not _is_machine_of(_OF_GOOGLE) and not environment.get("K_SERVICE"):
        folder = _path(there.get(GOOGLE_CONFIG), home / ".config" / "gcloud")
        path = folder / "application_default_credentials.json"
        yield _known(Kind.GOOGLE_LOGIN, path, shown(path, home, "~"), login_of_google)


def _azure(there: Mapping[str, Setting], home: Path) -> Iterator[Stored]:
    """The login of `az`, which is the last that Azure's chain comes to on a person's machine."""
    if any(name in there for name in (FOUNDRY_KEY, FOUNDRY_TOKEN, *AZURE_OTHERS)) or _is_machine_of(
        _OF_AZURE
    ):
        return
    path = _path(there.get(AZURE_CONFIG), home / ".azure") / "azureProfile.json"
    yield _known(Kind.AZURE_LOGIN, path, shown(path, home, "~"), login_of_azure)


def _identity_token(text: str) -> Metadata:
    if not text.strip():
        return "is empty", None, False
    ends = expiry_of_token(text)
    return (None, ends, False) if ends is not None else ("holds no JSON Web Token with an end", None, False)


def _file(kind: Kind, setting: Setting, metadata: Callable[[str], Metadata]) -> Stored:
    """The file that a setting names; its path is not told, it is a text of the setting."""
    path = path_in(setting)
    if path is None:  # what is worked out only later is not known to be wrong
        return Stored(
            kind, setting.place, setting, "cannot be read" if setting.literal else None, renews=True
        )
    found = _known(kind, Path(path), setting.place, metadata, setting)
    if path.startswith("~") and found.problem == "is not there":
        return replace(found, problem="is not there: its ~ means the home folder to a shell only")
    return found


def _known(
    kind: Kind, path: Path, place: str, metadata: Callable[[str], Metadata], cause: Setting | None = None
) -> Stored:
    file = read(Source.LOGIN, path, place)
    if file.problem is not None:
        return Stored(kind, place, cause, file.problem)
    problem, expires_at, renews = metadata(file.text)
    return Stored(kind, place, cause, problem, expires_at, renews)


def _path(setting: Setting | None, otherwise: Path) -> Path:
    path = None if setting is None else path_in(setting)
    return otherwise if path is None else Path(path).expanduser()


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _ini(path: Path) -> dict[str, dict[str, str]]:
    """The sections of a file of AWS; none where it cannot be read as one."""
    import configparser

    file = read(Source.AWS, path, "")
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(file.text)
    except configparser.Error:
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _section(
    sections: Mapping[str, dict[str, str]], name: str | SecretValue, prefixed: bool
) -> dict[str, str] | None:
    """A profile's section: `[profile NAME]` in the configuration, `[NAME]` in the credentials."""
    for found, content in sections.items():
        bare = found.removeprefix("profile ").strip().strip('"') if prefixed else found.strip()
        if (SecretValue(bare) if isinstance(name, SecretValue) else bare) == name:
            return content
    return None


def _is_machine_of(sign: tuple[str, str]) -> bool:
    try:
        return (DMI / sign[0]).read_text().strip().startswith(sign[1])
    except (OSError, UnicodeDecodeError):
        return False
