"""The page in a real browser, as a person uses it: by keyboard, by mouse, on paper, dark and narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.measuring.accounts import snapshot as large_snapshot
from keyplan.audit import matrix
from keyplan.audit.matrix import graph_of
from keyplan.audit.reports.names import secret_name
from tests.audit.accounts import OTHER, allow, details, document, snapshot, user
from tests.audit_page.browser import Browser, PageError
from tests.audit_page.example import estate_of, example_snapshot, page_of, secret_arn
from tests.audit_page.test_audit_page_text import HOSTILE, hostile_snapshot

ANTHROPIC = "prod/anthropic-api-key"
ROWS = "[...document.querySelectorAll('.row > .principal')].map((each) => each.innerText)"
CELLS = "[...document.querySelectorAll('.cell')].map((each) => each.getAttribute('aria-label'))"
EVERY_TEXT = (
    "document.body.textContent + document.title + [...document.querySelectorAll('*')]"
    ".flatMap((each) => [...each.attributes].map((its) => its.value)).join('')"
)
ACTIVE = (
    "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?"
    ".getAttribute('aria-label') ?? document.activeElement.getAttribute('aria-activedescendant')"
)
# Whatever is not right in a page that was used: what its program raised, what the policy kept out.
COMPLAINTS = (
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Log.entryAdded",
    "Page.javascriptDialogOpening",
)


@pytest.fixture(scope="module")
def example_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(page_of(example_snapshot(), compared=True))
    return file


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "large.html"
    file.write_text(page_of(large_snapshot(300, 300)))
    return file


@pytest.fixture
def opened(browser: Browser, example_file: Path) -> Iterator[Browser]:
    """The example's page; at the end nothing was raised, and nothing but the file was asked for."""
    browser.open_file(example_file)
    yield browser
    assert_quiet(browser, example_file)


def assert_quiet(browser: Browser, file: Path) -> None:
    assert browser.happened(*COMPLAINTS) == []
    asked = {
        each["request"]["url"].partition("#")[0] for each in browser.happened("Network.requestWillBeSent")
    }
    assert asked == {file.as_uri()}
    shown = browser.run("document.body.innerText")
    assert [word for word in ("[object", "undefined", "NaN") if word in shown] == []


# ---- the matrix -----------------------------------------------------------------------------------------


def test_the_matrix_shows_what_the_audit_says_and_through_how_many_roles(opened: Browser) -> None:
    estate = estate_of(example_snapshot())
    expected = set()
    for each in matrix.reach(estate, graph_of(estate)):
        roles = len(each["path"]) - 1
        how = f"through {roles} role{'' if roles == 1 else 's'}" if roles else "directly"
        name = secret_name(each["secret"]).removesuffix("-AbCdEf")
        expected.add(f"{each['principal'].rpartition(':')[2]}, {name}: {each['verdict']}, {how}")
    assert set(opened.run(CELLS)) == expected


def test_only_the_cells_in_sight_are_made_and_the_others_come_when_they_are_scrolled_to(
    browser: Browser, large_file: Path
) -> None:
    browser.open_file(large_file)
    browser.run("document.getElementById('choose-order').value = 'name';"
                "document.getElementById('choose-order').dispatchEvent(new Event('change'))")  # fmt: skip
    rows = int(browser.run("document.getElementById('grid').getAttribute('aria-rowcount')")) - 1
    assert rows > 150
    nodes = "document.querySelectorAll('#grid *').length"
    assert browser.run(nodes) < 1500
    first = browser.run(ROWS)
    browser.run("document.getElementById('grid').scrollTo(1e6, 1e6)")
    browser.settle()
    last = browser.run(ROWS)
    assert len(last) < 40
    assert not set(first) & set(last)
    assert browser.run("document.querySelector('.row:last-child').getAttribute('aria-rowindex')") == str(
        rows + 1
    )
    assert browser.run(nodes) < 1500
    assert_quiet(browser, large_file)


# ---- searching and choosing -----------------------------------------------------------------------------


def test_a_slash_goes_to_the_search_which_narrows_the_columns_and_escape_takes_it_back(
    opened: Browser,
) -> None:
    assert opened.text("#status") == "12 of 15 principals, 4 of 5 secrets"
    opened.press("/")
    opened.write("webhook prod")
    assert opened.text("#status") == "5 of 15 principals, 1 of 5 secrets"
    assert set(opened.run(ROWS)) == {
        "role/break-glass", "role/vendor-import", "user/carla", "user/root-admin", "role/prod-billing-reader",
    }  # fmt: skip
    opened.press("Escape")
    assert opened.text("#status") == "12 of 15 principals, 4 of 5 secrets"
    assert opened.run("document.activeElement.id") == "grid"


def test_a_principal_is_searched_by_any_part_of_its_arn(opened: Browser) -> None:
    opened.run("document.getElementById('search-principal').focus()")
    opened.write("111122223333 CARLA")
    assert opened.run(ROWS) == ["user/carla"]
    opened.write(" nobody")
    assert opened.text("#status").startswith("Nothing fits.")
    assert opened.run(ROWS) == []


@pytest.mark.parametrize("verdict", ["allow", "conditional", "unknown"])
def test_a_verdict_is_left_out_and_shown_alone(opened: Browser, verdict: str) -> None:
    every = set(opened.run(CELLS))
    of_it = {label for label in every if f": {verdict}, " in label}
    opened.click(f"input[value={verdict}]")
    assert set(opened.run(CELLS)) == every - of_it
    for other in {"allow", "conditional", "unknown"} - {verdict}:
        opened.click(f"input[value={other}]")
    opened.click(f"input[value={verdict}]")
    assert set(opened.run(CELLS)) == of_it


@pytest.mark.parametrize(("way", "words"), [("direct", "directly"), ("roles", "through")])
def test_direct_access_and_access_through_roles_are_told_apart(opened: Browser, way: str, words: str) -> None:
    every = opened.run(CELLS)
    opened.run(f"document.getElementById('choose-way').value = '{way}';"
               "document.getElementById('choose-way').dispatchEvent(new Event('change'))")  # fmt: skip
    assert set(opened.run(CELLS)) == {label for label in every if f", {words}" in label}


def test_principals_without_access_are_shown_when_they_are_asked_for(opened: Browser) -> None:
    opened.click("#shown input")
    assert opened.text("#status") == "15 of 15 principals, 5 of 5 secrets"
    assert "user/dmitri" in opened.run(ROWS)


# ---- the keyboard ---------------------------------------------------------------------------------------


def test_the_matrix_is_walked_and_explained_by_keyboard_alone(opened: Browser) -> None:
    opened.run("document.getElementById('grid').focus()")
    assert opened.run(ACTIVE) == "role/break-glass, prod/anthropic-api-key: allow, directly"
    opened.press("ArrowDown", "ArrowDown", "ArrowRight")
    assert opened.run(ACTIVE) == "user/carla, prod/openrouter-api-key: conditional, through 1 role"
    opened.press("Enter")
    assert opened.text("#details h2") == "user/carla"
    assert opened.text("#details .verdict").startswith("conditional")
    opened.press("End", control=True)
    assert opened.run(ACTIVE) == "role/prod-chat-api-reader, prod/billing-webhook-api-key: deny"
    opened.press(" ")
    assert "neither directly nor through any chain" in opened.text("#details .verdict")
    opened.press("Home")
    opened.press("Enter")
    assert opened.text("#details h2") == "role/prod-chat-api-reader"
    opened.press("ArrowRight")
    opened.press("ArrowUp", control=True)
    opened.press("Enter")
    assert opened.text("#details h2") == ANTHROPIC
    opened.press("Escape")
    assert opened.text("#details h2") == "How to read this"
    assert opened.run("document.activeElement.id") == "grid"


def test_moving_beyond_an_edge_stays_at_it(opened: Browser) -> None:
    opened.run("document.getElementById('grid').focus()")
    opened.press("ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft")
    assert opened.run(ACTIVE) == "cell--1-0"
    opened.press("PageDown", "PageDown", "ArrowLeft", "ArrowLeft")
    assert opened.run(ACTIVE) == "cell-11--1"


def test_the_parts_are_changed_with_arrows_and_each_has_its_list(opened: Browser) -> None:
    opened.run("document.getElementById('tab-matrix').focus()")
    titles = []
    for _ in range(5):
        opened.press("ArrowRight")
        part = opened.run("document.activeElement.id")
        assert opened.run(f"document.getElementById('{part}').getAttribute('aria-selected')") == "true"
        shown = opened.run(
            "[...document.querySelectorAll('[role=tabpanel]')].filter((each) => !each.hidden)"
            ".map((each) => each.id)"
        )
        assert shown == [part.replace("tab-", "panel-")]
        titles.append(opened.text(f"#{shown[0]} h2"))
    assert titles == [
        "Let in from outside", "Findings against the catalogue of prod", "Who could change the answer",
        "What could not be read", "How to read this",
    ]  # fmt: skip
    assert "arn:aws:iam::444455556666:root" in opened.run(
        "document.getElementById('panel-outside').textContent"
    )
    assert "unlisted-reader" in opened.run("document.getElementById('panel-findings').textContent")
    assert "user/erin" in opened.run("document.getElementById('panel-changers').textContent")
    assert "vendor-tools" in opened.run("document.getElementById('panel-problems').textContent")


def test_tab_reaches_everything_in_order_and_the_focus_is_visible(opened: Browser) -> None:
    opened.run("document.querySelector('.skip').focus()")
    order = []
    for _ in range(10):
        opened.press("Tab")
        order.append(opened.run("document.activeElement.id || document.activeElement.value"))
        outline = opened.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or order[-1] == "grid", order  # there its active cell has the outline
    assert order == [
        "tab-matrix", "search-secret", "search-principal", "allow", "conditional", "unknown", "choose-way",
        "choose-order", "on", "grid",
    ]  # fmt: skip
    assert opened.run("getComputedStyle(document.querySelector('.is-active')).outlineStyle") == "solid"


def test_everything_that_takes_the_focus_has_a_name_for_a_screen_reader(opened: Browser) -> None:
    opened.click("[aria-label^='user/ann, prod/anthropic']")
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node["ignored"]:
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    for role in (
        "button",
        "checkbox",
        "searchbox",
        "combobox",
        "tab",
        "tabpanel",
        "gridcell",
        "rowheader",
        "grid",
    ):
        assert roles.get(role), role
        assert all(roles[role]), (role, roles[role])
    [way] = [name for name in roles["image"] if name.startswith("The way: ")]
    assert way == (
        "The way: user/ann, then role/prod-deploy, then role/prod-chat-api-reader, "
        "then prod/anthropic-api-key. Requests: sts:AssumeRole allow, sts:AssumeRole allow, "
        "secretsmanager:GetSecretValue allow, kms:Decrypt allow."
    )


# ---- explanations ---------------------------------------------------------------------------------------


def test_a_click_explains_a_pair_with_its_way_and_its_statements(opened: Browser) -> None:
    opened.click("[aria-label^='user/bob, prod/anthropic']")
    assert opened.text("#details .verdict").replace("\n", " ") == (
        "conditional It can read the value under a condition that a snapshot cannot know: "
        "aws:SourceIp is in 192.0.2.0/24."
    )
    boxes = opened.run(
        "[...document.querySelectorAll('.drawing .box title')].map((each) => each.textContent)"
    )
    assert boxes == [
        "arn:aws:iam::111122223333:user/bob", secret_arn("anthropic"),
        "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d",
    ]  # fmt: skip
    steps = opened.run("[...document.querySelectorAll('.steps h3')].map((each) => each.innerText)")
    assert [step.split()[0] for step in steps] == ["secretsmanager:GetSecretValue", "kms:Decrypt"]
    statement = opened.text(".steps .statement")
    assert "allows, if aws:SourceIp is in 192.0.2.0/24 (identity)" in statement
    assert '"aws:SourceIp": "192.0.2.0/24"' in statement


def test_the_address_says_what_is_chosen_and_opens_it_again(opened: Browser, example_file: Path) -> None:
    opened.click("[aria-label^='user/ann, prod/openrouter']")
    part = opened.run("location.hash").removeprefix("#")
    assert "user%2Fann" in part
    opened.open_file(example_file, part)
    assert opened.text("#details h2") == "user/ann"
    assert opened.text("#details .target") == "and the secret prod/openrouter-api-key"
    opened.open_file(example_file, "principal=nobody&secret=%zz")
    assert opened.text("#details h2") == "How to read this"


def test_a_deleted_secret_says_why_nobody_reads_it(opened: Browser) -> None:
    opened.click("#shown input")
    opened.run("document.getElementById('grid').focus()")
    opened.press("End", control=True)
    opened.press("ArrowUp", control=True)
    opened.press("Enter")
    assert opened.text("#details h2") == "prod/legacy-gateway-api-key"
    assert "scheduled for deletion" in opened.text("#details .note")


def test_a_secret_lists_its_readers_and_those_who_could_become_one(opened: Browser) -> None:
    opened.click(".column")
    tables = opened.run(
        "[...document.querySelectorAll('#details table')].map((table) => [table.caption.innerText, "
        "...[...table.querySelectorAll('tbody td:first-child')].map((cell) => cell.innerText)])"
    )
    assert [table[0] for table in tables] == ["Who gets to it", "Does not read it, and could change that"]
    assert len(tables[0]) == 1 + 11
    assert "user/erin" in tables[1][1:]


def test_other_accounts_and_secrets_of_one_name_are_told_apart(browser: Browser, tmp_path: Path) -> None:
    elsewhere = secret_arn("anthropic").replace("eu-west-1", "us-east-1")
    twice = [{"ARN": arn, "Name": ANTHROPIC} for arn in (secret_arn("anthropic"), elsewhere)]
    everything = document(allow("*"))
    other = {"authorization_details": details(user("zoe", everything, account=OTHER))}
    both = snapshot(user("ann", everything), secrets=twice, external_accounts={OTHER: other})
    file = tmp_path / "two.html"
    file.write_text(page_of(both))
    browser.open_file(file)
    browser.click("#shown input")
    assert browser.run(ROWS) == ["user/ann", "444455556666 user/zoe"]
    assert browser.run("[...document.querySelectorAll('.column')].map((each) => each.innerText)") == [
        f"{ANTHROPIC} (eu-west-1 111122223333)",
        f"{ANTHROPIC} (us-east-1 111122223333)",
    ]
    assert_quiet(browser, file)


def test_a_name_in_a_list_leads_to_the_explanation_in_the_matrix(opened: Browser) -> None:
    opened.click("#tab-findings")
    opened.click("#panel-findings tbody tr:nth-child(2) td:nth-child(3) button")
    assert not opened.run("document.getElementById('panel-matrix').hidden")
    assert opened.run("document.activeElement.id") == "details"
    assert opened.text("#details .target") == f"and the secret {ANTHROPIC}"


def test_a_long_list_is_searched_and_shown_a_part_at_a_time(browser: Browser, large_file: Path) -> None:
    browser.open_file(large_file)
    browser.run("document.getElementById('grid').focus()")
    browser.press("Home", "Enter")  # the principal that gets to the most
    rows = "document.querySelectorAll('#details tbody tr').length"
    assert browser.run(rows) == 100
    browser.click("#details .list > button")
    assert browser.run(rows) > 100
    browser.run("document.querySelector('#details input').focus()")
    browser.write("team3/s1")
    assert 0 < browser.run(rows) < 20
    assert_quiet(browser, large_file)


# ---- what is hostile ------------------------------------------------------------------------------------


def test_hostile_names_are_text_and_what_is_invisible_is_seen(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(page_of(hostile_snapshot(*HOSTILE, "x" * 20_000)))
    browser.open_file(file)
    browser.click("#shown input")
    browser.run("document.getElementById('grid').focus()")
    for key in ("Enter", "Home", "Enter", "End", "PageDown", "Enter"):
        browser.press(key)
        assert browser.run("document.querySelectorAll('script').length") == 2
    for part in ("outside", "findings", "changers", "problems"):
        browser.click(f"#tab-{part}")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    shown = browser.run(EVERY_TEXT)
    assert re.findall("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x00\x1b\ud800-\udfff]", shown) == []
    assert "\\u{202e}gnirts\\u{202c}\\u{2066}" in shown
    assert "\\u{d800}" in shown
    tags = set(browser.run("[...document.body.querySelectorAll('*')].map((each) => each.localName)"))
    assert not tags & {"img", "iframe", "object", "embed", "link", "base", "form", "a"} - {"form", "a"}
    assert browser.run("document.querySelectorAll('[onload], [onerror], [style*=url]').length") == 0
    assert_quiet(browser, file)


def test_no_text_becomes_markup_whoever_tries(opened: Browser) -> None:
    with pytest.raises(PageError, match="TrustedHTML"):
        opened.run("document.body.innerHTML = '<b>x</b>'")
    opened.run("const frame = document.createElement('img'); frame.src = 'https://example.com/x.png';"
               "document.body.append(frame); 1")  # fmt: skip
    opened.settle()
    refused = [each["entry"]["text"] for each in opened.happened("Log.entryAdded")]
    assert any("Content Security Policy" in text for text in refused)
    opened.events.clear()
    opened.call("Page.reload")
    opened.settle()


# ---- on paper, in the dark, when narrow -----------------------------------------------------------------


def test_the_page_prints_what_is_shown_as_a_table_and_all_other_parts(opened: Browser) -> None:
    opened.run("document.getElementById('search-principal').focus()")
    opened.write("user/bob")
    opened.run("dispatchEvent(new Event('beforeprint'))")
    rows = opened.run("[...document.querySelectorAll('#print tbody tr')].map((each) => each.textContent)")
    assert rows == [f"user/bobprod/{name}-api-keyconditionaldirectly" for name in ("anthropic", "openrouter")]
    assert opened.call("Page.printToPDF")["data"].startswith("JVBERi0")  # %PDF-
    assert opened.run("document.querySelectorAll('#panel-findings tbody tr').length") > 5


def test_the_page_follows_the_choice_of_dark_and_of_less_motion(opened: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.run(ground)
    moving = opened.run("getComputedStyle(document.querySelector('[role=tab]')).transitionDuration")
    opened.prefer(prefers_color_scheme="dark", prefers_reduced_motion="reduce")
    assert opened.run(ground) != light
    still = opened.run("getComputedStyle(document.querySelector('[role=tab]')).transitionDuration")
    assert (moving != "0s", still) == (True, "0s")


@pytest.mark.parametrize("width", [320, 420, 800])
def test_a_narrow_window_scrolls_in_one_direction_and_shows_the_explanation(
    opened: Browser, width: int
) -> None:
    opened.size(width, 700)
    opened.settle()
    assert opened.run("document.documentElement.scrollWidth") <= width
    opened.run("document.getElementById('grid').focus()")
    opened.press("Enter")
    assert opened.text("#details h2") == "role/break-glass"
    place = "document.querySelector('#details h2').getBoundingClientRect()"
    box = opened.run(f"(({{ top, left, right }}) => [top, left, right])({place})")
    assert 0 <= box[0] < 700
    assert 0 <= box[1] < box[2] <= width


def test_a_page_about_nothing_says_so(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "empty.html"
    file.write_text(page_of({"format": "keyplan-snapshot/1"}))
    browser.open_file(file)
    assert browser.text("#status").startswith("Nothing fits.")
    browser.run("document.getElementById('grid').focus()")
    browser.press("ArrowDown", "Enter", "End", "Enter")
    assert browser.text("#details h2") == "How to read this"
    browser.click("#tab-problems")
    assert "secrets: it is missing" in browser.text("#panel-problems")
    assert_quiet(browser, file)
