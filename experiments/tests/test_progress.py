"""One bar over a sweep."""

import io
import time

import pytest

from experiments.progress import END, Marker, Watch


def test_markers_become_a_state(tmp_path):
    watch = Watch(tmp_path, "sweep", prices=[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0]])
    assert watch.state() == (0, 0.0, [])
    first, second = Marker(tmp_path, 0), Marker(tmp_path, 1)
    first("sphere d=4")
    first("T=16")
    second("cube")
    records, share, running = watch.state()
    assert (records, running) == (1, ["sphere d=4", "cube"])
    assert share == pytest.approx(0.1)
    first(END)  # a ladder that stopped early is finished all the same
    records, share, running = watch.state()
    assert (records, running) == (3, ["cube"])
    assert share == pytest.approx(0.6)


def test_without_a_terminal_it_says_a_few_lines(tmp_path):
    stream = io.StringIO()
    with Watch(tmp_path, "dimension", prices=[[0.0]] * 40, stream=stream):
        for number in range(40):
            marker = Marker(tmp_path, number)
            marker("job")
            marker(END)
        time.sleep(0.01)
    lines = stream.getvalue().splitlines()
    assert 1 <= len(lines) <= 10
    assert lines[-1].startswith("dimension: 40 of 40 records")


def test_it_ends_with_the_sweep_even_if_that_fails(tmp_path):
    watch = Watch(tmp_path, "sweep", [[1.0]], io.StringIO())
    with pytest.raises(ZeroDivisionError), watch:
        raise ZeroDivisionError
    assert not watch._thread.is_alive()


def test_it_takes_its_markers_away_but_not_the_logs_of_a_launcher(tmp_path):
    for folder, logs in ((tmp_path / "bare", []), (tmp_path / "logs", ["log"])):
        with Watch(folder, "sweep", [[1.0]], io.StringIO()):
            Marker(folder, 0)(END)
            for name in logs:
                (folder / name).touch()
        assert folder.exists() == bool(logs)
        assert logs == [path.name for path in folder.glob("*")]
