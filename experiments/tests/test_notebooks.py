"""The notebook with pictures and extras: executed as it is, and stored with what came out."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = [EXAMPLES / "ten_lines.ipynb"]  # the others are run, cell by cell, in test_examples
EXTRAS = ("torch", "diffusers", "k_diffusion")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_its_results_and_no_error(path):
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("order 2" in output.get("data", {}).get("text/plain", "") for output in outputs)
    text = nbformat.writes(nbformat.read(path, 4))
    assert "/work" not in text and "/home" not in text  # no paths of the machine that it ran on


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path):
    """Without the cells that need extras where these are not installed."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, 4)
    if any(find_spec(name) is None for name in EXTRAS):
        notebook.cells = [cell for cell in notebook.cells if "extra" not in cell.metadata.get("tags", [])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the machinery of notebooks
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources={
            "metadata": {"path": str(EXAMPLES)}}).execute()
