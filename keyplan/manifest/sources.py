"""Where a command gets its manifest from, and the words when there is none.

In order: --manifest FILE; --stack NAME (`pulumi stack output`); KEYPLAN_MANIFEST; the project's last sandbox;
`pulumi stack output` of the selected stack. The project is the nearest parent directory with a Pulumi.yaml.
"""

from __future__ import annotations

import os
import sys

from keyplan.errors import ManifestError, UsageError
from keyplan.manifest.checking import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keyplan.manifest.document import ManifestDocument

FILE_VARIABLE = "KEYPLAN_MANIFEST"
PROJECT_FILE = "Pulumi.yaml"
SANDBOX_FILE = os.path.join(".keyplan", "sandbox", "manifest.json")
PULUMI_TIMEOUT_SECONDS = 60


def load(
    file: str | None,
    stack: str | None,
    *,
    report: Callable[[str], None],
    stdin_allowed: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> ManifestDocument:
    """Find, read and check the manifest.

    Args:
        file: --manifest; `-` is standard input.
        stack: --stack.
        report: takes lines for --verbose.
        stdin_allowed: whether the command leaves standard input free.
        environ: the process's environment.

    Raises:
        ManifestError: there is none, it cannot be read, or it has mistakes.
        UsageError: both options, or `-` where standard input has another use.
    """
    if file is not None and stack is not None:
        raise UsageError("--manifest and --stack exclude each other: both say which environment is meant")
    if file == "-":
        if not stdin_allowed:
            raise UsageError("this command needs standard input for itself: give the manifest as a file")
        content = b"" if sys.stdin is None else sys.stdin.buffer.read()
        return parse(_decoded(content, "standard input"), "standard input")
    if file is not None:
        return _from_file(file, "the file that --manifest names", report)
    project = find_project()
    if stack is not None:
        return _from_pulumi(project, stack, report)
    if environ.get(FILE_VARIABLE):
        return _from_file(environ[FILE_VARIABLE], f"the file that {FILE_VARIABLE} names", report)
    sandbox = os.path.join(project, SANDBOX_FILE) if project else None
    if sandbox and os.path.exists(sandbox):
        return _of_sandbox(_from_file(sandbox, "the sandbox's manifest", report), sandbox)
    if project is None:
        raise ManifestError(
            f"no manifest: there is no {PROJECT_FILE} here or in a directory above, and no option names one",
            f"add --manifest FILE or --stack NAME, set {FILE_VARIABLE}, or change to the project's directory",
        )
    return _from_pulumi(project, None, report)


def find_project(start: str | None = None) -> str | None:
    """The nearest directory with a Pulumi.yaml, from `start` (the current one) upwards."""
    directory = os.path.abspath(start or os.getcwd())
    while not os.path.isfile(os.path.join(directory, PROJECT_FILE)):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _from_file(path: str, described: str, report: Callable[[str], None]) -> ManifestDocument:
    """`described` stands for the path until the file is known to exist: somebody may have typed a value
    there.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise ManifestError(
            f"no manifest: {described} does not exist",
            "pulumi stack output manifest --json --stack NAME > FILE, or make sandbox",
        ) from None
    except OSError:
        raise ManifestError(
            f"no manifest: {described} cannot be read: check its path and permissions"
        ) from None
    report(f"manifest: {path}")
    return parse(_decoded(content, path), path)


def _of_sandbox(document: ManifestDocument, path: str) -> ManifestDocument:
    """A manifest that nobody named has to be what its place says: nothing else may be acted on unasked."""
    endpoints = [cloud["endpoints"] for cloud in document["clouds"].values()]  # type: ignore[index]
    if not all(each and all(url.startswith("http:") for url in each.values()) for each in endpoints):
        raise ManifestError(
            f"{path} is not a sandbox's manifest: its endpoints are not on this machine",
            "run `make sandbox` again, or name the manifest you mean with --manifest FILE",
        )
    return document


def _decoded(content: bytes, origin: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ManifestError(f"{origin}, line {line}: it is not UTF-8 text") from None


def _from_pulumi(project: str | None, stack: str | None, report: Callable[[str], None]) -> ManifestDocument:
    import subprocess

    command = ["pulumi", "stack", "output", "manifest", "--json", "--non-interactive"]
    # A stack's name that begins with a dash would be an option.
    command += [f"--stack={stack}"] if stack is not None else []
    which = "that --stack names" if stack is not None else "that is selected"
    report("manifest: `pulumi stack output manifest --json`")
    try:
        result = subprocess.run(
            command,
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PULUMI_TIMEOUT_SECONDS,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            check=False,
        )
    except (FileNotFoundError, PermissionError):
        if stack is not None:
            raise ManifestError(
                "no manifest: --stack asks the `pulumi` command, which is not installed",
                "install it, or name a file: --manifest FILE (the sandbox's is found without either)",
            ) from None
        raise ManifestError(
            "no manifest: there is no sandbox here, and the `pulumi` command is not installed",
            "make sandbox, or add --manifest FILE",
        ) from None
    except subprocess.TimeoutExpired:
        raise ManifestError(
            f"no manifest: `pulumi stack output` gave no answer in {PULUMI_TIMEOUT_SECONDS} seconds",
            "run `pulumi stack output manifest --json` yourself, and give its output with --manifest FILE",
        ) from None
    if result.returncode != 0:
        raise ManifestError(
            f"no manifest: the stack {which} has no output `manifest`, or Pulumi cannot reach its state",
            "`pulumi stack ls` shows the stacks, `pulumi up` writes the output, `make sandbox` needs neither",
        )
    origin = "the output of `pulumi stack output manifest`"
    return parse(_decoded(result.stdout, origin), origin)
