"""``python -m analysis.verify``: the report of all claims; exit code 1 for a contradiction, 2 for a broken claim."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from analysis.claims.claim import read_claims
from analysis.files import README, RESULTS, STUDIES
from analysis.report import add_options, open_report, tell
from heroism.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.verify", description=__doc__)
    parser.add_argument("--studies", action="store_true",
                        help="only check the claims: list the studies of the sound ones, and what is wrong with others")
    parser.add_argument("--smoke", action="store_true",
                        help="the tiny version, with its own records and table; what so little refutes is no error")
    parser.add_argument("--only", nargs="*", default=[], metavar="STUDY", help="only the claims of these studies")
    parser.add_argument("--paper", metavar="ARXIV", help="only the claims of this paper, such as 2506.24042")
    add_options(parser)
    asked = parser.parse_args(arguments)
    found, mistakes = read_claims(STUDIES)
    every = [claim for claim in found if claim.listed]
    claims = [claim for claim in every if (not asked.only or claim.study in asked.only)
              and (asked.paper is None or asked.paper in claim.source)]
    code = tell(mistakes)
    if asked.paper is not None and not claims:
        papers = sorted({paper for claim in every for paper in re.findall(r"\d{4}\.\d{5}", claim.source)})
        return tell([InputError("paper", asked.paper, f"no claim is about it; choose one of {', '.join(papers)}")])
    if asked.studies:
        print(*dict.fromkeys(study for claim in claims for study in (claim.study, *claim.records)))
        return code
    results = asked.results or (RESULTS / "smoke" if asked.smoke else RESULTS)
    try:
        report = open_report(asked, results, README if results == RESULTS else None, every, not mistakes, redraw=False)
        if report.dry:
            print(f"There are no records in {results / 'raw'}: this is what is published, and stays as it is.\n")
        judged = report.claims(claims)
    except InputError as mistake:
        return tell([mistake])
    wrong = [one for one in judged if one.verdict.contradicts(one.claim)]
    for one in wrong:
        print(f"Contradiction: {one.claim.name} {one.names} was expected {one.claim.expected}: {one.verdict.why}.",
              file=sys.stderr)
    return code or int(bool(wrong) and not asked.smoke)


if __name__ == "__main__":
    sys.exit(main())
