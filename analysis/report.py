"""``python -m analysis.report [study ...]``: from records to tables, claims with their verdicts, and pictures.

Reads ``results/raw`` (or, on a machine that ran nothing, ``results/tables/runs.parquet``), writes ``results/tables``
and ``results/figures``, and prints every study's table and where everything is. Without a study, or with ``all``: all
of them and every claim. What is only a part of a study goes to ``results/partial`` and replaces nothing published.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from analysis import style
from analysis.claims.claim import Claim, read_claims
from analysis.claims.picture import pictures
from analysis.claims.table import OF_CONTROLS, SHOWN, Judged, judge_all, note, readable, tabulate
from analysis.files import README, RESULTS, STUDIES, read_csv, read_study_file, write_csv
from analysis.printing import save
from analysis.runs import Runs, compile_runs, mixture, of_studies, studies_of
from analysis.studies import module_of, names, tables_of, written
from analysis.text import markdown, show, write_between
from heroism.errors import InputError, require
from heroism.record import OWN


@dataclass(frozen=True)
class Report:
    """Where a report reads and writes. ``publish``: partial results may replace published ones; ``mixed``: records of
    several versions of the code may stand together; ``figures``: pictures are drawn; ``readme``: the file to be kept up
    to date between its marks, or None; ``dry``: claims are only printed; ``known``: the names of all claims there are,
    in their order (None where some cannot be read)."""

    results: Path
    runs: Runs
    mixed: bool = False
    publish: bool = False
    figures: bool = True
    readme: Path | None = None
    dry: bool = False
    known: Sequence[str] | None = None

    def folder(self, studies: Collection[str]) -> Path:
        """Where what follows from these studies is written. Raises InputError for a mixture that was not asked for."""
        for study in studies:
            require(self.mixed or study not in self.runs.mixed, "study", study,
                    f"{self.runs.mixed.get(study)}: run it again with force=true, or ask for --mixed")
        partial = {study: self.runs.partial[study] for study in studies if study in self.runs.partial}
        if self.publish or not partial:
            return self.results
        for study, why in partial.items():
            if study != OWN:
                print(f"Not the whole of the {study} study, but {why}: what is published stays, unless --publish is "
                      "given.")
        return self.results / "partial"

    def study(self, study: str, claims: Sequence[Claim] = ()) -> bool:
        """Write and print everything of one study, and these claims of it; False, after saying how to get them, if it
        has no records."""
        views = module_of(study)
        if self.runs.of(study).empty:
            print(f"No records of the {study} study: {_target(study)} produces them.\n")
            return False
        folder = self.folder([study])
        tables = tables_of(study, self.runs.table, self.runs.environments)
        files = [write_csv(one, folder / "tables" / f"{name}.csv") for name, one in written(study, tables).items()]
        table = views.summary(tables)
        show(table, str(read_study_file(study).get("title", "A question of one's own")), views.NOTE)
        _say_failures(tables["runs"].drop_duplicates("key"))
        print(f"Table:  {_near(files[0])}")
        if hasattr(views, "page"):
            page = folder / f"{study}.md"
            page.write_text(views.page(tables))
            print(f"Page:   {_near(page)}")
        readme = self.readme if folder == self.results else None
        if readme:
            write_between(readme, f"table:{study}", f"{markdown(table)}\n\n{views.NOTE}")
        for number, picture in enumerate(views.FIGURES if self.figures else ()):
            path = _draw(study, picture, tables, folder)
            if readme and path:  # a study's first figure goes by its name
                write_figure(readme, picture.name if number else study, path, picture.caption)
        print()
        if claims:
            self.claims(claims)
        return True

    def claims(self, claims: Sequence[Claim]) -> list[Judged]:
        """Judge claims and print their table; write it, with a picture of each claim, among what is published if all
        of its records are there and whole, else in ``partial``. What is published of other claims stays.

        A claim that uses other studies as well is judged with what is published of those that did not run here, unless
        that comes from another version of the code: then it is left to the run of all of them.
        """
        used = {study for claim in claims for study in claim.records}
        self.folder(sorted(used))
        if others := sorted(used & studies_of(self.runs.table) - self.runs.fresh) if self.runs.fresh else []:
            print(f"What is published of {', '.join(others)} is taken as it is: no records of it are here.")
        apart = {claim.name: why for claim in claims if len(claim.records) > 1 and not self.mixed
                 and (why := mixture(of_studies(self.runs.table, claim.records)))}
        for name, why in apart.items():
            print(f"{name} is left to `make verify`, which runs all that it uses: {why}.")
        judged = judge_all([claim for claim in claims if claim.name not in apart], self.runs.table, self.runs.small)
        print(_in_words(tabulate(judged)), end="\n\n")
        if not self.dry:
            lacking = {one.claim.name for one in judged if not (self.publish or (
                one.row.runs and self.runs.partial.keys().isdisjoint(one.claim.records)))}
            for folder in (self.results, self.results / "partial"):
                self._write([one for one in judged if (one.claim.name in lacking) == (folder != self.results)], folder)
        return judged

    def controls(self, planted: Sequence[Claim], every: bool) -> list[Judged]:
        """Judge negative controls and print their table; write those that have records, among what is published if all
        controls were judged (``every``) on whole studies, else in ``partial``. What is published of others stays."""
        judged = judge_all(planted, self.runs.table, self.runs.small)
        print(_in_words(tabulate(judged), OF_CONTROLS), end="\n\n")
        if not self.dry and (found := [one for one in judged if one.row.runs]):
            used = {study for one in found for study in one.claim.records}
            whole = self.publish or (every and self.runs.partial.keys().isdisjoint(used))
            path = (self.results if whole else self.results / "partial") / "tables" / "controls.csv"
            table = self._beside(tabulate(found), path, [claim.name for claim in planted] if every else None)
            print(f"Controls: {_near(write_csv(table[list(OF_CONTROLS)], path))}")
            if self.readme and whole:
                write_between(self.readme, "table:controls", _in_words(table, OF_CONTROLS))
        return judged

    @staticmethod
    def _beside(table: pd.DataFrame, path: Path, known: Sequence[str] | None) -> pd.DataFrame:
        """These rows in place of those of the same names in a file; names that are not known any more go."""
        if len(before := read_csv(path, dtype=dict.fromkeys(SHOWN, str))):
            table = pd.concat([table, before[~before["name"].isin(table["name"])]])
        if known is None:
            return table
        place = {name: number for number, name in enumerate(known)}
        return table[table["name"].isin(place)].sort_values("name", key=lambda names: names.map(place), kind="stable")

    def _write(self, judged: Sequence[Judged], folder: Path) -> None:
        """Rows and pictures of these claims, in place of those that are there; claims that are no more go."""
        if not judged:
            return
        path = folder / "tables" / "claims.csv"
        table = self._beside(tabulate(judged), path, self.known)
        print(f"Claims: {_near(write_csv(table, path))}")
        if self.readme and folder == self.results:
            write_between(self.readme, "table:claims", _in_words(table))
        for name, drawn, caption in pictures(judged) if self.figures else ():
            save(drawn(), folder / "figures" / "claims" / name, caption)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 if a study that was named has no records, 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m analysis.report", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("study", nargs="*", default=["all"], help="a study of conf/study, sweep (a question of one's "
                        "own on the command line), or all (the default): those with views of their own, and the claims")
    add_options(parser)
    parser.add_argument("--readme", action="store_true", help="write results/README.md too, between its marks")
    given = parser.parse_args(arguments)
    every = "all" in given.study
    claims, mistakes = read_claims(STUDIES)
    code = tell(mistakes)
    try:
        listed = [claim for claim in claims if claim.listed]
        report = open_report(given, given.results or RESULTS, README if given.readme else None, listed, not mistakes)
        studies = names() if every else [_known(study, report.runs) for study in given.study]
    except InputError as mistake:
        return tell([mistake])
    own = {study: [claim for claim in listed if claim.study == study and not every] for study in studies}
    steps: list[Callable[[], object]] = [partial(report.study, study, own[study]) for study in studies]
    if every and len(report.runs.table):
        steps.append(partial(report.claims, listed))
        if not report.runs.of("controls").empty:
            planted = [claim.control for claim in claims if claim.control]
            steps.append(partial(report.controls, planted, not mistakes))
    found = []
    for step in steps:
        try:
            found.append(step())
        except InputError as mistake:
            code = tell([mistake])
    return code or (0 if every or all(found) else 1)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What every report can be asked for."""
    parser.add_argument("--results", type=Path, help="folder with raw/ and tables/")
    parser.add_argument("--no-figures", action="store_true", help="only tables")
    parser.add_argument("--mixed", action="store_true", help="take records of several versions of the code together")
    parser.add_argument("--publish", action="store_true", help="let a part of a study replace what is published of it")


def open_report(given: argparse.Namespace, results: Path, readme: Path | None, claims: Sequence[Claim], every: bool,
                redraw: bool = True) -> Report:
    """A report on the records of a folder, as the options say; ``every``: these are all claims there are. Without
    ``redraw`` claims are only printed where there are no records, and nothing new could be written."""
    runs = compile_runs(results, given.publish)
    return Report(results, runs, given.mixed, given.publish, not given.no_figures, readme, not (redraw or runs.fresh),
                  [claim.name for claim in claims] if every else None)


def tell(mistakes: Sequence[InputError]) -> int:
    """Name every mistake on stderr; the exit code, 2 if there are any."""
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 2 if mistakes else 0


def write_figure(readme: Path, name: str, figure: Path, caption: str) -> None:
    """Between ``<!-- figure:NAME -->`` and ``<!-- /figure -->``, where they stand."""
    picture = os.path.relpath(figure, readme.parent)
    write_between(readme, f"figure:{name}", f"![{caption}]({picture})\n\n*{caption}*")


def _in_words(table: pd.DataFrame, columns: Mapping[str, str] = SHOWN) -> str:
    """The table of claims for people, and what its numbers and marks mean."""
    shown = readable(table, columns)
    return f"{markdown(shown, list(shown))}\n\n{note(table)}".rstrip()


def _known(study: str, runs: Runs) -> str:
    """The study's name. Raises InputError for one that has neither a file nor records."""
    studies = sorted(path.stem for path in STUDIES.glob("*.yaml"))
    require(study in studies or not runs.of(study).empty, "study", study, f"choose one of {', '.join(studies)}, or all")
    return study


def _draw(study: str, picture: style.Picture, tables: Mapping[str, pd.DataFrame], folder: Path) -> Path | None:
    figure = picture.draw(tables)
    if figure is None:
        print(f"Figure: {picture.name} is not drawn, there is nothing to show in it yet: {_target(study)}")
        return None
    path = save(figure, folder / "figures" / picture.name, picture.caption)[0]
    print(f"Figure: {_near(path)}")
    return path


def _say_failures(runs: pd.DataFrame) -> None:
    failed = runs[runs["status"] != "done"]
    if len(failed):
        print(f"{len(failed)} of {len(runs)} runs failed; their records say why, such as: {failed['reason'].iloc[0]}")


def _target(study: str) -> str:
    """What makes the records of a study."""
    return f"`make {getattr(module_of(study), 'MADE_BY', f'sweep-{study}' if study in names() else 'verify')}`"


def _near(path: Path) -> str:
    """As seen from where the reader stands."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


if __name__ == "__main__":
    sys.exit(main())
