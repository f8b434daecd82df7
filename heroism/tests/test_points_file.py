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
    "short.csv": ("x,y\n1,2,3\n4,5,6\n", ["2 names above 3 entries"]),
    "long.csv": ("x,y,z\n1,2\n4,5\n", ["3 names above 2 entries"]),
    "rownames.csv": ('"x","y"\n"1",0.5,-1\n"2",2,3\n', ["2 names above 3 entries", "names of rows"]),
    "commas.csv": ("x,y\n1,5,2,5\n", ["2 names above 4 entries", "decimal commas"]),
    "semicolons.csv": ("x;y\n1.5;2.5\n", ["semicolons", "separate columns by commas"]),
    "german.csv": ("x;y\n1,5;2,5\n", ["semicolons and decimal commas"]),
    "tabs.csv": ("1.5\t2.5\n", ["tabs"]),
    "index.csv": (",x,y\n0,1.5,2.5\n1,2.5,3.5\n", ["column 1", "index=False"]),
    "numbered.csv": ("0,1,2\n0.1,0.2,0.3\n", ["0, 1, 2", "target.header=true or target.header=false"]),
    "underscores.csv": ("1_0,2\n3,4\n", ["row 1", "'1_0'"]),
    "large.csv": ("1.5,2\n9007199254740993,1.5\n3,4\n", ["row 2", "beyond 2^53"]),
    "large.npy": (np.array([[1, 2], [3, 2**60 + 1]]), ["row 2", "column 2", "beyond 2^53"]),
    "large.parquet": (pa.table({"x": [1, 2**60 + 1]}), ["row 2", "column x", "beyond 2^53"]),
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


@pytest.mark.parametrize("header, expected", [(True, [[0.1, 0.2, 0.3]]), (False, [[0.0, 1.0, 2.0], [0.1, 0.2, 0.3]])])
def test_names_that_are_numbers_are_what_one_says(tmp_path, header, expected):
    path = write(tmp_path / "numbered.csv", "0,1,2\n0.1,0.2,0.3\n")
    np.testing.assert_array_equal(Empirical(path, header).points, expected)


def test_an_index_of_pandas_is_no_coordinate(tmp_path):
    import pandas as pd

    frame = pd.DataFrame(POINTS, columns=["x", "y"], index=[10, 20, 30])
    frame.to_parquet(tmp_path / "table.parquet")
    frame.set_index("x", append=True).to_parquet(tmp_path / "deep.parquet")
    np.testing.assert_array_equal(Empirical.from_file(tmp_path / "table.parquet").points, POINTS)
    np.testing.assert_array_equal(Empirical.from_file(tmp_path / "deep.parquet").points, np.sort(POINTS[:, 1:], axis=0))


def test_points_far_from_the_origin_are_asked_about():
    """What is shifted by 5e6 and centred is the same law as before; HEROISM with N = auto is not the same."""
    shifted = POINTS + 5e6
    with pytest.raises(InputError, match=r"points = 7.07e\+06 from the origin: but .* apart: say target.centre=true"):
        Empirical(shifted)
    assert np.allclose(Empirical(shifted, centre=True).points, POINTS - POINTS.mean(axis=0), atol=1e-8)
    np.testing.assert_array_equal(Empirical(shifted, centre=False).points, shifted)
    np.testing.assert_array_equal(Empirical(POINTS + 50.0).points, POINTS + 50.0)
