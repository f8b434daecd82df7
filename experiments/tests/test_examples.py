"""Examples run as they stand: the code of every notebook, cell by cell, and the gallery."""

import json
import runpy
from importlib.util import find_spec

import numpy as np
import pytest

from experiments.paths import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
MISSING = [name for name in ("torch", "diffusers", "k_diffusion") if find_spec(name) is None]


def code_of(cell) -> str:
    """Without what only a notebook understands; nothing of a cell that needs a package that is missing."""
    if MISSING and "extra" in cell["metadata"].get("tags", ()):
        return ""
    return "".join(line for line in cell["source"] if not line.startswith("%"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"display": print}
    cells = json.loads(path.read_text())["cells"]
    for number, cell in enumerate(cells):
        assert all(output["output_type"] != "error" for output in cell.get("outputs", ()))
        if cell["cell_type"] == "code":
            exec(compile(code_of(cell), f"{path.name}, cell {number}", "exec"), names)
    assert cells[0]["cell_type"] == "markdown" and "".join(cells[0]["source"]).startswith("# ")


@pytest.mark.slow
def test_the_gallery_is_drawn(tmp_path):
    gallery = runpy.run_path(str(ROOT / "examples" / "gallery.py"))
    small = {"CLOUD": 200, "PATHS": 8, "GRID": 20, "ROUNDS": 2}
    for function in ("flow", "error", "refinement"):
        gallery[function].__globals__.update(small)
    target = gallery["targets"]()["rings"]
    assert len(gallery["flow"](target).axes) == len(gallery["SHOWN"])
    assert len(gallery["error"](target).axes) == len(gallery["rivals"](9)) + 1
    frames = gallery["refinement"](target)
    assert len(frames) == 3 and not np.array_equal(*(np.asarray(frame.convert("L")) for frame in frames[:2]))
