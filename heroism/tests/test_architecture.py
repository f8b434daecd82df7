"""Imports point one way: experiments -> heroism <- analysis, inside heroism from later lines of the table to earlier
ones, and nowhere in a circle of folders or files.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("heroism", "experiments", "analysis")

# Files and folders of heroism: each may import those of the lines before it, and a folder its own files.
LINES = (
    {"errors", "described"},
    {"places", "allocation"},
    {"noise", "rates", "theory", "formulas", "record"},
    {"special", "nodes", "grids"},
    {"targets"},
    {"scores", "tabulated"},
    {"flow"},
    {"integrals"},
    {"samplers"},
    {"memory"},
    {"starts"},
    {"map"},
    {"tail"},
    {"transport"},
    {"measures"},
    {"distances"},
    {"report"},
    {"testing"},
)
# What a study needs from the mathematics to read its records: names, formulas, fits; no target, no transport.
ANALYSIS_KNOWS = {"errors", "places", "record", "formulas", "rates", "theory", "samplers"}
# Libraries that a folder must not know.
FOREIGN = {
    "heroism": {"hydra", "omegaconf", "rich", "joblib", "pandas", "pyarrow", "matplotlib", "experiments", "analysis"},
    "experiments": {"pandas", "pyarrow", "matplotlib", "analysis"},
    "analysis": {"hydra", "omegaconf", "joblib", "experiments"},
}
# A user's own table is read where it is given, a report is drawn or handed to pandas where that is asked for, and only
# then. (Under TYPE_CHECKING nothing is imported.)
LAZY = {"heroism/targets/points_file.py": {"pyarrow"}, "heroism/report/picture.py": {"matplotlib"},
        "heroism/report/report.py": {"matplotlib", "pandas"}}

# Engines that only some jobs ask for: the code behind a result is told by what is imported at the top of files.
ENGINES = {"heroism/measures/run.py": {"heroism.measures.stochastic.laws"}}

SOURCES = {str(path.relative_to(ROOT)): path.read_text() for folder in OURS
           for path in sorted((ROOT / folder).rglob("*.py")) if "tests" not in path.parts}
every_file = pytest.mark.parametrize("file", SOURCES)


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether it is imported at the top of the file) for every import of a file."""
    tree = ast.parse(source)
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full: what they point at is then seen at a glance"
            yield from ((f"{node.module}.{alias.name}", id(node) in top) for alias in node.names)


def may_know(file: str) -> set[str]:
    """Dotted prefixes of what of ours a file may import."""
    package, _, rest = file.removesuffix(".py").partition("/")
    if package != "heroism":
        return {package, *(f"heroism.{name}" for name in ANALYSIS_KNOWS)} if package == "analysis" \
            else {package, "heroism"}
    own = rest.partition("/")[0]
    at = next((i for i, line in enumerate(LINES) if own in line), None)
    assert at is not None or own == "__init__", f"{file} has no line in the table: say what it stands on"
    return {f"heroism.{own}", *(f"heroism.{name}" for line in LINES[:at or 0] for name in line)}


def wrong(file: str, source: str) -> list[str]:
    """Imports of a file that point the wrong way."""
    known, foreign = may_know(file), FOREIGN[file.partition("/")[0]]
    found = []
    for name, at_top in imports(source):
        package = name.partition(".")[0]
        lazy = not at_top and package in LAZY.get(file, ())
        allowed = any(name == module or name.startswith(f"{module}.") for module in known)
        if (package in foreign and not lazy) or (package in OURS and not allowed):
            found.append(name)
    return found


def file_of(name: str, sources: dict[str, str]) -> str | None:
    """The file of ours that a dotted name lives in."""
    parts = name.split(".")
    while parts:
        path = "/".join(parts)
        found = next((file for file in (f"{path}.py", f"{path}/__init__.py") if file in sources), None)
        if found:
            return found
        parts.pop()
    return None


def circles(sources: dict[str, str]) -> list[str]:
    """The circles of imports, one for each folder that has any.

    The files and folders inside a folder have to stand in some order in which each imports earlier ones only; an
    import counts between the two of them that hold its ends, below the innermost folder that holds both.
    """
    graphs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file, source in sources.items():
        for name, _ in imports(source):
            other = file_of(name, sources)
            if other is None or other == file:
                continue
            ours, theirs = file.split("/"), other.split("/")
            common = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
            graphs["/".join(ours[:common])][ours[common]].add(theirs[common])
    found = []
    for folder, graph in graphs.items():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found.append(f"{folder}: {' <- '.join(error.args[1])}")
    return found


@every_file
def test_imports_point_one_way(file):
    assert wrong(file, SOURCES[file]) == []


@pytest.mark.parametrize("file, source", [
    ("heroism/noise.py", "from heroism.targets import Target"),
    ("heroism/rates.py", "from heroism.noise import NoiseLevel"),
    ("heroism/special/bessel.py", "from heroism.targets.base import Target"),
    ("heroism/samplers/euler.py", "from heroism.transport import Ensemble"),
    ("heroism/targets/sphere.py", "import pandas"),
    ("heroism/targets/points_file.py", "import pyarrow"),
    ("heroism/measures/distances/total_variation.py", "def f():\n    import hydra.utils"),
    ("experiments/run.py", "from analysis.report import main"),
    ("analysis/report.py", "from experiments.record import Store"),
    ("analysis/report.py", "from heroism.transport import transport"),
])
def test_a_wrong_arrow_is_found(file, source):
    assert wrong(file, source)


def test_a_reader_may_be_imported_where_it_is_needed():
    assert wrong("heroism/targets/points_file.py", "def read():\n    import pyarrow") == []


def test_a_new_folder_needs_a_line():
    with pytest.raises(AssertionError, match="has no line"):
        wrong("heroism/novelty.py", "import heroism.noise")


def test_what_is_ours_is_imported_at_the_top_but_for_engines():
    """Inside of functions, only what a job asks for by its sampler or its measure: others do not count it as theirs."""
    found = defaultdict(set)
    for file, source in SOURCES.items():
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        inside = {name for function in functions for name, _ in imports(ast.unparse(function))}
        if file.startswith("heroism/") and (ours := {name for name in inside if name.startswith("heroism.")}):
            found[file] = ours
    assert found == ENGINES


def test_there_is_no_circle():
    assert circles(SOURCES) == []


@pytest.mark.parametrize("sources", [
    {"a/x/one.py": "import a.y.one", "a/y/one.py": "", "a/y/two.py": "from a.x.two import f", "a/x/two.py": ""},
    {"a/x/one.py": "import a.y", "a/y.py": "import a.z.one", "a/z/one.py": "def f():\n    from a.x.two import g",
     "a/x/two.py": ""},
    {"a/x/__init__.py": "from a.x.one import f", "a/x/one.py": "from a.x import g"},
])
def test_a_circle_of_folders_is_found(sources):
    """Of folders whose files import no file twice, through a third one, and of a file and its own folder."""
    assert len(circles(sources)) == 1


def test_a_folder_may_stand_on_a_file_of_the_folder_around_it():
    assert circles({"a/base.py": "", "a/inner/part.py": "import a.base", "a/law.py": "import a.inner.part"}) == []


@every_file
def test_private_names_stay_in_their_file(file):
    private = [name for name, _ in imports(SOURCES[file]) if name.rpartition(".")[2].startswith("_")]
    assert [name for name in private if name.partition(".")[0] in OURS] == []
