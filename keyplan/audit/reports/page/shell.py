"""The page's text: its data, styles and program in one document, and a policy that lets nothing else in.

Nothing that comes from an account is written into the document but the JSON, in which `<`, `>` and `&` are
written as JSON's own escapes, so that no text can end the element it stands in.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from keyplan.audit.chains import Graph
from keyplan.audit.estate import Estate
from keyplan.audit.reports.page.content import content

# The program's parts in the order in which they use each other; they share one scope.
PROGRAM = ("text", "sets", "report", "drawing", "table", "details", "matrix", "filters", "lists", "main")
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def page(
    estate: Estate,
    graph: Graph,
    *,
    version: str,
    gate: Mapping[str, Any] | None = None,
    changers: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """The page as one text of ASCII characters; the same arguments give the same text.

    Args:
        version: keyplan's own.
        gate: the gate's findings (`content.gate_content`); without, the page says that nothing was compared.
        changers: who could change the answer (`content.changers_content`).
    """
    document = {"version": version, **content(estate, graph), "gate": gate, "changers": changers}
    style, program = _part("page.css"), _program()
    parts = {
        "policy": _policy(style, program),
        "style": style,
        "report": as_script_data(document),
        "program": program,
    }
    pieces = _part("page.html").split("@@")
    return "".join(parts[piece] if number % 2 else piece for number, piece in enumerate(pieces))


def as_script_data(document: object) -> str:
    """JSON that can stand in a script element, whatever texts it has; lone surrogates stay escapes."""
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).translate(_ESCAPES)


def _program() -> str:
    inside = "".join(_part(f"{name}.js") for name in PROGRAM)
    return f'"use strict";\n(() => {{\n{inside}}})();\n'


def _part(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="ascii")


def _policy(style: str, program: str) -> str:
    """Only these two texts count, nothing is loaded, and no text can become markup.

    Source: W3C Content Security Policy Level 3, "hash-source"; W3C Trusted Types (checked 2026-11-22).
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(program)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
