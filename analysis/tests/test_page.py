"""The page to send to somebody: one file, complete without a script; in a browser it filters, sorts, draws, prints."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from html.parser import HTMLParser
from importlib.util import find_spec

import pytest

from analysis.claims.claim import read_claims
from analysis.claims.table import judge_all
from analysis.files import STUDIES
from analysis.page import __main__ as command
from analysis.page import document
from analysis.runs import compile_runs
from analysis.studies import tables_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
LARGEST = 3e6


@pytest.fixture(scope="module")
def judged(synthetic_results):
    runs = compile_runs(synthetic_results)
    claims = [claim for claim in read_claims(STUDIES)[0] if claim.listed]
    return judge_all([claim for claim in claims if claim.study in ("dimension", "budget")], runs.table), runs


@pytest.fixture(scope="module")
def board(judged):
    return tables_of("leaderboard", judged[1].table, judged[1].environments)["leaderboard"]


@pytest.fixture(scope="module")
def page(judged, board):
    return document(*judged, board, "globalThis.vegaEmbed = async () => {};")


def content(page, name):
    return json.loads(gzip.decompress(base64.b64decode(re.search(rf'id="{name}">([^<]*)<', page)[1])))


def test_it_asks_for_nothing_from_elsewhere(page):
    assert not re.findall(r"(?:src|href)\s*=\s*[\"'](?!#|data:)[^\s>]+", page.partition("<script")[0])
    assert page.isascii() or "charset=\"utf-8\"" in page


def test_tables_stand_without_a_script(page, judged, board):
    rows = page.count("<tr data-paper=")
    assert rows == len(judged[0]) and page.count('class="show"') == rows
    assert page.count("<tr data-target=") == len(board.groupby(["target", "d", "method"]))
    for word in {one.verdict.word for one in judged[0]}:
        assert f">{word}</span>" in page and f'<option value="{word}">' in page


def test_every_tag_is_closed(page):
    class Balanced(HTMLParser):
        stack: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "link", "input", "br"):
                self.stack.append(tag)

        def handle_endtag(self, tag):
            assert self.stack.pop() == tag

    parser = Balanced()
    parser.feed(page)
    assert parser.stack == []


def test_points_and_figures_are_inside(page, judged):
    points, details = content(page, "points"), content(page, "details")
    columns = points["columns"]
    assert len({len(column) for column in columns.values()}) == 1
    assert max(columns["study"]) < len(points["words"]["study"])
    assert len(details) == len(judged[0]) and {"heroism"} <= {one for row in details for one in row["samplers"]}
    groups = [len(one.row.groups) for one in judged[0]]
    assert [len(row["groups"]) for row in details] == groups
    assert len(page) < LARGEST / 2


def test_what_a_record_says_is_no_markup(judged, board):
    evil = board.assign(method=board["method"] + "<script>alert(1)</script>")
    assert "<script>alert" not in document(*judged, evil, "")


def test_it_says_where_records_come_from(page):
    assert "A Processor" in page and "0123456789" in page


def test_without_records_or_libraries_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert command.main(["--results", str(tmp_path)]) == 2 and "heroism[report]" in capsys.readouterr().err
    monkeypatch.setattr(command, "find_spec", lambda name: True)
    assert command.main(["--results", str(tmp_path)]) == 1 and "make verify" in capsys.readouterr().err


# ---- in a browser ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def opened(judged, board, tmp_path_factory):
    """(page in a headless browser without a network, what its console said)."""
    if CHROMIUM is None or any(find_spec(name) is None for name in ("playwright", "vl_convert")):
        pytest.skip("a browser is needed (Debian: apt install chromium), and pip install -e .[report,browser]")
    from playwright.sync_api import sync_playwright

    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(document(*judged, board, command.libraries()), encoding="utf-8")
    assert path.stat().st_size < LARGEST
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_context(offline=True).new_page()
        tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: said.append(str(error)))
        tab.goto(path.as_uri())
        tab.wait_for_selector("#figure svg", timeout=90_000)
        yield tab, said
        browser.close()


def test_filters_and_order(opened):
    tab, said = opened
    shown = tab.locator("#claims-table > tbody > tr:visible")
    every = shown.count()
    verdict = tab.locator("[data-filter=verdict] option").nth(1).get_attribute("value")
    tab.select_option("[data-filter=verdict]", verdict)
    assert 0 < shown.count() < every
    assert {one.inner_text() for one in tab.locator(".verdict:visible").all()} == {verdict}
    assert tab.inner_text("#claims output") == f"{shown.count()} of {every} rows"
    tab.select_option("[data-filter=verdict]", "")
    head = tab.locator("#board-table th button", has_text="NFE").first
    column = "#board-table tbody tr td:nth-child(3)"
    for turn, way in (("ascending", False), ("descending", True)):
        head.focus()
        tab.keyboard.press("Enter")
        numbers = [float(text) for text in tab.locator(column).all_inner_texts() if text != "-"]
        assert numbers == sorted(numbers, reverse=way)
        assert tab.locator(f"#board-table th[aria-sort={turn}]").count() == 1
    assert said == []


def test_a_figure_of_a_claim_opens_and_closes_by_the_keyboard(opened):
    tab, said = opened
    button = tab.locator(".show").first
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("tr.picture svg", timeout=30_000)
    assert button.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("Enter")
    assert tab.locator("tr.picture").count() == 0 and said == []


def test_what_is_drawn_can_be_chosen(opened):
    tab, said = opened
    points = "#figure svg .mark-symbol path[aria-roledescription]"
    before = tab.locator(points).count()
    tab.select_option("#chooser [name=x]", "rounds")
    tab.wait_for_function("document.querySelector('#figure svg').textContent.includes('rounds')")
    tab.locator("#chooser input").first.uncheck()
    tab.wait_for_function(f"document.querySelectorAll('{points}').length < {before}")
    for axes in ("linear", "log-log"):
        tab.select_option("#chooser [name=scale]", label=axes)
    tab.select_option("#chooser [name=study]", "accuracy")
    tab.wait_for_timeout(300)
    assert tab.locator(points).count() > 0 and said == []


def test_it_fits_a_phone_and_a_sheet(opened, tmp_path):
    tab, _ = opened
    size = tab.viewport_size
    tab.set_viewport_size({"width": 390, "height": 844})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    tab.set_viewport_size(size)
    printed = tab.pdf(path=tmp_path / "page.pdf", format="A4")
    assert printed.startswith(b"%PDF") and 1 <= printed.count(b"/Type /Page\n") <= 40


def test_it_is_accessible(opened):
    if find_spec("axe_playwright_python") is None:
        pytest.skip("axe-core is missing: pip install -e .[browser]")
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(opened[0])
    assert found.violations_count == 0, found.generate_report()
