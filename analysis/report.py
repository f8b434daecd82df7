"""``python -m analysis.report [study ...]``: from records to tables, claims with their verdicts, and pictures.

Reads ``results/raw`` (or, on a machine that ran nothing, ``results/tables/runs.parquet``), writes ``results/tables``
and ``results/figures``, and prints every study's table and where everything is. Without a study, or with ``all``: all
of them and every claim. What is only a part of a study goes to ``results/partial`` and replaces nothing published.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis import style
from analysis.claims.claim import Claim, read_claims
from analysis.claims.table import Judged, judge_all, note, readable, tabulate
from analysis.display import markdown, show, write_between
from analysis.figures import claims as claim_pictures
from analysis.files import write_csv
from analysis.paths import README, RESULTS, STUDIES, read_study_file
from analysis.runs import SWEEP, Runs, compile_runs
from analysis.studies import module_of, names
from analysis.tables import Tables, tables_of, write_derived
from heroism.errors import InputError, require


@dataclass(frozen=True)
class Report:
    """Where a report reads and writes. ``publish``: partial results may replace published ones; ``mixed``: records of
    several versions of the code may stand together; ``figures``: pictures are drawn; ``readme``: the file to be kept up
    to date between its marks, or None; ``dry``: claims are only printed."""

    results: Path
    runs: Runs
    mixed: bool = False
    publish: bool = False
    figures: bool = True
    readme: Path | None = None
    dry: bool = False

    def folder(self, studies: Collection[str]) -> Path:
        """Where what follows from these studies is written. Raises InputError for a mixture that was not asked for."""
        for study in studies:
            require(self.mixed or study not in self.runs.mixed, "study", study,
                    f"{self.runs.mixed.get(study)}: run it again with force=true, or ask for --mixed")
        partial = {study: self.runs.partial[study] for study in studies if study in self.runs.partial}
        if self.publish or not partial:
            return self.results
        for study, why in partial.items():
            if study != SWEEP:
                print(f"Not the whole of the {study} study, but {why}: what is published stays, unless --publish is "
                      "given.")
        return self.results / "partial"

    def study(self, study: str) -> bool:
        """Write and print everything of one study; False, after saying how to get them, if it has no records."""
        runs, views = self.runs.of(study), module_of(study)
        if runs.empty:
            print(f"No records of the {study} study: {_target(study)} produces them.\n")
            return False
        folder = self.folder([study])
        tables = tables_of(study, runs, self.runs.origins(runs))
        written = write_derived(tables, folder)
        table = views.summary(tables)
        show(table, str(read_study_file(study).get("title", "A question of one's own")), views.NOTE)
        print()
        _say_failures(tables)
        print(f"Table:  {_near(written[0])}")
        if hasattr(views, "page"):
            page = folder / f"{study}.md"
            page.write_text(views.page(tables))
            print(f"Page:   {_near(page)}")
        published = self.readme if folder == self.results else None
        if published:
            write_between(published, f"table:{study}", f"{markdown(table)}\n\n{views.NOTE}")
        for number, picture in enumerate(views.FIGURES if self.figures else ()):
            path = _draw(study, picture, tables, folder)
            if published and path:  # a study's first figure goes by its name
                write_figure(published, picture.name if number else study, path, picture.caption)
        print()
        return True

    def claims(self, claims: Sequence[Claim], whole: bool) -> list[Judged]:
        """Print the table of claims, write it, and draw a picture of each. Unless these are all there are (``whole``)
        and every one has runs, the table is a part of what is published."""
        folder = self.folder(sorted({study for claim in claims for study in claim.records}))
        judged = judge_all(claims, self.runs.table)
        table = tabulate(judged)
        text = "\n\n".join(filter(None, [markdown(readable(table), list(readable(table))), note(table)]))
        print(text, end="\n\n")
        if self.dry:
            return judged
        whole = self.publish or (whole and all(one.row.runs for one in judged))
        if len(table):
            place = folder if whole else self.results / "partial"
            print(f"Claims: {_near(write_csv(table, place / 'tables' / 'claims.csv'))}")
        if self.readme and whole and folder == self.results:
            write_between(self.readme, "table:claims", text)
        for claim in claims if self.figures else ():
            mine = [one for one in judged if one.claim is claim]
            if any(one.row.runs for one in mine):
                style.save(claim_pictures.draw(mine), folder / "figures" / "claims" / claim.name)
        return judged


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 if a study that was named has no records, 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m analysis.report", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("study", nargs="*", default=["all"], help="a study of conf/study, sweep (a question of one's "
                        "own on the command line), or all (the default): those with views of their own, and the claims")
    add_options(parser)
    parser.add_argument("--readme", action="store_true", help="also write results/README.md, between its marks")
    given = parser.parse_args(arguments)
    every = "all" in given.study
    claims, mistakes = read_claims(STUDIES)
    code = tell(mistakes)
    try:
        report = open_report(given, given.results or RESULTS, README if given.readme else None)
        studies = names() if every else [_known(study, report.runs) for study in given.study]
    except InputError as mistake:
        return tell([mistake])
    found = []
    for study in studies:
        try:
            found.append(report.study(study))
            mine = [claim for claim in claims if claim.listed and claim.study == study]
            if mine and found[-1] and not every:
                report.claims(mine, whole=False)
        except InputError as mistake:
            code = tell([mistake])
    if every and len(report.runs.table):
        try:
            report.claims([claim for claim in claims if claim.listed], whole=not mistakes)
        except InputError as mistake:
            code = tell([mistake])
    return code or (0 if every or all(found) else 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every report can be asked for."""
    parser.add_argument("--results", type=Path, help="folder with raw/ and tables/")
    parser.add_argument("--no-figures", action="store_true", help="only tables")
    parser.add_argument("--mixed", action="store_true", help="take records of several versions of the code together")
    parser.add_argument("--publish", action="store_true", help="let a part of a study replace what is published of it")


def open_report(given: argparse.Namespace, results: Path, readme: Path | None, redraw: bool = True) -> Report:
    """A report on the records of a folder, as the options say. Without ``redraw`` claims are only printed where there
    are no records, and nothing new could be written."""
    runs = compile_runs(results, given.publish)
    return Report(results, runs, given.mixed, given.publish, not given.no_figures, readme, not (redraw or runs.fresh))


def tell(mistakes: Sequence[InputError]) -> int:
    """Name every mistake on stderr; the exit code, 2 if there are any."""
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 2 if mistakes else 0


def write_figure(readme: Path, name: str, figure: Path, caption: str) -> None:
    """Between ``<!-- figure:NAME -->`` and ``<!-- /figure -->``, where they stand."""
    picture = os.path.relpath(figure, readme.parent)
    write_between(readme, f"figure:{name}", f"![{caption}]({picture})\n\n*{caption}*")


def _known(study: str, runs: Runs) -> str:
    """The study's name. Raises InputError for one that has neither a file nor records."""
    studies = sorted(path.stem for path in STUDIES.glob("*.yaml"))
    require(study in studies or not runs.of(study).empty, "study", study, f"choose one of {', '.join(studies)}, or all")
    return study


def _draw(study: str, picture: style.Picture, tables: Tables, folder: Path) -> Path | None:
    figure = picture.draw(tables)
    if figure is None:
        print(f"Figure: {picture.name} is not drawn, there is nothing to show in it yet: {_target(study)}")
        return None
    path = style.save(figure, folder / "figures" / picture.name)[0]
    print(f"Figure: {_near(path)}")
    return path


def _say_failures(tables: Tables) -> None:
    runs = tables["runs"].drop_duplicates("key")
    failed = runs[runs["status"] != "done"]
    if len(failed):
        print(f"{len(failed)} of {len(runs)} runs failed; their records say why, such as: {failed['reason'].iloc[0]}")


def _target(study: str) -> str:
    """What makes the records of a study."""
    own = study in names() and study != "worst_case"
    return f"`make {getattr(module_of(study), 'MADE_BY', f'sweep-{study}' if own else 'verify')}`"


def _near(path: Path) -> str:
    """As seen from where the reader stands."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


if __name__ == "__main__":
    sys.exit(main())
