"""Where something can be set on a machine, and reading it: settings, profiles, dotenv, editors, launchers.

At the edge: the file system. Nothing is run and nothing is changed. What the texts mean is `reading`.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from keyplan.doctor.model import FileText, Source

SIZE_LIMIT_BYTES = 1 << 20
MANAGED = (Path("/etc/claude-code"), Path("/Library/Application Support/ClaudeCode"))
ETC = Path("/etc")
OF_SHELLS = (
    *(".profile", ".bash_profile", ".bash_login", ".bashrc", ".bash_aliases", ".bashrc.d/*", ".aliases"),
    *(".zshenv", ".zprofile", ".zshrc", ".zlogin", ".zshrc.d/*", ".oh-my-zsh/custom/*.zsh"),
    *(".oh-my-zsh/custom/plugins/*/*.plugin.zsh", ".config/zsh/.zshrc", ".config/zsh/*.zsh"),
    *(".cshrc", ".tcshrc", ".pam_environment", ".config/environment.d/*.conf", ".config/op/plugins.sh"),
    *(".config/fish/config.fish", ".config/fish/fish_variables", ".config/fish/conf.d/*.fish"),
    ".config/powershell/*profile.ps1",
)
OF_ALL_SHELLS = (
    "environment",
    "profile",
    "profile.d/*.sh",
    "bash.bashrc",
    "bashrc",
    "zsh/zshenv",
    "zsh/zprofile",
    "zsh/zshrc",
    "zshenv",
    "zprofile",
    "zshrc",
)
OF_DEVCONTAINERS = (
    ".devcontainer/devcontainer.json",
    ".devcontainer.json",
    ".devcontainer/*/devcontainer.json",
)
# Source: VS Code documentation, "User and workspace settings" (checked 2026-11-21); its forks keep theirs in
# the same place under their own names.
EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
OF_EDITORS = (
    *(f".config/{name}/User/settings.json" for name in EDITORS),
    *(f"Library/Application Support/{name}/User/settings.json" for name in EDITORS),
    *(f".{name}-server/data/Machine/settings.json" for name in ("vscode", "cursor")),
)
# What starts a project's programs and can set a variable for them.
OF_LAUNCHERS = (
    *("Makefile", "makefile", "GNUmakefile", "justfile", "Justfile", ".justfile", "Taskfile.yml"),
    *("Procfile", "package.json", "mise.toml", ".mise.toml", "tox.ini"),
    *("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"),
    *("*.sh", "bin/*.sh", "scripts/*.sh", ".vscode/launch.json", ".vscode/tasks.json"),
    ".idea/runConfigurations/*.xml",
)
COUNT_LIMIT = 200  # of one pattern: a folder of thousands of scripts is nobody's launcher


def files(home: Path, project: Path, config: Path, anthropic: Path | None = None) -> list[FileText]:
    """Every place that can set something, as far as it is there; a file that has two places counts once.

    Args:
        home: of the person.
        project: the folder in which Claude Code or the program is started.
        config: the folder of Claude Code's user settings.
        anthropic: the folder of Anthropic's own profiles.
    """
    seen: set[tuple[int, int]] = set()
    found = []
    for source, root, name, pattern in _places(home, project, config):
        for path in _matches(root, pattern):
            try:
                status = path.stat()
                # A folder sets nothing: some name their Python environment `.env`.
                if (status.st_dev, status.st_ino) in seen or stat.S_ISDIR(status.st_mode):
                    continue
                seen.add((status.st_dev, status.st_ino))
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:  # reading it says the same again, in words
                pass
            found.append(read(source, path, shown(path, root, name)))
    active = None if anthropic is None else active_profile(anthropic)
    if active is not None and active.is_file():
        found.append(read(Source.ACTIVE_PROFILE, active, shown(active, home, "~")))
    return found


def active_profile(anthropic: Path) -> Path | None:
    """The file of the profile that is used where nothing names one; None where its name leads elsewhere.

    Source: Claude API, "WIF reference", "Active profile" (platform.claude.com/docs, checked 2026-11-21).
    """
    try:
        name = (anthropic / "active_config").read_text(encoding="utf-8").strip() or "default"
    except (OSError, UnicodeDecodeError):
        name = "default"
    if name.startswith(".") or "/" in name or "\0" in name:
        return None
    return anthropic / "configs" / f"{name}.json"


def litellm(project: Path, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The version and the folder of each LiteLLM in reach: in the project's environment, the active one and
    keyplan's own. Nothing is imported: one that steals would run.
    """
    roots = {project / ".venv", project / "venv", Path(sys.prefix)}
    roots |= {Path(active) for active in (environment.get("VIRTUAL_ENV"),) if active}
    found = {
        folder for root in roots for folder in root.glob("lib/python*/site-packages/litellm-*.dist-info")
    }
    return [
        (folder.name.removeprefix("litellm-").removesuffix(".dist-info"), shown(folder, project, ""))
        for folder in sorted(found)
    ]


def shown(path: Path, root: Path, name: str) -> str:
    """A path as a person knows it: `~/.zshrc`, `.claude/settings.json`; on one line, whatever is in it."""
    below = os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
    text = os.path.join(name, below) if path.is_relative_to(root) else below
    return "".join(character if character.isprintable() else "?" for character in text)


def read(source: Source, path: Path, name: str, limit_bytes: int = SIZE_LIMIT_BYTES) -> FileText:
    """A file's text. One that is no plain file is not read: a pipe would never end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return FileText(source, name, problem="is not a plain file")
            content = opened.read(limit_bytes + 1)
    except FileNotFoundError:
        return FileText(source, name, problem="is not there")
    except (OSError, ValueError):
        return FileText(source, name, problem="cannot be read")
    if len(content) > limit_bytes:
        return FileText(source, name, problem=f"is larger than {limit_bytes >> 20} MiB")
    try:
        return FileText(source, name, content.decode())
    except UnicodeDecodeError:
        if b"\0" in content or path.suffix == ".json":
            return FileText(source, name, problem="is not UTF-8 text")
        return FileText(source, name, content.decode("latin-1"))  # an old profile: names and keys are ASCII


def _places(home: Path, project: Path, config: Path) -> Iterator[tuple[Source, Path, str, str]]:
    """Source, the folder, how the folder is shown, and what is looked for in it."""
    name = "~/.claude" if config == home / ".claude" else str(config)
    yield Source.USER, config, name, "settings.json"
    yield Source.PROJECT, project, "", ".claude/settings.json"
    yield Source.LOCAL, project, "", ".claude/settings.local.json"
    for folder in MANAGED:
        yield Source.MANAGED, folder, str(folder), "managed-settings.json"
        yield Source.MANAGED, folder, str(folder), "managed-settings.d/*.json"
    for pattern in OF_ALL_SHELLS:
        yield Source.PROFILE, ETC, str(ETC), pattern
    for pattern in OF_SHELLS:
        yield Source.PROFILE, home, "~", pattern
    yield Source.DIRENV, project, "", ".envrc"
    yield Source.DOTENV, project, "", ".env"
    yield Source.DOTENV, project, "", ".env.local"
    for pattern in OF_DEVCONTAINERS:
        yield Source.DEVCONTAINER, project, "", pattern
    for pattern in OF_EDITORS:
        yield Source.EDITOR, home, "~", pattern
    yield Source.EDITOR, project, "", ".vscode/settings.json"
    for pattern in OF_LAUNCHERS:
        yield Source.LAUNCHER, project, "", pattern


def _matches(root: Path, pattern: str) -> list[Path]:
    if "*" not in pattern:
        return [root / pattern]
    try:
        return sorted(root.glob(pattern))[:COUNT_LIMIT]
    except OSError:  # a folder that nobody but its owner may list
        return []
