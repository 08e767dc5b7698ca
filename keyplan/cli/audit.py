"""Say who can read which secret, from a snapshot of accounts: offline, exact, and with the reasons.

  keyplan audit readers prod/anthropic-api-key --snapshot accounts.json
  keyplan audit keys chat-api --snapshot accounts.json
  keyplan audit path chat-api prod/anthropic-api-key --snapshot accounts.json
  keyplan audit matrix --snapshot accounts.json --format json
  keyplan audit gate --snapshot accounts.json --manifest manifest.json --baseline accepted.json

The snapshot is one JSON document with what AWS's APIs say of principals, secrets and keys (docs/audit.md).
It holds no value, and nothing is asked of any cloud.

A verdict is one of
  allow        the current value can be read now: Secrets Manager and KMS both let it
  conditional  it depends on what a snapshot cannot know: an address, MFA, a VPC endpoint, session tags
  unknown      a document is missing from the snapshot, or cannot be read
  deny         neither directly nor through any chain of roles

`readers` and `keys` follow chains of sts:AssumeRole and show a shortest path; `path` proves one verdict,
statement by statement; `matrix` prints everything. `gate` compares with the manifest, for CI: it finds who
reads and is not in the catalogue, readers of the catalogue who cannot read, secrets that are open to other
accounts or everybody, wildcards, and CI trusts that another repository meets.

What could not be read in the snapshot is said on standard error, and makes verdicts unknown, never deny.

Exit code: 0 answered; 1 `gate` has findings; 2 no such secret, principal, snapshot or baseline.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from keyplan.cli.output import result, say
from keyplan.errors import EXIT_DONE, EXIT_FINDINGS, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from keyplan.audit.chains import Graph
    from keyplan.audit.estate import Estate
    from keyplan.audit.gate import Finding
    from keyplan.audit.questions import Reader, Step

# What each question takes after its own name.
QUESTIONS = {
    "readers": ("SECRET",),
    "keys": ("PRINCIPAL",),
    "path": ("PRINCIPAL", "SECRET"),
    "matrix": (),
    "gate": (),
}
PROBLEMS_SHOWN_MAX = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan audit`."""
    parser.add_argument("question", choices=tuple(QUESTIONS), help="what to ask")
    parser.add_argument(
        "about", metavar="NAME", nargs="*", help="a secret or a principal: its name or its ARN"
    )
    parser.add_argument(
        "--snapshot", metavar="FILE", required=True, help="the snapshot; `-` is standard input"
    )
    parser.add_argument("--baseline", metavar="FILE", help="with gate: accepted findings")
    group = parser.add_argument_group("the environment, with gate")
    group.add_argument("--manifest", metavar="FILE", help="its manifest (default: as with every command)")
    group.add_argument("--stack", metavar="NAME", help="take the manifest from this stack's output")
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Read the snapshot, answer, and say what could not be read."""
    wanted = QUESTIONS[arguments.question]
    if len(arguments.about) != len(wanted):
        takes = " ".join(wanted) or "nothing more"
        raise UsageError(
            f"`{arguments.question}` takes {takes}",
            f"keyplan audit {' '.join((arguments.question, *wanted))} --snapshot FILE",
        )
    from keyplan.audit.estate import Estate
    from keyplan.audit.snapshot import read_snapshot

    if arguments.question != "gate" and (arguments.baseline or arguments.manifest or arguments.stack):
        raise UsageError("--baseline, --manifest and --stack are for `gate`")
    estate = Estate(read_snapshot(_load(arguments.snapshot, "snapshot")))
    code = _answer(arguments, estate)
    _tell_problems(estate)
    return code


def _answer(arguments: argparse.Namespace, estate: Estate) -> int:
    """Names are looked up first: a wrong one need not wait until everything is weighed."""
    from keyplan.audit import questions
    from keyplan.audit.matrix import graph_of

    as_json = arguments.format == "json"
    match arguments.question:
        case "matrix":
            _matrix(estate, graph_of(estate), as_json=as_json)
        case "path":
            principal = questions.principal_named(estate, arguments.about[0])
            secret = questions.secret_named(estate, arguments.about[1])
            verdict, steps = questions.path(estate, graph_of(estate), principal, secret)
            if as_json:
                result(json.dumps({"verdict": verdict.word, "steps": list(map(_step_json, steps))}, indent=2))
            else:
                sys.stdout.writelines(f"{line}\n" for line in _proof(verdict.word, steps))
        case "readers":
            secret = questions.secret_named(estate, arguments.about[0])
            found = questions.readers(estate, graph_of(estate), secret)
            _list(list(found), as_json=as_json, nobody="nobody in the snapshot can read it")
        case "keys":
            principal = questions.principal_named(estate, arguments.about[0])
            found = questions.keys(estate, graph_of(estate), principal)
            _list(list(found), as_json=as_json, nobody="it can read no secret of the snapshot")
        case "gate":
            return _gate(arguments, estate, as_json=as_json)
    return EXIT_DONE


def _gate(arguments: argparse.Namespace, estate: Estate, *, as_json: bool) -> int:
    from keyplan.audit import gate
    from keyplan.audit.matrix import graph_of
    from keyplan.cli.output import reporter
    from keyplan.manifest import Manifest
    from keyplan.manifest_sources import load

    document = load(arguments.manifest, arguments.stack, report=reporter(arguments.verbose))
    manifest = Manifest.from_document(document)
    accepted = gate.read_baseline(_load(arguments.baseline, "baseline")) if arguments.baseline else ()
    found = gate.findings(estate, graph_of(estate), manifest)
    today = estate.snapshot.context.get("aws:currenttime", ("",))[0][:10]
    if accepted and not today:
        raise UsageError("the snapshot's context has no aws:CurrentTime, and acceptances have a last day")
    counting, living, idle = gate.split(found, accepted, today)
    if as_json:
        result(json.dumps(gate.as_json(counting, living, idle), indent=2))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _findings(counting, len(living), len(idle)))
    return EXIT_FINDINGS if counting else EXIT_DONE


def _findings(counting: list[Finding], living: int, idle: int) -> Iterator[str]:
    for finding in counting:
        yield f"{finding.code}: {finding.principal} {finding.message}"
        yield f"  {finding.secret}"
        if len(finding.path) > 1:
            yield f"  {' > '.join(map(_short, finding.path))}"
    accepted = f", {living} accepted" if living else ""
    unused = f"; of the acceptances, {idle} expired or meet nothing: take them out" if idle else ""
    yield f"{len(counting) or 'no'} finding{'' if len(counting) == 1 else 's'}{accepted}{unused}"


def _load(name: str, what: str) -> object:
    try:
        if name == "-":
            return json.load(sys.stdin)
        with open(name, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise UsageError(f"the {what} cannot be read: {(error.strerror or 'failed').lower()}") from None
    except UnicodeDecodeError:
        raise UsageError(f"the {what} is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the {what} is not JSON: line {error.lineno}, column {error.colno}; is it cut off?"
        ) from None
    except RecursionError:
        raise UsageError(f"the {what} is nested too deeply to be one") from None


def _matrix(estate: Estate, graph: Graph, *, as_json: bool) -> None:
    """Everything, as it comes: for a large account it is never whole in memory."""
    from keyplan.audit.matrix import pairs, reach
    from keyplan.audit.outsiders import oidc_verdicts, outsiders

    if not as_json:
        from keyplan.audit.questions import keys

        rows = (reader for number in range(len(estate.callers)) for reader in keys(estate, graph, number))
        sys.stdout.writelines(f"{line}\n" for line in _table(rows))
        return
    parts: dict[str, Iterable[Mapping[str, Any]]] = {
        "pairs": pairs(estate, graph),
        "reach": reach(estate, graph),
        "oidc": oidc_verdicts(estate),
        "external": outsiders(estate),
    }
    write = sys.stdout.write
    write("{")
    for name, entries in parts.items():
        write(f"{json.dumps(name)}: [")
        for number, entry in enumerate(entries):
            write(f"{',' if number else ''}\n{json.dumps(entry)}")
        write("],\n")
    write(f'"problems": {json.dumps(_problems(estate))}}}\n')


def _list(found: list[Reader], *, as_json: bool, nobody: str) -> None:
    if as_json:
        result(json.dumps(list(map(_reader_json, found)), indent=2))
    elif not found:
        result(nobody)
    else:
        sys.stdout.writelines(f"{line}\n" for line in _table(found))


def _reader_json(reader: Reader) -> dict[str, Any]:
    return {
        "principal": reader.principal,
        "secret": reader.secret,
        "verdict": reader.verdict.word,
        "path": list(reader.path),
        "why": reader.why,
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "principal": step.principal,
        "resource": step.resource,
        "verdict": step.verdict.word,
        "statements": [
            {
                "does": line.verb,
                "verdict": line.verdict.word,
                "where": line.where,
                "statement": line.name,
                "text": line.text,
                "open": list(line.open),
            }
            for line in step.lines
        ],
    }


def _table(found: Iterable[Reader]) -> Iterator[str]:
    rows = [
        (reader.verdict.word, _short(reader.principal), reader.secret.rpartition(":")[2], _way(reader))
        for reader in found
    ]
    rows.insert(0, ("VERDICT", "PRINCIPAL", "SECRET", "THROUGH"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [f"{row[column]:<{widths[column]}}" for column in range(3)]
        yield "  ".join((*cells, row[3])).rstrip()


def _way(reader: Reader) -> str:
    return " > ".join(map(_short, reader.path[1:])) or "-"


def _short(arn: str) -> str:
    """`111122223333 role/chat-api`: what tells principals apart."""
    parts = arn.split(":", 5)
    return f"{parts[4]} {parts[5]}" if len(parts) == 6 else arn


def _proof(verdict: str, steps: Iterable[Step]) -> Iterator[str]:
    yield f"verdict: {verdict}"
    for number, step in enumerate(steps, start=1):
        yield f"{number}. {step.action}: {step.verdict.word}"
        yield f"   as {step.principal}"
        yield f"   on {step.resource}"
        if not step.lines:
            yield "   no statement is about it, so it is denied"
        for line in step.lines:
            under = f", if {', '.join(line.open)} fits" if line.open else ""
            yield f"   {line.name} ({line.where}) {line.verb}{under}"
            yield f"      {line.text}"


def _problems(estate: Estate) -> list[str]:
    strange = {
        f"a condition key that this keyplan does not know: {key}"
        for judge in (*estate.readers, estate.decrypters, estate.assumers)
        for key in judge.domain.strange
    }
    return [*dict.fromkeys(estate.snapshot.problems), *sorted(strange)]


def _tell_problems(estate: Estate) -> None:
    problems = _problems(estate)
    for problem in problems[:PROBLEMS_SHOWN_MAX]:
        say(f"warning: {problem}")
    if len(problems) > PROBLEMS_SHOWN_MAX:
        say(f"warning: and {len(problems) - PROBLEMS_SHOWN_MAX} more; --format json of `matrix` has them all")
