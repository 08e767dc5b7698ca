"""Reading Groovy's strings: by a reader made of its grammar, and by Groovy itself where it is installed.

Source of the grammar: Groovy documentation, "Syntax", 4.1 to 4.3; groovy.g of Groovy 2.4, ESC (checked
2026-11-21).
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

GROOVY, JAVA = shutil.which("groovy"), shutil.which("java")
needs_groovy = pytest.mark.skipif(
    GROOVY is None or JAVA is None, reason="groovy or java is not here: apt-get install groovy"
)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "$": "$"}
_PART = re.compile(r"\\u([0-9a-f]{4})|\\(.)|([^\\'])", re.DOTALL)


def string_at(text: str, start: int) -> tuple[str, int]:
    """The string in single quotes, one or three, that begins at `start`, and where it ends."""
    quotes = "'''" if text.startswith("'''", start) else "'"
    at, units = start + len(quotes), b""
    while not text.startswith(quotes, at):
        match = _PART.match(text, at)
        assert match, f"a quote or a backslash stands alone at {text[at : at + 20]!r}"
        assert match[3] != "\n" or len(quotes) == 3, "a line break in a string of one line"
        if match[1]:
            units += bytes.fromhex(match[1])
        else:
            units += (match[3] or _ESCAPED[match[2]]).encode("utf-16-be")
        at = match.end()
    return units.decode("utf-16-be"), at + len(quotes)


def read(literal: str) -> str:
    """The value of a literal, which has to be the whole text."""
    value, end = string_at(literal, 0)
    assert end == len(literal)
    return value


# Runs a Jenkinsfile with stand-ins for the steps and sections that it uses, and prints what they were given.
_STAND_IN = """\
def told = []
def names = ['pipeline', 'stages', 'steps', 'when', 'not', 'anyOf', 'stage', 'withCredentials', 'sh', 'agent',
  'branch', 'changeRequest', 'beforeAgent', 'string', 'any']
def binding = new Binding()
names.each { name ->
  binding.setVariable(name, { Object... given ->
    given.each { each ->
      if (each instanceof Closure) { each() }
      else { told << name + ' ' + (each as String).getBytes('UTF-8').encodeBase64().toString() }
    }
    given ? given[0] : name
  })
}
new GroovyShell(binding).evaluate(new File(args[0]).getText('UTF-8'))
told.each { println it }
"""


def ran(jenkinsfile: str, folder: Path) -> list[tuple[str, str]]:
    """What Groovy itself hands to the steps of a Jenkinsfile, in their order."""
    (folder / "stand_in.groovy").write_text(_STAND_IN)
    (folder / "Jenkinsfile").write_text(jenkinsfile)
    return _lines([str(folder / "stand_in.groovy"), str(folder / "Jenkinsfile")])


def values(literals: list[str], folder: Path) -> list[str]:
    """The values of literals, as Groovy reads them."""
    listed = "".join(
        f"println 'value ' + {each}.getBytes('UTF-8').encodeBase64().toString()\n" for each in literals
    )
    (folder / "literals.groovy").write_text(listed)
    return [value for _, value in _lines([str(folder / "literals.groovy")])]


def _lines(arguments: list[str]) -> list[tuple[str, str]]:
    assert GROOVY
    assert JAVA
    home = str(Path(JAVA).resolve().parents[1])
    done = subprocess.run(
        [GROOVY, *arguments],
        env={**os.environ, "JAVA_HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = (line.partition(" ") for line in done.stdout.splitlines())
    return [(name, base64.b64decode(value).decode()) for name, _, value in found]
