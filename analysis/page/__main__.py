"""``python -m analysis.page``: the report as one HTML file, ``results/report.html``, from the records alone.

Everything is inside, the libraries that draw included: it opens without a network, from a mail or a disk.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from analysis.claims.claim import read_claims
from analysis.claims.table import judge_all
from analysis.files import RESULTS, STUDIES, replacing
from analysis.page.document import document
from analysis.runs import compile_runs
from analysis.studies import tables_of

LIBRARIES = "vl_convert"
MISSING = ("The libraries that draw the page are missing: pip install 'heroism[report]', or make report, which "
           "installs them.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 where there are no records, 2 where the extra is missing."""
    parser = argparse.ArgumentParser(prog="python -m analysis.page", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with raw/ and tables/")
    given = parser.parse_args(arguments)
    if find_spec(LIBRARIES) is None:
        print(MISSING, file=sys.stderr)
        return 2
    runs = compile_runs(given.results)
    if runs.table.empty:
        print(f"No records in {given.results}: make verify produces them.", file=sys.stderr)
        return 1
    judged = judge_all([claim for claim in read_claims(STUDIES)[0] if claim.listed], runs.table)
    board = tables_of("leaderboard", runs.table, runs.environments)["leaderboard"]
    path = given.results / "report.html"
    with replacing(path) as temporary:
        temporary.write_text(document(judged, runs, board, libraries()), encoding="utf-8")
    print(f"Report: {path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def libraries() -> str:
    """vega, vega-lite and vega-embed as one script, which makes ``vegaEmbed`` global."""
    import vl_convert

    return str(vl_convert.javascript_bundle("globalThis.vegaEmbed = vegaEmbed;"))


if __name__ == "__main__":
    sys.exit(main())
