"""What comes first where not everything can be shown: the worst."""

from __future__ import annotations

from keyplan.audit.gate import Finding
from keyplan.audit.questions import Reader

_VERDICTS = ("allow", "deny", "conditional", "unknown")


def reader_order(reader: Reader) -> tuple[int, int, str, str]:
    """Surer verdicts first, then shorter ways, then by name."""
    return (-reader.verdict, len(reader.path), reader.principal, reader.secret)


def finding_order(finding: Finding) -> tuple[int, int, str, str, str]:
    """Surer verdicts first (a sure denial is a broken reader), then shorter ways, then by name."""
    place = _VERDICTS.index(finding.verdict) if finding.verdict in _VERDICTS else len(_VERDICTS)
    return (place, len(finding.path), finding.code, finding.principal, finding.secret)
