"""``python -m analysis.verify``: the table of claims from the records there are; exit code 1 for a contradiction."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis import style
from analysis.compile import write_table
from analysis.figures.claims import draw
from analysis.paths import README, RESULTS, STUDIES
from analysis.verify.claim import Claim, read_claims
from analysis.verify.runs import runs
from analysis.verify.statistics import measure
from analysis.verify.table import Judged, into_readme, markdown, tabulate
from analysis.verify.verdicts import judge
from heroism.errors import InputError


def verify(claims: Sequence[Claim], table: pd.DataFrame) -> list[Judged]:
    """Measure and judge every row of every claim in a table of :func:`runs`."""
    return [Judged(claim, row, judge(claim, row)) for claim in claims
            for row in measure(claim.statistic, table, claim.records)]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.verify", description=__doc__)
    parser.add_argument("--studies", action="store_true", help="only list the studies that hold claims")
    parser.add_argument("--smoke", action="store_true",
                        help="the tiny version, with its own records and table; what so little refutes is no error")
    parser.add_argument("--results", type=Path, help="folder of the records, if it is another")
    parser.add_argument("--no-figures", action="store_true", help="only the table")
    parser.add_argument("--only", nargs="*", default=[], metavar="STUDY", help="only the claims of these studies")
    asked = parser.parse_args(arguments)
    try:
        claims = [claim for claim in read_claims(STUDIES) if not asked.only or claim.study in asked.only]
        if asked.studies:
            print(*dict.fromkeys(claim.study for claim in claims))
            return 0
        results = asked.results or (RESULTS / "smoke" if asked.smoke else RESULTS)
        code = _report(claims, results, bool(asked.only), not asked.no_figures)
        return 0 if asked.smoke else code
    except InputError as mistake:
        print(mistake, file=sys.stderr)
        return 2


def _report(claims: Sequence[Claim], results: Path, partial: bool, figures: bool) -> int:
    found = runs(results)
    judged = verify(claims, found)
    table = tabulate(judged)
    text = markdown(table)
    print(text)
    if not partial:
        write_table(table, results / "tables" / "claims.csv")
    if not partial and results == RESULTS:
        into_readme(README, text)
    if figures:
        for claim in claims:
            style.save(draw([one for one in judged if one.claim is claim]), results / "figures" / "claims" / claim.name)
    wrong = [one for one in judged if one.verdict.contradicts(one.claim)]
    for one in wrong:
        print(f"Contradiction: {one.claim.name} {one.names} was expected {one.claim.expected}: {one.verdict.why}.",
              file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
