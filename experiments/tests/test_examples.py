"""Examples run as they stand: the code of notebooks that need no extra, cell by cell, and the gallery."""

import json
import runpy

import numpy as np
import pytest

from experiments.paths import ROOT

NOTEBOOKS = [ROOT / "examples" / f"{name}.ipynb" for name in ("five_lines_to_a_tv", "your_own_data", "reading_a_claim")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {"display": print}
    cells = json.loads(path.read_text())["cells"]
    for number, cell in enumerate(cells):
        assert all(output["output_type"] != "error" for output in cell.get("outputs", ()))
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{path.name}, cell {number}", "exec"), names)
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
