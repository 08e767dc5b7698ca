"""What is in a bundle: the inputs as they were given, and everything that keyplan makes of them alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from keyplan.audit import baseline, gate
from keyplan.audit.baseline import Acceptance, Outcome
from keyplan.audit.changers.rows import rows
from keyplan.audit.changers.ways import Ways
from keyplan.audit.estate import Estate
from keyplan.audit.evidence.bundle import SUMS, Member
from keyplan.audit.matrix import graph_of
from keyplan.audit.reports import answers
from keyplan.audit.reports import changers as changers_reports
from keyplan.audit.reports.page import page
from keyplan.audit.reports.page.content import changers_content, gate_content
from keyplan.audit.snapshot import read_snapshot
from keyplan.errors import UsageError
from keyplan.manifest.checking import parse
from keyplan.manifest.model import Manifest

FORMAT = "keyplan-evidence/1"
SNAPSHOT, MANIFEST, BASELINE = "snapshot.json", "manifest.json", "baseline.json"
RESULT, FINDINGS, CHANGERS, REPORT = "result.json", "findings.json", "changers.json", "report.html"
ABOUT, README = "about.json", "README.txt"
PIECE_BYTES = 1 << 16
_ABOUT_FILES = {
    README: "this text",
    ABOUT: "the version of keyplan, the date of the snapshot, and how much there is of everything",
    SNAPSHOT: "what AWS's APIs said of the accounts, byte for byte as it was given",
    MANIFEST: "the environment's catalogue as it was deployed: which keys there are and who shall read them",
    BASELINE: "the findings that somebody accepted, with reason and last day",
    RESULT: "who can read what: `pairs` directly, `reach` through roles, `oidc` tokens, `external` grants",
    FINDINGS: "where the account differs from the catalogue: findings, accepted ones, idle acceptances",
    CHANGERS: "who could change the answer: principals that could give themselves or others access",
    REPORT: "all of it to look at: open it in a browser, it needs no network",
    SUMS: "the SHA-256 of every other file",
}


@dataclass(frozen=True)
class Inputs:
    """The documents of a bundle, checked to be read by the audit.

    `snapshot` and `baseline` are the bytes as given; `manifest` is the document as keyplan writes it.
    """

    snapshot: bytes
    manifest: bytes | None = None
    baseline: bytes | None = None

    def named(self) -> dict[str, bytes]:
        """The inputs that there are, by their members' names."""
        every = {SNAPSHOT: self.snapshot, MANIFEST: self.manifest, BASELINE: self.baseline}
        return {name: content for name, content in every.items() if content is not None}


class Contents:
    """The members of a bundle of some inputs."""

    def __init__(self, inputs: Inputs, document: object, version: str) -> None:
        """
        Args:
            document: the snapshot as JSON was loaded.
            version: of the keyplan that answers.

        Raises:
            UsageError: an input is not what it should be, or they do not belong together.
        """
        self._inputs, self._version = inputs, version
        self._estate = Estate(read_snapshot(document))
        self._manifest = None if inputs.manifest is None else _manifest(inputs.manifest)
        self._acceptances = () if inputs.baseline is None else _acceptances(inputs.baseline)
        self._today = baseline.day_of(self._estate, self._acceptances)
        self._graph = graph_of(self._estate)
        self.outcome = None if self._manifest is None else self._gate(self._manifest)

    def members(self) -> Iterator[Member]:
        """Every member but SHA256SUMS, in their order in the bundle."""
        for name, content in self._inputs.named().items():
            yield Member(name, _cut(content))
        yield from self.made()

    def made(self) -> Iterator[Member]:
        """Those that keyplan makes; the last of them counts the problems that the others met."""
        yield Member(RESULT, _gathered(answers.matrix(self._estate, self._graph)))
        if self.outcome is not None:
            yield Member(FINDINGS, [_json(answers.gate(self.outcome))])
        yield Member(CHANGERS, _gathered(self._changers()))
        yield Member(REPORT, _cut(self._page().encode()))
        yield Member(ABOUT, [_json(self._about())])
        yield Member(README, [self._readme().encode()])

    @cached_property
    def _ways(self) -> Ways:
        """For the list and for the page alike."""
        return Ways(self._estate, self._graph)

    def _gate(self, manifest: Manifest) -> Outcome:
        found = gate.findings(self._estate, self._graph, manifest)
        return baseline.weighed(found, self._acceptances, self._today)

    def _changers(self) -> Iterator[str]:
        """The rows of `keyplan audit changers --format json`, as they come: there may be many."""
        between = "[\n"
        for row in rows(self._estate, self._ways):
            yield f"{between}{json.dumps(changers_reports.answer(row))}"
            between = ",\n"
        yield "[]\n" if between == "[\n" else "\n]\n"

    def _page(self) -> str:
        manifest, outcome = self._manifest, self.outcome
        compared = None
        if manifest is not None and outcome is not None:
            compared = gate_content(outcome, manifest.environment)
        could_change = changers_content(self._estate, rows(self._estate, self._ways))
        return page(self._estate, self._graph, version=self._version, gate=compared, changers=could_change)

    @property
    def problems(self) -> list[str]:
        """What could not be read so far."""
        return self._estate.problems()

    def _about(self) -> Mapping[str, Any]:
        return {
            "format": FORMAT,
            "keyplan": self._version,
            "asOf": self._estate.snapshot.as_of,
            "environment": None if self._manifest is None else self._manifest.environment,
            "accounts": sorted(self._estate.snapshot.details),
            "principals": len(self._estate.callers),
            "secrets": len(self._estate.secrets),
            "findings": None if self.outcome is None else len(self.outcome.counting),
            "problems": len(self.problems),
        }

    def _readme(self) -> str:
        compared = [] if self.outcome is None else [FINDINGS]
        names = [REPORT, README, ABOUT, *self._inputs.named(), RESULT, *compared, CHANGERS, SUMS]
        return readme(names, self._version, self._estate.snapshot.as_of, self.problems)


def readme(names: Sequence[str], version: str, as_of: str, problems: Sequence[str]) -> str:
    """The text for the auditor."""
    width = max(map(len, names))
    files = "\n".join(f"  {name:<{width}}  {_ABOUT_FILES[name]}" for name in names)
    when = f"as of {as_of}" if as_of.isprintable() and 0 < len(as_of) <= 40 else "of an unknown date"
    count = f"{len(problems)} thing{'' if len(problems) == 1 else 's'} in it"
    gaps = (
        f"{count} could not be read; what depends on that is `unknown`, never `deny`. What it is stands\n"
        f"at the end of {RESULT}, under `problems`."
        if problems
        else "Everything in it could be read."
    )
    return _README.format(files=files, when=when, version=version, gaps=gaps, sums=SUMS, result=RESULT)


_README = """\
Who can read which secret: evidence of an audit

This bundle answers who could read which secret of AWS Secrets Manager, {when}. keyplan {version}
computed the answer from the snapshot beside it and from nothing else: no cloud was asked, and the same
snapshot gives the same answer on any machine. There is no secret's value in it.

{gaps}

FILES

{files}

HOW TO CHECK IT

  sha256sum --check {sums}           every file is as it was written
  keyplan audit evidence --verify BUNDLE.zip
                                         the same, and the answers are what the snapshot gives

The hashes say that nothing was changed since the bundle was made. Who made it, and that the snapshot is what
AWS said, they cannot say: keep the bundle's own hash, which was printed when it was made, where others
cannot write, or sign the file.

VERDICTS in {result}

  allow        the current value could be read
  conditional  it depends on what a snapshot cannot know: an address, MFA, a VPC endpoint, session tags
  unknown      a document is missing or cannot be read
  deny         is not listed
"""


def _manifest(content: bytes) -> Manifest:
    return Manifest.from_document(parse(_decoded(content, "manifest"), "the manifest"))


def _acceptances(content: bytes) -> tuple[Acceptance, ...]:
    try:
        document = json.loads(_decoded(content, "baseline"))
    except (ValueError, RecursionError):
        raise UsageError("the baseline is not JSON") from None
    return baseline.about(baseline.read_baseline(document), gate.CODES)


def _decoded(content: bytes, what: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise UsageError(f"the {what} is not UTF-8 text") from None


def _json(document: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(document, indent=2)}\n".encode()


def _cut(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


def _gathered(texts: Iterable[str]) -> Iterator[bytes]:
    """Texts in pieces that are worth compressing: one call a line takes longer than the line."""
    kept: list[str] = []
    size = 0
    for text in texts:
        kept.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield "".join(kept).encode()
            kept, size = [], 0
    yield "".join(kept).encode()
