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
from types import ModuleType

from analysis import style
from analysis.compile import compile_runs
from analysis.display import NOTES, markdown, readable, show, write_between
from analysis.figures import discover
from analysis.pages import write_page
from analysis.paths import README, RESULTS
from analysis.prediction import read_prediction
from analysis.tables import DERIVED, Tables, known, read_environments, tables_of, write_derived
from heroism.errors import InputError

MADE_BY = {"leaderboard": "leaderboard", "published": "leaderboard"}  # make targets of studies without one of their own


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 1 if a study that was named has no records, 2 for a mistake."""
    parser = argparse.ArgumentParser(prog="python -m analysis.report", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("study", nargs="*", default=["all"], help=f"{', '.join(DERIVED)}, or all (the default)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder with raw/ and tables/")
    parser.add_argument("--readme", action="store_true", help="also write into README.md, between the marks there")
    given = parser.parse_args(arguments)
    every = "all" in given.study
    try:
        studies = list(DERIVED) if every else [known(study) for study in given.study]
        runs, environments = compile_runs(given.results), read_environments(given.results)
        found = [report(study, tables_of(study, runs, environments), given.results, given.readme) for study in studies]
    except InputError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    return 0 if every or all(found) else 1


def report(study: str, tables: Tables, results: Path, readme: bool = False) -> bool:
    """Write and print everything of one study; False, after saying how to get them, if it has no records."""
    if tables["runs"].empty:
        print(f"No records of the {study} study: {_target(study)} produces them.\n")
        return False
    written = write_derived(tables, results)
    table = readable(study, tables)
    show(table, read_prediction(study).title, NOTES[study])
    print()
    _say_failures(tables)
    print(f"Table:  {_near(written[0])}")
    page = write_page(study, tables, results)
    if page is not None:
        print(f"Page:   {_near(page)}")
    if readme:
        write_between(README, f"table:{study}", f"{markdown(table)}\n\n{NOTES[study]}")
    for number, module in enumerate(discover(study)):
        paths = _draw(module, tables, results)
        if readme and paths:  # a study's first figure goes by its name
            write_figure(README, module.__name__.rpartition(".")[2] if number else study, paths[0], module.CAPTION)
    print()
    return True


def write_figure(readme: Path, name: str, figure: Path, caption: str) -> None:
    """Between ``<!-- figure:NAME -->`` and ``<!-- /figure -->``, where they stand."""
    picture = os.path.relpath(figure, readme.parent)
    write_between(readme, f"figure:{name}", f"![{caption}]({picture})\n\n*{caption}*")


def _draw(module: ModuleType, tables: Tables, results: Path) -> list[Path]:
    name = module.__name__.rpartition(".")[2]
    figure = module.draw(tables)
    if figure is None:
        print(f"Figure: {name} is not drawn, there is nothing to show in it yet: {_target(module.STUDY)}")
        return []
    paths = style.save(figure, results / "figures" / name)
    print(f"Figure: {_near(paths[0])}")
    return paths


def _say_failures(tables: Tables) -> None:
    runs = tables["runs"].drop_duplicates("key")
    failed = runs[runs["status"] != "done"]
    if len(failed):
        print(f"{len(failed)} of {len(runs)} runs failed; runs.csv says why, such as: {failed['reason'].iloc[0]}")


def _target(study: str) -> str:
    """What makes the records of a study."""
    return f"`make {MADE_BY.get(study, f'sweep-{study}')}`"


def _near(path: Path) -> str:
    """As seen from where the reader stands."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


if __name__ == "__main__":
    sys.exit(main())
