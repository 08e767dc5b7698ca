"""Say which credential Claude Code and the SDKs would use here, and what is in the way. Nothing is changed.

  keyplan doctor                                            for this folder, in this shell
  keyplan doctor --project ~/work/search                    for another folder
  keyplan doctor --format json                              the same for programs

Looks at the environment, the settings of Claude Code (managed, user, project, local), shell profiles, .envrc,
.env, .env.local and devcontainer.json. Each finding names the file and the line. No value is ever printed,
only what kind it is: API key, Admin API key, OAuth token, unknown. Nothing is sent anywhere, and no vendor is
asked.

At the end stands the way back to clean: what to unset and which lines to take out, until Claude Code uses
its login again.

Exit code: 0 nothing is in the way, 1 there are findings, 2 wrong use.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from keyplan.doctor.model import FileText, Source

SIZE_LIMIT_BYTES = 1 << 20
MANAGED = (Path("/etc/claude-code"), Path("/Library/Application Support/ClaudeCode"))
ETC = Path("/etc")
OF_SHELLS = (
    *(".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".zlogin"),
    *(".cshrc", ".tcshrc", ".pam_environment", ".config/environment.d/*.conf"),
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
NOTHING_FOUND = "--project names no folder that can be read"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan doctor`."""
    parser.add_argument(
        "--project",
        metavar="DIRECTORY",
        type=Path,
        default=Path(),
        help="the folder in which Claude Code or the program is started (default: this one)",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Look, print, and return the exit code."""
    from keyplan.doctor.examining import examine
    from keyplan.doctor.forms import as_document, as_text

    if not arguments.project.is_dir():
        raise UsageError(NOTHING_FOUND)
    home, project = Path(os.path.expanduser("~")), arguments.project.absolute()
    config = Path(os.environ.get("CLAUDE_CONFIG_DIR") or home / ".claude")
    login = config / ".credentials.json"
    there = shown(login, home, "~") if _exists(login) else None
    diagnosis = examine(os.environ, files(home, project, config), there, litellm(project))
    as_json = arguments.format == "json"
    sys.stdout.write(json.dumps(as_document(diagnosis), indent=2) + "\n" if as_json else as_text(diagnosis))
    return EXIT_FINDINGS if diagnosis.findings else EXIT_DONE


def files(home: Path, project: Path, config: Path) -> list[FileText]:
    """Every place that can set something, as far as it is there; a file that has two places counts once."""
    seen: set[tuple[int, int]] = set()
    found = []
    for source, root, name, pattern in _places(home, project, config):
        for path in sorted(root.glob(pattern)) if "*" in pattern else [root / pattern]:
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
            found.append(_read(source, path, shown(path, root, name)))
    return found


def litellm(project: Path) -> list[tuple[str, str]]:
    """The version and the folder of each LiteLLM in reach: in the project's environment, the active one and
    keyplan's own. Nothing is imported: one that steals would run.
    """
    roots = {project / ".venv", project / "venv", Path(sys.prefix)}
    roots |= {Path(active) for active in (os.environ.get("VIRTUAL_ENV"),) if active}
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


def _places(home: Path, project: Path, config: Path) -> Iterator[tuple[Source, Path, str, str]]:
    """Source, the folder, how the folder is shown, and what is looked for in it."""
    from keyplan.doctor.model import Source

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


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _read(source: Source, path: Path, name: str) -> FileText:
    """A file's text. One that is no plain file is not read: a pipe would never end."""
    from keyplan.doctor.model import FileText

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return FileText(source, name, problem="is not a plain file")
            content = opened.read(SIZE_LIMIT_BYTES + 1)
    except OSError:
        return FileText(source, name, problem="cannot be read")
    if len(content) > SIZE_LIMIT_BYTES:
        return FileText(source, name, problem="is larger than 1 MiB")
    try:
        return FileText(source, name, content.decode())
    except UnicodeDecodeError:
        if b"\0" in content or path.suffix == ".json":
            return FileText(source, name, problem="is not UTF-8 text")
        return FileText(source, name, content.decode("latin-1"))  # an old profile: names and keys are ASCII
