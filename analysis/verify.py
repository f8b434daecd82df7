"""``python -m analysis.verify``: the report of all claims; exit code 1 for a contradiction, or a negative control that
is not refuted, 2 for a broken claim.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from analysis.claims.claim import read_claims
from analysis.claims.verdicts import REFUTED
from analysis.files import README, RESULTS, STUDIES
from analysis.report import add_options, open_report, tell
from heroism.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.verify", description=__doc__)
    parser.add_argument("--studies", action="store_true",
                        help="only check the claims: list the studies of the sound ones, and what is wrong with others")
    parser.add_argument("--smoke", action="store_true",
                        help="the tiny version, with its own records and table, from which nothing follows")
    parser.add_argument("--controls", action="store_true",
                        help="judge the negative control of every claim as well: each must be refuted")
    parser.add_argument("--only", nargs="*", default=[], metavar="STUDY", help="only the claims of these studies")
    parser.add_argument("--paper", metavar="ARXIV", help="only the claims of this paper, such as 2506.24042")
    add_options(parser)
    asked = parser.parse_args(arguments)
    found, mistakes = read_claims(STUDIES)
    chosen = [claim for claim in found if (not asked.only or claim.study in asked.only)
              and (asked.paper is None or asked.paper in claim.source)]
    every, claims = ([claim for claim in some if claim.listed] for some in (found, chosen))
    planted = [claim.control for claim in chosen if asked.controls and claim.control]
    code = tell(mistakes)
    if asked.paper is not None and not claims:
        papers = sorted({paper for claim in every for paper in re.findall(r"\d{4}\.\d{5}", claim.source)})
        return tell([InputError("paper", asked.paper, f"no claim is about it; choose one of {', '.join(papers)}")])
    if asked.studies:
        print(*dict.fromkeys([*(study for claim in claims for study in (claim.study, *claim.records)),
                              *(study for control in planted for study in control.records)]))
        return code
    results = asked.results or (RESULTS / "smoke" if asked.smoke else RESULTS)
    try:
        report = open_report(asked, results, README if results == RESULTS else None, every, not mistakes, redraw=False)
        if report.dry:
            print(f"There are no records in {results / 'raw'}: this is what is published, and stays as it is.\n")
        judged = report.claims(claims)
        controls = report.controls(planted, not mistakes and chosen == found) if planted else []
    except InputError as mistake:
        return tell([mistake])
    wrong = [f"Contradiction: {one.claim.name} {one.names} was expected {one.claim.expected}: {one.verdict.why}."
             for one in judged if one.verdict.contradicts(one.claim)]
    wrong += [f"Not refuted: the control of {one.claim.name} {one.names} is {one.verdict.word}: {one.verdict.why}."
              for one in controls if one.verdict.word != REFUTED and not asked.smoke]
    print(*wrong, sep="\n", end="\n" * bool(wrong), file=sys.stderr)
    return code or int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
