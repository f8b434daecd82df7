"""Imports point one way: experiments -> heroism <- analysis, and inside heroism as written in the table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = {"heroism.errors"}
NOISE = BASE | {"heroism.noise"}

# Where a file lies -> what of ours it may know. The longest matching prefix counts.
MAY_KNOW = {
    "heroism/errors.py": set(),
    "heroism/noise.py": BASE,
    "heroism/collocation.py": BASE,
    "heroism/nodes.py": NOISE,
    "heroism/rates.py": BASE,
    "heroism/theory.py": BASE,
    "heroism/special/": NOISE | {"heroism.special"},
    "heroism/targets/": NOISE | {"heroism.special", "heroism.targets"},
    "heroism/scores/": NOISE | {"heroism.targets", "heroism.scores"},
    "heroism/flow.py": NOISE | {"heroism.targets"},
    "heroism/samplers/": NOISE | {"heroism.flow", "heroism.collocation", "heroism.samplers"},
    "heroism/transport.py": NOISE | {"heroism.flow", "heroism.nodes", "heroism.samplers", "heroism.targets"},
    "heroism/distances/": {"heroism"},
    "heroism/": {"heroism"},
    "experiments/": {"heroism", "experiments"},
    "analysis/": BASE | {"heroism.formulas", "heroism.rates", "heroism.theory", "heroism.samplers", "analysis"},
}
# Whose libraries a folder must not know.
FOREIGN = {
    "heroism/": {"hydra", "omegaconf", "rich", "joblib", "pandas", "pyarrow", "matplotlib", "experiments", "analysis"},
    "experiments/": {"pandas", "pyarrow", "matplotlib", "analysis"},
    "analysis/": {"hydra", "omegaconf", "joblib", "experiments"},
}
# A user's own table is read where it is given, and only then.
LAZY = {"heroism/targets/points_file.py": {"pyarrow"}}

OURS = ("heroism", "experiments", "analysis")
FILES = sorted(str(path.relative_to(ROOT)) for folder in OURS
               for path in (ROOT / folder).rglob("*.py") if "tests" not in path.parts)


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


def wrong(file: str, source: str) -> list[str]:
    """Imports of a file that point the wrong way."""
    known = MAY_KNOW[max((prefix for prefix in MAY_KNOW if file.startswith(prefix)), key=len)]
    foreign = FOREIGN[file.partition("/")[0] + "/"]
    found = []
    for name, at_top in imports(source):
        package = name.partition(".")[0]
        lazy = not at_top and package in LAZY.get(file, ())
        allowed = any(name == module or name.startswith(f"{module}.") for module in known)
        if (package in foreign and not lazy) or (package in OURS and not allowed):
            found.append(name)
    return found


@pytest.mark.parametrize("file", FILES)
def test_imports_point_one_way(file):
    assert wrong(file, (ROOT / file).read_text()) == []


@pytest.mark.parametrize("file, source", [
    ("heroism/noise.py", "from heroism.targets import Target"),
    ("heroism/samplers/euler.py", "from heroism.distances.estimate import Estimate"),
    ("heroism/targets/sphere.py", "import pandas"),
    ("heroism/targets/points_file.py", "import pyarrow"),
    ("heroism/distances/total_variation.py", "def f():\n    import hydra.utils"),
    ("experiments/run.py", "from analysis.report import main"),
    ("analysis/report.py", "from experiments.record import Store"),
    ("analysis/report.py", "from heroism.transport import transport"),
])
def test_a_wrong_arrow_is_found(file, source):
    assert wrong(file, source)


def test_a_reader_may_be_imported_where_it_is_needed():
    assert wrong("heroism/targets/points_file.py", "def read():\n    import pyarrow") == []


@pytest.mark.parametrize("file", FILES)
def test_private_names_stay_in_their_file(file):
    private = [name for name, _ in imports((ROOT / file).read_text()) if name.rpartition(".")[2].startswith("_")]
    assert [name for name in private if name.partition(".")[0] in OURS] == []
