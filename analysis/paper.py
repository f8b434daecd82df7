"""``python -m analysis.paper``: what a paper needs, from the records alone, in ``results/paper``.

Every picture one column wide (PDF with embedded fonts, PNG, caption; those in ``results/figures`` are two columns
wide), tables of slopes, claims and the leaderboard for LaTeX with booktabs, and BibTeX of the papers tested.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from analysis import style
from analysis.claims.claim import Claim, read_claims
from analysis.claims.picture import pictures
from analysis.claims.table import Judged, judge_all, readable, tabulate
from analysis.files import RESULTS, STUDIES
from analysis.printing import booktabs, save
from analysis.runs import Runs, compile_runs
from analysis.studies import module_of, names, tables_of

KNOWN = Path(__file__).with_name("papers.bib")
ARXIV = re.compile(r"\b\d{4}\.\d{5}\b")
TABLES = {  # of a study: what stands over it in LaTeX
    "accuracy": "Orders in the step h = log T / T, and exponents of 1/ε, beside the theorem's.",
    "dimension": "Exponents of d in T(d, ε) of HEROISM, beside the theorem's.",
    "leaderboard": "Score evaluations and rounds to a total variation of ε: HEROISM's best and the best of the others.",
}
WIDE = {"claim": 5.2, "source": 3.0, "predicted": 1.7, "measured (95% interval)": 2.8, "would let through": 1.6,
        "verdict": 1.5}
CLAIMS = "Every claim: what was predicted, what was measured with its 95 % interval, and the verdict."


def write(runs: Runs, claims: Sequence[Claim], folder: Path, figures: bool = True) -> list[Path]:
    """Everything, from a table of runs; the files written."""
    judged = judge_all(claims, runs.table)
    table = readable(tabulate(judged)).drop(columns=["why", "evaluations", "in the bound's variable"])
    texts = {"claims.tex": booktabs(table, CLAIMS, "claims", WIDE),
             "papers.bib": bibtex(judged)}
    derived = {study: tables_of(study, runs.table, runs.environments)
               for study in names() if not runs.of(study).empty}
    for study, what in TABLES.items():
        if study in derived:
            texts[f"{study}.tex"] = booktabs(module_of(study).summary(derived[study]), what, study)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    written = [folder / name for name in texts]
    with style.page(style.COLUMN):
        for place, figure, words in _drawn(judged, derived) if figures else ():
            written += save(figure, folder / "figures" / place, words)
    return written


def bibtex(judged: Iterable[Judged]) -> str:
    """An entry ``arxiv:NUMBER`` for every paper whose claims were measured, with authors and title where known."""
    known = dict(re.findall(r"(?ms)^@misc\{arxiv:([\d.]+),\n(.*?)^\}$", KNOWN.read_text()))
    used = sorted({number for one in judged for number in ARXIV.findall(one.claim.source)})
    bare = "  key = {{arXiv {1}}},\n  year = {{20{0}}},\n  eprint = {{{1}}},\n  archivePrefix = {{arXiv}},\n"
    return "\n".join(f"@misc{{arxiv:{one},\n{known.get(one, bare.format(one[:2], one))}}}\n" for one in used)


def _drawn(judged: Sequence[Judged], derived: Mapping[str, Mapping[str, pd.DataFrame]]) -> Iterable[tuple]:
    """(name, figure, caption) of every picture that has something to show."""
    for study, tables in derived.items():
        for picture in module_of(study).FIGURES:
            figure = picture.draw(tables)
            if figure is not None:
                yield picture.name, figure, picture.caption
    for claim, drawn, caption in pictures(judged):
        yield f"claims/{claim}", drawn(), caption


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 1 where there are no records."""
    parser = argparse.ArgumentParser(prog="python -m analysis.paper", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with raw/ and tables/")
    parser.add_argument("--no-figures", action="store_true", help="only tables and references")
    given = parser.parse_args(arguments)
    runs = compile_runs(given.results)
    if runs.table.empty:
        print(f"No records in {given.results}: make verify produces them.", file=sys.stderr)
        return 1
    claims = [claim for claim in read_claims(STUDIES)[0] if claim.listed]
    written = write(runs, claims, given.results / "paper", not given.no_figures)
    print(f"{len(written)} files in {given.results / 'paper'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
