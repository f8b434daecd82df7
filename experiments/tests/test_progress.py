"""One bar over a sweep."""

import io
import re
import time

import pytest
from rich.console import Console

from experiments.progress import DONE, END, FAILED, THERE, Marker, Tally, Watch, line


def test_markers_become_a_state(tmp_path):
    watch = Watch(tmp_path, "sweep", prices=[[1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [1.0]], there=5)
    assert watch.state() == (Tally(5, 0.0, 0, 5, 0), [])
    first, second = Marker(tmp_path, 0), Marker(tmp_path, 1)
    first("sphere d=4")
    first(line(DONE, 1200))
    second("cube")
    assert watch.state() == (Tally(6, 1.0, 0, 5, 1200), ["sphere d=4", "cube"])
    second(line(THERE))
    second(line(FAILED))
    first(END)  # a ladder that stopped early is finished all the same
    for _ in range(2):  # what came to its end is read once and counted once
        assert watch.state() == (Tally(10, 8.0, 1, 6, 1200), ["cube"])
    watch.claim(2)
    watch.claim(1, finished=True)
    assert watch.state() == (Tally(11, 9.0, 1, 7, 1200), ["cube"])


def test_a_terminal_shows_what_is_done_failed_there_and_current(tmp_path):
    stream = io.StringIO()
    watch = Watch(tmp_path, "dimension", [[1.0, 1.0], [1.0]], there=3)
    watch.console = Console(file=stream, force_terminal=True, width=80)
    with watch:
        for said in ("sphere d=4", line(DONE, 10**6), line(FAILED)):
            Marker(tmp_path, 0)(said)
        time.sleep(0.6)
    shown = stream.getvalue()
    for what in ("5/6 records", "1 failed", "3 already there", "evaluations/s", "sphere d=4", "s left"):
        assert what in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", shown)


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
