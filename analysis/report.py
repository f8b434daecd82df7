"""``python -m analysis.report [study ...] [--results DIR] [--readme]``: from records to tables, slopes and pictures.

Reads ``results/raw`` (or, on a machine that ran nothing, ``results/tables``), writes ``results/tables`` and
``results/figures``, and prints the study's table and where everything is. Without a study, or with ``all``: every one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis import style
from analysis.compile import compile_runs, of_study
from analysis.display import markdown, show, write_between
from analysis.paths import README, RESULTS, STUDIES, read_study_file
from analysis.studies import module_of, names
from analysis.tables import Tables, read_environments, tables_of, write_derived
from heroism.errors import InputError, require

OWN = [study for study in names() if study != "worst_case"]
STUDIES_KNOWN = sorted({path.stem for path in STUDIES.glob("*.yaml")})


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 if a study that was named has no records, 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m analysis.report", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("study", nargs="*", default=["all"], help=f"{', '.join(OWN)}, any other, or all (the default)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with raw/ and tables/")
    parser.add_argument("--readme", action="store_true", help="also write into README.md, between the marks there")
    given = parser.parse_args(arguments)
    every = "all" in given.study
    try:
        runs, environments = compile_runs(given.results), read_environments(given.results)
        studies = OWN if every else [known(study, runs) for study in given.study]
        found = [report(study, tables_of(study, runs, environments), given.results, given.readme) for study in studies]
    except InputError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    return 0 if every or all(found) else 1


def known(study: str, runs: pd.DataFrame) -> str:
    """The study's name. Raises InputError for one that has neither a file nor records."""
    require(study in STUDIES_KNOWN or not of_study(runs, study).empty, "study", study,
            f"choose one of {', '.join(STUDIES_KNOWN)}, or all")
    return study


def report(study: str, tables: Tables, results: Path, readme: bool = False) -> bool:
    """Write and print everything of one study; False, after saying how to get them, if it has no records."""
    if tables["runs"].empty:
        print(f"No records of the {study} study: {_target(study)} produces them.\n")
        return False
    views = module_of(study)
    written = write_derived(tables, results)
    table = views.summary(tables)
    show(table, str(read_study_file(study).get("title", "A question of one's own")), views.NOTE)
    print()
    _say_failures(tables)
    print(f"Table:  {_near(written[0])}")
    if hasattr(views, "page"):
        page = results / f"{study}.md"
        page.write_text(views.page(tables))
        print(f"Page:   {_near(page)}")
    if readme:
        write_between(README, f"table:{study}", f"{markdown(table)}\n\n{views.NOTE}")
    for number, picture in enumerate(views.FIGURES):
        paths = _draw(study, picture, tables, results)
        if readme and paths:  # a study's first figure goes by its name
            write_figure(README, picture.name if number else study, paths[0], picture.caption)
    print()
    return True


def write_figure(readme: Path, name: str, figure: Path, caption: str) -> None:
    """Between ``<!-- figure:NAME -->`` and ``<!-- /figure -->``, where they stand."""
    picture = os.path.relpath(figure, readme.parent)
    write_between(readme, f"figure:{name}", f"![{caption}]({picture})\n\n*{caption}*")


def _draw(study: str, picture: style.Picture, tables: Tables, results: Path) -> list[Path]:
    figure = picture.draw(tables)
    if figure is None:
        print(f"Figure: {picture.name} is not drawn, there is nothing to show in it yet: {_target(study)}")
        return []
    paths = style.save(figure, results / "figures" / picture.name)
    print(f"Figure: {_near(paths[0])}")
    return paths


def _say_failures(tables: Tables) -> None:
    runs = tables["runs"].drop_duplicates("key")
    failed = runs[runs["status"] != "done"]
    if len(failed):
        print(f"{len(failed)} of {len(runs)} runs failed; runs.csv says why, such as: {failed['reason'].iloc[0]}")


def _target(study: str) -> str:
    """What makes the records of a study."""
    return f"`make {getattr(module_of(study), 'MADE_BY', f'sweep-{study}')}`"


def _near(path: Path) -> str:
    """As seen from where the reader stands."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


if __name__ == "__main__":
    sys.exit(main())
