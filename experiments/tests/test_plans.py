"""Which records belong to a study is said by its plan, and a poorer plan never takes the place of a better one."""

import subprocess
import sys

import pytest

from experiments import sweep
from experiments.paths import ROOT
from heroism.record import OWN, Record, read_plans

BASIC = "hydra/launcher=basic"
NARROW = (BASIC, "target=sphere", "d=3", "K=2", "T=[16]", "particles=8", "stop_below=null")


def plans(command):
    return read_plans(command.results / "raw")[0]


def files(command):
    return sorted(path.stem for path in (command.results / "raw" / "plans").iterdir())


def test_a_record_belongs_to_every_study_whose_plan_names_it(bare):
    for study in ("dimension", "accuracy"):
        assert bare("-m", f"study={study}", *NARROW) == 0
    keys = {record["key"] for record in bare.records()}
    assert all(record["study"] == "dimension" for record in bare.records())
    assert bare.members("accuracy") and bare.members("accuracy") < bare.members("dimension") == keys


def test_two_studies_at_once_on_shared_records_lose_nothing(tmp_path):
    command = [sys.executable, "-m", "experiments.run", "-m", *NARROW, f"results={tmp_path}"]
    both = [subprocess.Popen([*command, f"study={study}"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
            for study in ("dimension", "accuracy")]
    for process in both:
        _, error = process.communicate()
        assert process.returncode == 0, error
    records, broken = Record.read(tmp_path / "raw")
    found = read_plans(tmp_path / "raw")[0]
    assert not broken and {record.key for record in records} == set(found["dimension"].keys)
    assert set(found["accuracy"].keys) & set(found["dimension"].keys)


def test_a_narrowed_study_says_so_and_stays_beside_the_whole_one(bare):
    assert bare("-m", "study=accuracy", *NARROW) == 0
    assert bare("-m", "study=accuracy", *NARROW, "seed=1") == 0
    assert plans(bare)["accuracy"].partial and len(files(bare)) == 2
    assert bare.members("accuracy") == {record["key"] for record in bare.records()}
    assert bare("-m", "study=accuracy", *NARROW, "force=true", "report=true") == 0  # no narrower
    assert len(files(bare)) == 2 and all("~" in name for name in files(bare))


@pytest.mark.parametrize("first, last", [(("smoke=true",), False), ((), True)])
def test_the_tiny_version_never_takes_the_place_of_the_study(bare, monkeypatch, first, last):
    monkeypatch.setattr(sweep.Sweep, "_launch", lambda *arguments: None)  # nothing is run: plans are written before
    bare("-m", "study=floors", BASIC, *first)
    before = plans(bare)["floors"]
    bare("-m", "study=floors", BASIC, "smoke=true")
    assert not before.partial and plans(bare)["floors"].keys == before.keys
    assert (len(files(bare)) == 2) == last


def test_the_rungs_of_a_search_belong_to_its_plan(command):
    assert command("-m", BASIC, epsilon="1e-2", T="32", particles="64") == 0
    assert command.members() == {record["key"] for record in command.records()} and len(command.records()) > 2


def test_a_plan_is_written_when_everything_is_finished_before(command):
    arguments = ("-m", BASIC, "d=3,4")
    assert command(*arguments) == 0
    (command.results / "raw" / "plans" / f"{OWN}.json").unlink()
    assert command(*arguments) == 0
    assert len(command.members()) == 4


class Reports(list):
    """In place of subprocess.run: the commands that were called; ``ended`` is how each of them ends."""

    ended = subprocess.CompletedProcess([], 0, stdout="T  total variation\n", stderr="")

    def __call__(self, command, **settings):
        self.append(command)
        return self.ended


@pytest.fixture
def reports(monkeypatch):
    made = Reports()
    monkeypatch.setattr(sweep.subprocess, "run", made)
    return made


def test_a_question_of_ones_own_ends_in_its_own_report(command, reports):
    assert command("-m", BASIC, "d=3,4", report="true") == 0
    (called,) = reports
    assert called[1:] == ["-m", "analysis.report", OWN, "--results", str(command.results)]
    assert command.out.endswith("T  total variation\n")


def test_a_report_is_left_out_if_asked_for_after_a_study_and_without_records(command, bare, reports, monkeypatch):
    assert command("-m", BASIC, "d=3,4", report="false") == 0
    assert bare("-m", "study=accuracy", *NARROW, report="true") == 0
    assert "python -m analysis.report accuracy" in bare.err  # how to get it
    monkeypatch.setattr("experiments.measure.measure", lambda *arguments: 1 / 0)
    assert command("-m", BASIC, "seed=5", report="true") == 1
    assert not reports and "ZeroDivisionError" in command.err


def test_a_report_that_fails_costs_one_line(command, reports):
    reports.ended = subprocess.CompletedProcess([], 2, stdout="", stderr="Traceback\nValueError: on purpose\n")
    assert command("-m", BASIC, "d=3,4", report="true") == 0
    assert "No report (ValueError: on purpose)." in command.err and "Traceback" not in command.err
