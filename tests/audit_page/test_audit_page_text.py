"""The page as a text: what stands in it, and that nothing of the account can become markup."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyplan.audit.policies.grades import positions
from keyplan.audit.reports.page.interning import DIGITS, written
from keyplan.audit.reports.page.shell import PROGRAM, as_script_data
from tests.audit.accounts import ACCOUNT, document, role, snapshot, user
from tests.audit_page.example import NAMES, example_snapshot, page_of

STATIC = Path(__file__).parents[2] / "keyplan" / "audit" / "reports" / "page" / "static"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]><img src=x onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "@@program@@",
    "\u202egnirts\u202c\u2066",
    "\ud800",
    "\u2028\u2029\x00\x1b[2J\r\n",
    "&lt;b&gt;&amp;",
    "${alert(1)}`",
)
hostile_texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=40), st.text("<>/!-scriptSCRIPT&'\"@", max_size=20)
)


class Parts(HTMLParser):
    """What a parser sees of a page: its elements in order, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self._open = f"{tag} {dict(attributes).get('id') or ''}".strip() if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open] = self.inside.get(self._open, "") + data


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(example_snapshot(), compared=True)


def hostile_snapshot(*texts: str) -> dict[str, Any]:
    """Each text as the name of a user, a role and a secret, in documents, and as the account's id."""
    people = [user(text) for text in texts]
    roles = [role(text, {"Version": text, "Statement": text}, document({"Sid": text})) for text in texts]
    secrets = [{"ARN": f"arn:aws:secretsmanager:::secret:{text}-AbCdEf", "Name": text} for text in texts]
    return snapshot(*people, *roles, secrets=secrets, account_id=texts[0])


def test_the_same_snapshot_gives_the_same_page_in_every_process(page: str) -> None:
    program = (
        "import hashlib; from tests.audit_page.example import *;"
        "print(hashlib.sha256(page_of(example_snapshot(), compared=True).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


@settings(max_examples=12)
@given(st.lists(hostile_texts, min_size=1, max_size=4, unique=True))
def test_no_text_of_an_account_changes_what_a_parser_sees(page_parts: Parts, texts: list[str]) -> None:
    parts = Parts(page_of(hostile_snapshot(*texts)))
    assert parts.elements == page_parts.elements
    assert {name: text for name, text in parts.inside.items() if name != "script report"} == {
        name: text for name, text in page_parts.inside.items() if name != "script report"
    }
    known = json.loads(parts.inside["script report"])
    assert known["account"]["id"] == (texts[0] or ACCOUNT)  # an empty one is taken from the principals
    assert [each["name"] for each in known["secrets"]] == texts


@pytest.fixture(scope="module")
def page_parts(page: str) -> Parts:
    return Parts(page)


@settings(max_examples=40)
@given(st.dictionaries(hostile_texts, st.lists(hostile_texts, max_size=3), max_size=3))
def test_script_data_says_the_same_and_has_no_character_of_markup(value: Any) -> None:
    text = as_script_data(value)
    assert not set(text) & set("<>&")
    assert text.isascii()
    assert json.loads(text) == value


def test_the_policy_allows_this_style_and_this_program_and_nothing_else(page_parts: Parts) -> None:
    [policy] = [
        attributes["content"] or ""
        for tag, attributes in page_parts.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules == {
        "default-src": "'none'",
        "script-src": hashed(page_parts.inside["script"]),
        "style-src": hashed(page_parts.inside["style"]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_page_names_no_other_file_and_no_host(page_parts: Parts) -> None:
    loading = {"src", "srcset", "data", "action", "poster", "background", "style"}
    found = [(tag, name) for tag, attributes in page_parts.elements for name in attributes if name in loading]
    assert found == []
    assert [tag for tag, _ in page_parts.elements if tag in ("link", "img", "iframe", "base", "object")] == []
    assert re.findall(r"url\(|@import|https?:", page_parts.inside["style"]) == []
    named = set(re.findall(r"https?://[^\"]*", page_parts.inside["script"]))
    assert named == {"http://www.w3.org/2000/svg"}  # a namespace, which nothing loads


def test_every_part_of_the_program_is_in_the_page_once(project: Path) -> None:
    assert sorted(f"{name}.js" for name in PROGRAM) == sorted(path.name for path in STATIC.glob("*.js"))
    assert all("</script" not in path.read_text().lower() for path in STATIC.glob("*.js"))
    assert "audit/reports/page/static/*" in (project / "pyproject.toml").read_text()


@given(
    st.one_of(
        st.integers(0, 2**70), st.sets(st.integers(0, 3000)).map(lambda bits: sum(1 << bit for bit in bits))
    )
)
def test_a_set_is_written_as_runs_or_as_bits_and_says_the_same(mask: int) -> None:
    text = written(mask)
    if text.startswith("="):
        assert int.from_bytes(base64.b64decode(text[1:]), "little") == mask
        return
    at, found = 0, []
    for number, run in enumerate(text.split()):
        assert set(run) <= set(DIGITS)
        if number % 2:
            found += range(at, at + int(run, 36))
        at += int(run, 36)
    assert found == list(positions(mask))


def test_sets_that_alternate_are_written_as_bits_and_long_runs_as_their_lengths() -> None:
    assert written(0) == ""
    assert written(0b110) == "1 2"
    assert written(((1 << 1000) - 1) << 36) == "10 rs"
    assert written(int("01" * 500, 2)).startswith("=")


def test_what_is_the_same_for_many_is_written_once() -> None:
    people = [
        user(f"u{number}", document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
        for number in range(50)
    ]
    known = json.loads(Parts(page_of(snapshot(*people))).inside["script report"])
    assert len(known["principals"]) == 50
    assert len(set(known["reach"])) == 1
    assert len(known["ofSecrets"]["sets"]) <= 3


def test_the_page_knows_findings_changers_outsiders_tokens_and_problems(page_parts: Parts) -> None:
    known = json.loads(page_parts.inside["script report"])
    assert [each["name"] for each in known["secrets"]] == [f"prod/{name}-api-key" for name in NAMES]
    assert {each["code"] for each in known["gate"]["findings"]} >= {"unlisted-reader"}
    assert known["gate"]["environment"] == "prod"
    assert [each["principal"] for each in known["outsiders"]] == ["arn:aws:iam::444455556666:root"]
    assert {each["verdict"] for each in known["tokens"]} == {"allow"}
    erin = known["principals"].index(f"arn:aws:iam::{ACCOUNT}:user/erin")
    assert [each["how"] for each in known["changers"] if each["principal"] == erin] == ["own-policies"]
    assert [problem for problem in known["problems"] if "vendor-tools" in problem] != []


# Colours as the style has them: text on what it stands on. WCAG 2.1, 1.4.3: 4.5 for text.
PAIRS = [
    (text, ground)
    for ground in ("ground", "raised", "sunken", "here")
    for text in ("ink", "quiet", "accent", "conditional", "unknown", "deny")
] + [("on-allow", "allow")]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_all_text_has_contrast(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "page.css").read_text(), re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    ratios = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 4.5} == {}


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
