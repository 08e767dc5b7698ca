"""What Pulumi's engine works in: a folder of its own; checkout and the user's Pulumi stay as they are.

    .keyplan/sandbox/pulumi/
        instance    which cloud the state belongs to
        engine      which engine was found, and what it answered (`known`)
        project/    Pulumi.yaml that points to the checkout, and each stack's file with the emulator's address
        state/      the file backend: state, history, locks
        home/       PULUMI_HOME: no credentials, no selected stack and no history of the user's
        bin/        the plugins that are not installed on this machine

The stack files leave out what encrypts a real stack's state (`secretsprovider`, `encryptionsalt`): the key of
a cloud must not be asked for here, and there is nothing secret in the state.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keyplan.errors import UsageError
from sandbox.configuration import emulator_settings, google_projects, google_settings, vendor_settings
from sandbox.isolation import isolated
from sandbox.project import Project, make_directory, write_private
from sandbox.pulumi_cli.find import Engine
from sandbox.pulumi_cli.known import keep_engine
from sandbox.server.client import ensure_google_projects
from sandbox.server.record import ServerRecord, digest

PROVIDERS = ("aws", "gcp")
LANGUAGE = "python"
# Fields of a stack's file that say how a real stack's state is encrypted.
ENCRYPTION = ("encryptedkey", "secretsprovider")
SALT = "encryptionsalt"
LAUNCHER = """#!/bin/sh
# Stands in for {plugin}, which is not installed on this machine.
PYTHONPATH={source} exec {python} -P -m sandbox.plugins {name} "$@"
"""


@dataclass(frozen=True)
class Workspace:
    """The folder, and the engine that works in it."""

    project: Project
    engine: Engine
    region: str

    @property
    def directory(self) -> Path:
        """All of it."""
        return directory_of(self.project)

    @property
    def project_directory(self) -> Path:
        """Where `pulumi` is run."""
        return self.directory / "project"

    @property
    def state_directory(self) -> Path:
        """The file backend."""
        return self.directory / "state"

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """The plugins that are not installed here, by their file names."""
        return tuple(sorted(path.name for path in (self.directory / "bin").iterdir()))

    def environment(self) -> dict[str, str]:
        """The environment of every `pulumi`: nothing of the user's clouds, of Pulumi's cloud, no proxy."""
        path = (str(self.engine.binary.parent), os.environ.get("PATH", ""))
        return {
            **isolated(os.environ, self.region),
            "PATH": os.pathsep.join(path),
            "PULUMI_HOME": str(self.directory / "home"),
            # Without a file of metadata beside every file: the state is written at every step of an update.
            "PULUMI_BACKEND_URL": f"{self.state_directory.as_uri()}?metadata=skip",
            # The state holds no secret; an empty passphrase is how Pulumi spells that.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Bytecode of the plugins is compiled once, whatever the user's own programs do.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def described_stacks(self) -> list[str]:
        """The stacks that have a file in the checkout."""
        files = self.project_directory.glob("Pulumi.?*.yaml")
        return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)

    def has_stack(self, stack: str) -> bool:
        """Whether the backend knows the stack. What a killed Pulumi was still writing is no stack yet."""
        return any((self.state_directory / ".pulumi" / "stacks").glob(f"*/{stack}.json"))


def directory_of(project: Project) -> Path:
    """Where a project's workspace is, whether or not it has one."""
    return project.directory / "pulumi"


def has_state(project: Project, record: ServerRecord) -> bool:
    """Whether Pulumi's engine made something in this cloud."""
    return _belongs_to(project, record) and any((directory_of(project) / "state").glob(".pulumi/stacks/*/*"))


def prepare(project: Project, engine: Engine, record: ServerRecord) -> Workspace:
    """Write the workspace anew for a running cloud. State of a cloud that is gone goes with it.

    Raises: UsageError when Pulumi.yaml or a stack's file cannot be read.
    """
    make_directory(project)
    directory = directory_of(project)
    if not _belongs_to(project, record):
        remove(project)
    for name in ("project", "state", "home", "bin"):
        (directory / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(directory / "instance", digest(record.instance))
    keep_engine(directory, engine)
    plugins = _write_launchers(directory / "bin", engine)
    region = _write_project(project, directory / "project", record, plugins)
    _link_installed_plugins(directory / "home")
    return Workspace(project, engine, region)


def remove(project: Project) -> None:
    """Forget everything that the engine kept."""
    shutil.rmtree(directory_of(project), ignore_errors=True)


def _belongs_to(project: Project, record: ServerRecord) -> bool:
    try:
        return (directory_of(project) / "instance").read_text() == digest(record.instance)
    except FileNotFoundError:
        return False


def _write_project(project: Project, place: Path, record: ServerRecord, plugins: Mapping[str, Any]) -> str:
    """Write Pulumi.yaml and the stacks' files; return the region of the stack `sandbox`.

    Args: plugins: the field of this name in Pulumi.yaml.
    """
    settings = _document(project.root / "Pulumi.yaml")
    settings["main"] = str(project.root)
    settings["runtime"] = {"name": LANGUAGE, "options": _runtime_options()}
    settings["plugins"] = dict(plugins)
    _write(place / "Pulumi.yaml", settings)
    found = {path.name: _document(path) for path in sorted(project.root.glob("Pulumi.?*.yaml"))}
    for left in {path.name for path in place.glob("Pulumi.?*.yaml")} - found.keys():
        (place / left).unlink()
    region = ""
    for name, stack in found.items():
        config = stack.get("config") or {}
        config = {
            **config,
            **emulator_settings(record.url),
            **google_settings(config, record.gcp_url),
            **vendor_settings(config, record.vendor_url),
        }
        ensure_google_projects(record, google_projects(config))
        stack = {key: value for key, value in stack.items() if key not in (*ENCRYPTION, SALT)}
        stack["config"] = {name: value for name, value in config.items() if not _is_encrypted(value)}
        stack["config"].setdefault("aws:region", "eu-west-1")
        if name == "Pulumi.sandbox.yaml" or not region:
            region = stack["config"]["aws:region"]
        # `pulumi stack init` wrote the salt that the state's (empty) secrets are encrypted with.
        salt = _document(place / name).get(SALT) if (place / name).exists() else None
        _write(place / name, {**stack, **({SALT: salt} if salt else {})})
    return region


def _runtime_options() -> dict[str, str]:
    """What a real language host needs to find this very interpreter and its packages."""
    if sys.prefix == sys.base_prefix:
        return {}
    return {"toolchain": "pip", "virtualenv": sys.prefix}


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secure"}


def _document(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        document = None
    if not isinstance(document, dict):
        raise UsageError(f"{path.name} cannot be read as a mapping in YAML", "keyplan check")
    return document


def _write(path: Path, document: Mapping[str, Any]) -> None:
    import yaml

    write_private(path, yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True))


def _link_installed_plugins(home: Path) -> None:
    """Let the engine see the plugins that the user has, and nothing else of the user's Pulumi."""
    installed = Path.home() / ".pulumi" / "plugins"
    link = home / "plugins"
    if installed.is_dir() and not link.exists():
        link.symlink_to(installed)


def _write_launchers(place: Path, engine: Engine) -> dict[str, Any]:
    """Write the stand-ins of what is not installed; return the field of Pulumi.yaml that names them.

    What the project names is used before anything else, and without the warning that comes with each plugin
    that is found on PATH.
    Source: getPluginInfoAndPath in Pulumi's sdk/go/common/workspace (3.259.0, checked 2026-11-21).
    """
    wanted = {f"pulumi-resource-{name}": name for name in PROVIDERS if not _is_installed(name)}
    if engine.language_host is None:
        wanted[f"pulumi-language-{LANGUAGE}"] = LANGUAGE
    for left in {path.name for path in place.iterdir()} - wanted.keys():
        (place / left).unlink()
    for plugin, name in wanted.items():
        text = LAUNCHER.format(
            plugin=plugin,
            source=shlex.quote(str(Path(__file__).resolve().parents[2])),
            python=shlex.quote(sys.executable),
            name=name,
        )
        write_private(place / plugin, text)
        (place / plugin).chmod(0o700)
    return {
        "providers": [_plugin(name, place) for name in wanted.values() if name in PROVIDERS],
        "languages": [_plugin(name, place) for name in wanted.values() if name == LANGUAGE],
    }


def _plugin(name: str, place: Path) -> dict[str, str]:
    return {"name": name, "path": str(place)}


def _is_installed(provider: str) -> bool:
    """Whether the vendor's plugin is here in the version that the program's SDK asks for."""
    from importlib import metadata

    try:
        version = metadata.version(f"pulumi-{provider}")
    except metadata.PackageNotFoundError:
        return False
    return (Path.home() / ".pulumi" / "plugins" / f"resource-{provider}-v{version}").is_dir()
