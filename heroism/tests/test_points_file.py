"""A user's data file: read whichever way it is written, and every mistake in it named by file, row and column."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from heroism.errors import InputError
from heroism.targets import Empirical

POINTS = np.array([[0.5, -1.0], [2.0, 3.0], [4.0, 1e-3]])


def write(path, content):
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif isinstance(content, pa.Table):
        parquet.write_table(content, path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content)
    return path


GOOD = {
    "array.npy": POINTS,
    "whole.npy": np.array([[1, 2], [3, 4]]),
    "single.npy": POINTS.astype(np.float32),
    "bare.csv": "0.5,-1\n2,3\n4,1e-3\n",
    "header.csv": "width,height\n0.5,-1.0\n\n2,3\n4 , 0.001\n",
    "quoted.csv": '"x","y"\n"0.5","-1"\n2,3\n4,1e-3',
    "windows.csv": b"\xef\xbb\xbfx,y\r\n0.5,-1\r\n2,3\r\n4,1e-3\r\n",
    "UPPER.CSV": "0.5,-1\n2,3\n4,1e-3\n",
    "table.parquet": pa.table({"x": POINTS[:, 0], "y": POINTS[:, 1]}),
    "mixed.parquet": pa.table({"x": [1, 3], "y": pa.array([2.0, 4.0], pa.float32())}),
}


@pytest.mark.parametrize("name, content", GOOD.items())
def test_a_good_file(tmp_path, name, content):
    expected = {"whole.npy": [[1, 2], [3, 4]], "mixed.parquet": [[1, 2], [3, 4]]}.get(name, POINTS)
    target = Empirical.from_file(write(tmp_path / name, content))
    np.testing.assert_allclose(target.points, expected, rtol=1e-7)
    np.testing.assert_array_equal(Empirical(str(tmp_path / name)).points, target.points)


BAD = {
    "nan.npy": (np.array([[1.0, 2.0], [np.nan, 1.0]]), ["row 2", "column 1"]),
    "inf.npy": (np.array([[1.0, np.inf]]), ["row 1", "column 2"]),
    "line.npy": (np.array([1.0, 2.0]), ["(2,)"]),
    "cube.npy": (np.zeros((2, 2, 2)), ["(2, 2, 2)"]),
    "none.npy": (np.zeros((0, 3)), ["empty"]),
    "words.npy": (np.array([["a", "b"]]), ["type"]),
    "complex.npy": (np.array([[1j]]), ["complex"]),
    "broken.npy": (b"not an array", ["readable"]),
    "word.csv": ("1,2\n3,x\n", ["row 2", "column 2", "'x'"]),
    "named.csv": ("a,b\n1,2\n3,oops\n", ["row 3", "column b", "'oops'"]),
    "nan.csv": ("a,b\n\n1,nan\n", ["row 3", "column b"]),
    "gap.csv": ("1,2\n3,\n", ["row 2", "column 2", "''"]),
    "ragged.csv": ("1,2\n3\n", ["row 2", "1 entries"]),
    "half.csv": ("1,b\n2,3\n", ["row 1", "column 2", "'b'"]),
    "empty.csv": ("", ["empty"]),
    "blank.csv": ("\n \n", ["empty"]),
    "header.csv": ("a,b\n", ["header"]),
    "binary.csv": (b"\xff\xfe\x00\x01", ["readable"]),
    "nan.parquet": (pa.table({"x": [1.0, float("nan")]}), ["row 2", "column x"]),
    "null.parquet": (pa.table({"x": [1.0, 2.0], "y": [None, 1.0]}), ["row 1", "column y"]),
    "words.parquet": (pa.table({"x": ["a", "b"]}), ["column x", "string"]),
    "none.parquet": (pa.table({"x": pa.array([], pa.float64())}), ["empty"]),
    "broken.parquet": (b"PAR1", ["readable"]),
    "points.txt": ("1,2\n", [".npy, .csv or .parquet"]),
}


@pytest.mark.parametrize("name, content, words", [(name, *rest) for name, rest in BAD.items()])
def test_a_bad_file(tmp_path, name, content, words):
    path = write(tmp_path / name, content)
    with pytest.raises(InputError) as caught:
        Empirical.from_file(path)
    message = str(caught.value)
    assert name in message and "\n" not in message
    for word in words:
        assert word in message


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: there is no such file"):
        Empirical.from_file(tmp_path / "nowhere.csv")
