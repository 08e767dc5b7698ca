"""Writes docs/session.md from a real session: python -m docs.session [--check].

Runs the commands in a copy of the project with Pulumi's own engine (`make engine`), a home of its own and the
sandbox's cloud. Long output is cut by rule, and what differs from run to run (ids, ports, times) is replaced,
so that a second run gives the same document; --check compares, prints the difference, and writes nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.written import write_or_compare
from sandbox.pulumi_cli.find import require_engine

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "session.md"
COPIED = ("keyplan", "components", "sandbox", "__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml")
MOST_LINES = 24
PULUMI = "python -m sandbox pulumi"
QUIET = "--color=never --non-interactive"
MADE_UP = """python -c 'print("sk-ant-" + "api03-" + 93 * "x" + "AA")'"""
DRIFT = (
    "aws iam put-role-policy --role-name dev-workbench-reader --policy-name read-keys --policy-document "
    """'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}]}'"""
)
SECOND_READER = "printf '    batch:\\n      runtime: ecs\\n      keys: [anthropic]\\n' > batch.yaml"
INSERT = "sed -i '/keyplan:consumers:/r batch.yaml' Pulumi.dev.yaml"
# (what and why, command)
STEPS: tuple[tuple[str, str], ...] = (
    ("The environment `dev` from nothing.", f"{PULUMI} up -s dev --yes --skip-preview {QUIET}"),
    (
        "A made-up value, on standard input; Pulumi never sees it.",
        f"{MADE_UP} | python -m keyplan put anthropic",
    ),
    ("Which keys have a value.", "python -m keyplan status"),
    (
        "A program that gets the key.",
        "python -m keyplan exec --consumer workbench --only anthropic -- "
        "sh -c 'test -n \"$ANTHROPIC_API_KEY\" && echo it is there'",
    ),
    ("A second reader in the catalogue.", f"{SECOND_READER} && {INSERT}"),
    ("The preview shows what that changes, and nothing else.", f"{PULUMI} preview -s dev {QUIET}"),
    ("It is applied.", f"{PULUMI} up -s dev --yes --skip-preview {QUIET}"),
    ("Somebody widens a policy behind Pulumi's back.", DRIFT),
    ("A refresh sees it.", f"{PULUMI} refresh -s dev --yes --skip-preview {QUIET}"),
    ("The next update puts it right.", f"{PULUMI} up -s dev --yes --skip-preview {QUIET}"),
    ("The state, to look into.", f"{PULUMI} stack export -s dev > state.json"),
    (
        "The value is on none of its lines; ARNs, which are there to be found, are on many.",
        'for words in xxxxxxxx arn:aws; do echo "lines with $words: $(grep -c $words state.json)"; done',
    ),
    (
        "Everything is removed but CI identity providers, which others in the account may use.",
        f"{PULUMI} destroy -s dev --yes --skip-preview {QUIET}",
    ),
)
UNINTERESTING = re.compile(
    r"^\s*$|from \$PATH at|^@ |^ = |unchanged$|\b(creating|updating|deleting|refreshing) \("
    r"|^Diagnostics:|^Duration:|^ +pulumi:pulumi:Stack |^    (aws|keyplan):"
)
# Pulumi writes its progress beside the lines, and now and then the two share one.
PROGRESS = re.compile(r"^(@ \w+)?\.+", re.MULTILINE)
VARIABLE: tuple[tuple[str, str], ...] = (
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"(fingerprint +)\w+", r"\1FINGERPRINT"),
    (r"(api-key)-\w{6}\b", r"\1-ID"),
    (r"\(\d+(\.\d+)?s\)", "(TIME)"),
    (r"\b\d{4}-\d\d-\d\d\b", "DATE"),
    (r"\b\d+[ms]\b", "0m"),
)


def main() -> int:
    """Write the document, or with --check compare it; 1 when it differs."""
    return write_or_compare(DOCUMENT, _document())


def _document() -> str:
    with tempfile.TemporaryDirectory(prefix="keyplan-session-") as folder:
        place = Path(folder)
        environment = _copy(place)
        try:
            parts = [
                f"{why}\n\n```console\n$ {line}\n{_run(line, place, environment)}```\n" for why, line in STEPS
            ]
        finally:
            _run("python -m sandbox down", place, environment, must=False)
    head = (
        "# A session with Pulumi's engine\n\nWritten by `python -m docs.session`: real commands and their "
        "real output in the sandbox, cut to what changes. Words in capitals stand for what differs "
        "every time.\n"
    )
    return "\n".join([head, *parts])


def _copy(place: Path) -> dict[str, str]:
    for name in COPIED:
        source, target = ROOT / name, place / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    (place / "home").mkdir()
    engine = require_engine(os.environ)
    folders = (str(Path(sys.executable).parent), str(engine.binary.parent), "/usr/bin", "/bin")
    return {"PATH": os.pathsep.join(folders), "HOME": str(place / "home"), "LANG": "C.UTF-8"}


def _run(line: str, place: Path, environment: dict[str, str], *, must: bool = True) -> str:
    if line.startswith("aws "):
        record = (place / ".keyplan/sandbox/server.json").read_text()
        port = re.search(r'"port": (\d+)', record)
        assert port is not None  # noqa: S101  # the server wrote it
        environment = {
            **environment,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port[1]}",
            "AWS_ACCESS_KEY_ID": "sandbox",
            "AWS_SECRET_ACCESS_KEY": "sandbox",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
    ended = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if must and ended.returncode:
        raise SystemExit(f"{line}\nended with {ended.returncode}:\n{ended.stdout}")
    return shown(ended.stdout)


def shown(output: str) -> str:
    """The lines that say what changed, in a fixed order where Pulumi's own depends on time."""
    output = PROGRESS.sub("", output)
    # Outputs stand between the resources and the summary, or, of a refresh, now and then not at all.
    output = output.split("\nOutputs:")[0] + "".join(re.findall(r"\nResources:\n(?:    .*\n)+", output)[-1:])
    for pattern, stands_for in VARIABLE:
        output = re.sub(pattern, stands_for, output)
    kept = [line.rstrip() for line in output.splitlines() if not UNINTERESTING.search(line)]
    changes = sorted({line for line in kept if re.match(r"^ [-+~]", line)})
    others = list(dict.fromkeys(line for line in kept if line not in changes))
    if len(changes) > MOST_LINES:
        changes = [*changes[:MOST_LINES], f" … and {len(changes) - MOST_LINES} more"]
    return "".join(f"{line}\n" for line in [*changes, *others])


if __name__ == "__main__":
    sys.exit(main())
