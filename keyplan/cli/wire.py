"""Print the configuration with which a consumer finds its keys, or write it to a file.

  keyplan wire                                              which targets each consumer has
  keyplan wire ecs chat-api                                 part of an ECS task definition
  keyplan wire lambda thumbnails                            part of a Lambda configuration
  keyplan wire cloud-run web                                part of a Cloud Run service
  keyplan wire cloud-run web --pin anthropic=7              with that version, not the current one
  keyplan wire github-actions evals --output .github/workflows/evals.yml
  keyplan wire dotenv chat-api                              variables, and commands in place of keys
  keyplan wire dotenv chat-api --output .env                a private file WITH the values
  eval "$(keyplan wire shell chat-api)"                     plain variables, and with_keys PROGRAM
  keyplan wire claude-code research --output ~/.claude/settings.json --yes
  keyplan wire github-actions evals --check .github/workflows/evals.yml

What is printed never holds a value; the same text stands in the stack's output `wiring`. A second run prints
the same, as long as the environment is the same.

Only `dotenv --output` reads values, with your own credentials. You alone can read the file, from its first
byte on; a path that git tracks or does not ignore is refused. A second run replaces a file that keyplan
wrote, with the values of that moment. Any other file, and for the other targets one with other text, is
replaced with --force only.

`claude-code --output` merges into settings that are there: it prints what would change, and changes it with
--yes. Every other setting stays; a file with comments or broken JSON is left as it is.

`--check` tells whether a committed file is still what would be written, and prints the difference; what could
be a value in the file is not shown. `-` is standard input; any other path has to be inside the project. Of
settings of Claude Code it looks at those alone that would be merged. Nothing is written.

Exit code: 0 done, or as it should be; 1 --check found that a file is stale; 2 no such consumer or target, or
a path that is refused; 3 a value could not be read; 4 a settings file was changed meanwhile.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path

from keyplan.cli.arguments import add_environment, trusted_hosts
from keyplan.cli.output import reporter, say
from keyplan.errors import EXIT_DONE, EXIT_REFUSED, ChangedMeanwhile, KeyplanError, UsageError
from keyplan.manifest.sources import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from keyplan.manifest.document import ManifestDocument
    from keyplan.manifest.model import Manifest, ManifestConsumer
    from keyplan.secret_value import SecretValue

WITH_VALUES = "dotenv"  # the one target whose file may hold them
MERGED = "claude-code"  # the one whose file has other settings, too
VERSION_DIGITS_MAX = 18  # of a secret's version, far more than anybody stores
KEYLESS_SHOWN_MAX = 20  # below the table: the reader of a long one knows the rest by then
COLUMNS = ("CONSUMER", "RUNTIME", "TARGETS")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `keyplan wire`."""
    parser.add_argument("target", metavar="TARGET", nargs="?", help="what to print; --list shows what fits")
    parser.add_argument("consumer", metavar="CONSUMER", nargs="?", help="its name in the catalogue")
    parser.add_argument(
        "--pin",
        metavar="KEY=NUMBER",
        action="append",
        default=[],
        help="name this version of a key, not the current one (Google Cloud; may be repeated)",
    )
    parser.add_argument("--list", action="store_true", help="show the targets of every consumer")
    parser.add_argument("--output", metavar="PATH", help="write to this file, whole or not at all")
    parser.add_argument("--check", metavar="PATH", help="compare this file with what would be written")
    parser.add_argument("--force", action="store_true", help="with --output: replace a file of anybody's")
    parser.add_argument("--yes", action="store_true", help="with claude-code --output: change the settings")
    add_environment(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the wiring, the table, or write the file."""
    from keyplan import wiring
    from keyplan.manifest.model import Manifest

    listing = arguments.list or arguments.target is None
    _check_arguments(arguments, listing)
    document = load(
        arguments.manifest,
        arguments.stack,
        report=reporter(arguments.verbose),
        stdin_allowed=arguments.check != "-",
    )
    manifest = Manifest.from_document(document)
    if listing:
        sys.stdout.write(table(manifest))
        return EXIT_DONE
    text = wiring.wire(manifest, arguments.consumer, arguments.target, _pins(arguments.pin))
    if arguments.target == MERGED:
        _say_how_to_start(manifest, arguments.consumer)
    if arguments.check is not None:
        return _check(arguments, manifest, text)
    if arguments.output is None:
        sys.stdout.write(text)
    elif arguments.target == WITH_VALUES:
        _write_values(arguments, document, manifest)
    elif arguments.target == MERGED:
        _merge_text(arguments, text)
    else:
        _write_text(arguments, text)
    return EXIT_DONE


def _say_how_to_start(manifest: Manifest, consumer: str) -> None:
    from keyplan.wiring.claude.settings import needs_exec

    if needs_exec(manifest, manifest.consumers[consumer]):
        say(f"no helper gives a provider's key: start it with keyplan exec --consumer {consumer} -- claude")


def _check(arguments: argparse.Namespace, manifest: Manifest, text: str) -> int:
    from keyplan.cli.wire_check import check_settings, check_text

    if arguments.target == MERGED:
        return check_settings(arguments, text)
    return check_text(arguments, manifest, text)


def table(manifest: Manifest) -> str:
    """Every consumer with its runtime and the targets that fit it, in aligned columns."""
    from keyplan import wiring

    if not manifest.consumers:
        return f"{manifest.environment} has no consumers\n"
    rows, local = [COLUMNS], wiring.local_targets()
    elsewhere = {*local, *wiring.PROGRAMS, wiring.LAST_RESORT}
    has_ci = False
    for name, consumer in sorted(manifest.consumers.items()):
        fitting = wiring.targets_for(manifest, name)
        has_ci = has_ci or wiring.LAST_RESORT in fitting
        targets = ", ".join(each for each in fitting if each not in elsewhere)
        missing = f"none for {consumer.runtime} yet" if wiring.lacks_target(consumer) else ""
        rows.append((name, consumer.runtime, "; ".join(filter(None, (targets, missing)))))
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}\n" for row in rows]
    if any(WITH_VALUES in row[2].split(", ") for row in rows):
        lines.append(f"\nwhere {WITH_VALUES} fits, these fit too: {', '.join(local)}\n")
    keyless = [
        name
        for name, consumer in sorted(manifest.consumers.items())
        if wiring.could_be_keyless(manifest, consumer)
    ]
    if keyless:
        names = ", ".join(keyless[:KEYLESS_SHOWN_MAX])
        rest = f" and {len(keyless) - KEYLESS_SHOWN_MAX} more" if len(keyless) > KEYLESS_SHOWN_MAX else ""
        lines.append(f"\nwith `route: federation`, these need no key of Anthropic's: {names}{rest}\n")
    lines.append(f"\nwhoever calls Claude, as a sample: {', '.join(wiring.PROGRAMS)}\n")
    if has_ci:
        lines.append(f"\nfor a CI that cannot use its own: {wiring.LAST_RESORT}, the last resort\n")
    return "".join(lines)


def _check_arguments(arguments: argparse.Namespace, listing: bool) -> None:
    if listing and arguments.target is not None:
        raise UsageError("--list shows every consumer: it takes no target", "keyplan wire --list")
    if listing and arguments.pin:
        raise UsageError("--pin needs a target and a consumer", "keyplan wire --list")
    if listing and (arguments.output is not None or arguments.force):
        raise UsageError("--output and --force need a target and a consumer", "keyplan wire --list")
    if listing and arguments.check is not None:
        raise UsageError("--check needs a target and a consumer", "keyplan wire --list")
    if arguments.check is not None and arguments.output is not None:
        raise UsageError("--check compares and --output writes: one of them")
    if not listing and arguments.consumer is None:
        raise UsageError("a target needs a consumer: keyplan wire TARGET CONSUMER", "keyplan wire --list")
    if arguments.force and arguments.output is None:
        raise UsageError("--force is about the file that --output names")
    if arguments.yes and (arguments.target != MERGED or arguments.output is None):
        raise UsageError(f"--yes is for `{MERGED} --output`")
    if arguments.force and arguments.target == MERGED:
        raise UsageError(
            "--force would replace all settings of the file", "--yes merges into it, and keeps the others"
        )


def _pins(given: list[str]) -> dict[str, int]:
    pins: dict[str, int] = {}
    for text in given:
        key, _, number = text.partition("=")
        if not (key and number.isascii() and number.isdigit() and len(number) <= VERSION_DIGITS_MAX):
            raise UsageError("--pin takes the name of a key, `=` and the number of a version")
        if int(number) == 0:
            raise UsageError("--pin: the versions of a secret begin with 1")
        if key in pins:
            raise UsageError("--pin names one key twice")
        pins[key] = int(number)
    return pins


def _write_text(arguments: argparse.Namespace, text: str) -> None:
    from keyplan.wiring import files

    path, content = files.resolve(Path(arguments.output)), text.encode()
    if path.exists() and not arguments.force:
        if files.holds(path, content):
            say(f"{path} is as it should be")
            return
        raise UsageError(
            f"{path} is there with other text: it is not replaced",
            "compare it with what is printed without --output, or add --force",
        )
    files.write(path, content, files.PUBLIC_MODE)
    say(f"wrote {path}")


def _merge_text(arguments: argparse.Namespace, text: str) -> None:
    """Nothing is asked: what would change is printed, and `--yes` is the answer."""
    from keyplan.wiring import files
    from keyplan.wiring.claude.merging import merge

    path = files.resolve(Path(arguments.output))
    before = path.read_bytes() if path.exists() else None
    if before is None:
        files.write(path, text.encode(), files.PUBLIC_MODE)
        say(f"wrote {path}")
        return
    try:
        merged = merge(before.decode(), text, str(path))
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text: it is left as it is") from None
    if not merged.changes:
        say(f"{path} is as it should be")
        return
    sys.stdout.writelines(f"{line}\n" for line in merged.changes)
    if not arguments.yes:
        raise UsageError(f"{path} is there: nothing was written", "the same with --yes changes it like this")
    if not files.holds(path, before):
        raise ChangedMeanwhile(f"{path} was changed meanwhile: nothing was written", "run it again")
    files.write(path, merged.text.encode(), stat.S_IMODE(path.stat().st_mode))
    say(f"merged into {path}")


def _write_values(arguments: argparse.Namespace, document: ManifestDocument, manifest: Manifest) -> None:
    """Everything that can be refused is refused before a value is read."""
    from keyplan.wiring import dotenv, files
    from keyplan.wiring.git_guard import require_out_of_git

    path = files.resolve(Path(arguments.output))
    require_out_of_git(path)
    if path.exists() and not arguments.force and not files.starts_with_line(path, dotenv.MARKER):
        raise UsageError(
            f"{path} is there and keyplan did not write it: it is not replaced",
            "choose another path, or add --force",
        )
    consumer = manifest.consumers[arguments.consumer]
    dotenv.require_plain_variables(consumer)
    content = dotenv.render_with_values(manifest, consumer, _values(arguments, document, consumer))
    files.write(path, content.reveal().encode(), files.PRIVATE_MODE)
    say(f"wrote {path} (mode 0600) with the values of {', '.join(consumer.keys)}; delete it when done")


def _values(
    arguments: argparse.Namespace, document: ManifestDocument, consumer: ManifestConsumer
) -> Mapping[str, SecretValue]:
    from keyplan.stores.opening import open_reader

    report = reporter(arguments.verbose)
    reader = open_reader(consumer.cloud, document, trusted_hosts(arguments), arguments.timeout, report)
    values, failures = reader.read(consumer.keys)
    if not failures:
        return values
    first = next(iter(failures.values()))
    lines = "\n".join(f"  {error.message}" for error in failures.values())
    several = len(failures) > 1
    message = f"{len(failures)} keys cannot be read:\n{lines}" if several else first.message
    error = KeyplanError(f"{message}\nnothing was written", first.hint)
    error.exit_code = EXIT_REFUSED if several else first.exit_code
    raise error
