"""Whether a file with values may stand at a path: never where git could pick it up.

A path is safe outside every git work tree, or inside one where git ignores it and does not track it. When git
cannot be asked, the answer is no: the file would be one `git add .` away from a commit.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from keyplan.errors import UsageError

GIT_TIMEOUT_SECONDS = 20


def require_out_of_git(path: Path) -> None:
    """Raise UsageError unless git can't pick up `path`, which is absolute and holds no symbolic link.

    Asks the innermost work tree only: an outer one never looks into a repository inside it.
    """
    if not any(os.path.lexists(parent / ".git") for parent in path.parents):
        return
    if _git(path, "--literal-pathspecs", "ls-files", "--error-unmatch") == 0:
        raise UsageError(
            f"git tracks {path}: a value written there would be in the next commit",
            f"git rm --cached {path.name}, and add it to .gitignore; or choose another path",
        )
    # Without --no-index a tracked file beside it could change the answer.
    if _git(path, "check-ignore", "--no-index", "--quiet") == 1:
        raise UsageError(
            f"git does not ignore {path}: a value written there would be one `git add .` away from a commit",
            f"echo /{path.name} >> {path.parent / '.gitignore'}, or choose a path outside the work tree",
        )


def _git(path: Path, *command: str) -> int:
    """Ask git about a path: 0 yes, 1 no. Raises UsageError when it can't say."""
    # Variables such as GIT_DIR (set inside a git hook) would make git answer for another repository.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        code = subprocess.run(
            ["git", "-C", str(path.parent), *command, "--", f"./{path.name}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=GIT_TIMEOUT_SECONDS,
            check=False,
        ).returncode
    except FileNotFoundError:
        raise _unknown(path, "git is not installed") from None
    except (OSError, subprocess.TimeoutExpired):
        raise _unknown(path, "git does not answer") from None
    if code not in (0, 1):
        raise _unknown(path, "git fails there")
    return code


def _unknown(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is inside a git work tree, and nobody can say whether git ignores it: {why}",
        "choose a path outside the work tree",
    )
