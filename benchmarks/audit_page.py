"""How large the audit's page is, and how fast: python -m benchmarks.audit_page [--sizes 500x200,5000x2000].

Accounts as in benchmarks.audit, each in a process of its own: processor seconds to weigh the account, to find
who could change the answer and to write the page, the file's size, and in a headless Chromium the time until
the page has drawn itself, until a search of one letter more is drawn, and the memory of its program. Times in
the browser are wall time, the least of several; without a browser those columns stay empty.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring.accounts import snapshot
from benchmarks.measuring.sizes import by_size, timed
from keyplan.audit.changers import changers
from keyplan.audit.estate import Estate
from keyplan.audit.matrix import graph_of
from keyplan.audit.reports.page import page
from keyplan.audit.reports.page.content import changers_content
from keyplan.audit.snapshot import read_snapshot
from tests.audit_page.browser import Browser, chromium

TIMES = 5
# One letter more in the search, until the frame with the answer has been laid out.
SEARCHED = """
new Promise((done) => {
  const input = document.getElementById("search-secret");
  const begun = performance.now();
  input.value = "%s";
  input.dispatchEvent(new Event("input"));
  document.getElementById("grid").getBoundingClientRect();
  done(performance.now() - begun);
})
"""
LETTERS = ("t", "te", "tea", "team", "team1", "team1/s", "team1/s1", "")
HEADING = (
    "                      | CPU seconds               |        | Chromium, ms             |",
    "principals    secrets | weigh  changers      page |    MiB |   open   search  (worst) |   MiB",
)


def main() -> int:
    """Measure each size, and print a row each."""
    return by_size("benchmarks.audit_page", __doc__ or "", HEADING, _measure)


def _measure(principals: int, secrets: int) -> None:
    estate = Estate(read_snapshot(snapshot(principals, secrets)))
    graph, weigh = timed(lambda: graph_of(estate))
    could_change, changing = timed(lambda: changers_content(estate, changers(estate, graph)))
    text, writing = timed(lambda: page(estate, graph, version="0", changers=could_change))
    size = len(text) / 2**20
    row = f"{principals:10,} {secrets:10,} | {weigh:5.2f} {changing:9.2f} {writing:9.2f} | {size:6.2f}"
    print(f"{row} | {_in_browser(text)}", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'':21} | the most memory to make it: {memory:,.0f} MiB", flush=True)


def _in_browser(text: str) -> str:
    program = chromium()
    if program is None:
        return "there is no Chromium here"
    with tempfile.TemporaryDirectory() as folder, Browser(program) as browser:
        file = Path(folder) / "report.html"
        file.write_text(text)
        opened, searched = [], []
        for _ in range(TIMES):
            browser.open_file(file)
            opened.append(browser.run("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            searched.append([browser.run(SEARCHED % letters) for letters in LETTERS])
        browser.call("HeapProfiler.collectGarbage")
        heap = browser.call("Runtime.getHeapUsage")["usedSize"] / 2**20
        best = [min(times) for times in zip(*searched, strict=True)]
        middle = sorted(best)[len(best) // 2]
        return f"{min(opened):6.0f} {middle:8.1f} {max(best):8.1f} | {heap:5.1f}"


if __name__ == "__main__":
    sys.exit(main())
