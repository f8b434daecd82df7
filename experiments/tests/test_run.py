"""One job and sweeps, as a user types them."""

import errno
import json
import math
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hydra.core.plugins import Plugins

from experiments import measure, sources, store
from experiments.paths import ROOT
from experiments.signals import ENDING
from heroism.measures import run
from heroism.record import SCHEMA
from heroism.samplers import Heroism

BASIC = "hydra/launcher=basic"


def stamps(command):
    return {path.name: path.stat().st_mtime_ns for path in (command.results / "raw").glob("*.json")}


def estimates(records):
    return {record["key"]: record["estimates"] for record in records}


def test_one_record_per_rung(command):
    assert command() == 0
    first, second = command.records()
    assert [first["T"], second["T"]] == [32, 48]
    assert [first["evaluations"], second["evaluations"]] == [Heroism(2, 2).evaluations(steps) for steps in (32, 48)]
    assert first["schema"] == SCHEMA and first["kind"] == "rung" and first["status"] == "done"
    names = ("target", "sampler", "schedule", "perturbation", "start", "deciding", "study")
    assert [first[name] for name in names] == ["sphere", "heroism", "paper", "none", "exact", "total_variation", None]
    assert [first[name] for name in ("d", "K", "N", "epsilon", "particles", "seed")] == [4, 2, 2, None, 8, 0]
    assert (first["ambient_dim"], first["reduced_dim"], first["order"]) == (4, 1, Heroism(2, 2).order)
    estimate = first["estimates"]["total_variation"]
    assert 0 < estimate["value"] < 1 and estimate["n"] == 8 and 0 < estimate["floor"] < 1e-9
    assert first["config"]["target"]["dim"] == 4 and "results" not in first["config"]
    assert first["seconds"] > 0 and first["versions"]["heroism"] and first["machine"]["cores"]
    assert "total_variation" in command.out and str(command.results / "raw") in command.out


def test_a_finished_record_is_kept_and_force_makes_it_again(command):
    command()
    before, known = stamps(command), command.records()
    assert command(T="[32,48,64]") == 0
    assert {name: stamps(command)[name] for name in before} == before and len(command.records()) == 3
    assert command("force=true") == 0
    assert all(stamps(command)[name] > stamp for name, stamp in before.items())
    assert estimates(known).items() <= estimates(command.records()).items()


def test_study_force_and_folders_do_not_enter_a_key_but_everything_else_does(command):
    command(T="32")
    for change in ({"seed": "1"}, {"particles": "9"}, {"d": "5"}, {"K": "3"}, {"start": "gaussian"},
                   {"sampler": "ddim"}, {"schedule.c1": "4.5"}, {"target.radius": "1.5"}, {"perturbation": "sine"}):
        before = len(command.records())
        assert command(T="32", **change) == 0
        assert len(command.records()) == before + 1, change
    before = stamps(command)
    for same in ({"T_max": "100"}, {"stop_below": "1e-9"}, {"smoke": "true"}):
        assert command(T="32", **same) == 0
    assert stamps(command) == before


def test_a_record_of_other_code_is_not_reused(command, monkeypatch):
    command(T="32")
    with monkeypatch.context() as patch:
        patch.setattr(sources, "digest", lambda config: "other code")
        assert command(T="32") == 0
    assert command(T="32") == 0
    first, second = command.records()
    assert "other code" in (first["code"], second["code"]) and first["code"] != second["code"]


def test_every_sampler_starts_from_the_same_noise(command, monkeypatch):
    starts = []

    def spy(sampler_map, particles, seed):
        starts.append(np.random.default_rng(seed).standard_normal(3).tolist())
        return original(sampler_map, particles, seed)

    original = run.populate
    monkeypatch.setattr(run, "populate", spy)
    command("-m", BASIC, "sampler=heroism,ddim,euler", "seed=0,1", T="32")
    assert len(starts) == 6 and len({tuple(start) for start in starts}) == 2


def test_a_broken_record_is_made_again(command):
    command()
    victim = next((command.results / "raw").iterdir())
    whole = json.loads(victim.read_text())
    for content in (victim.read_text()[:100], json.dumps({**whole, "estimates": {}}),
                    victim.read_text().replace('"value": 0.', '"value": 7.')):
        victim.write_text(content)
        assert command("-m", BASIC) == 0
        assert command.err.count(f"{victim}: ") == 1 and "set aside" in command.err
        assert json.loads(victim.read_text())["estimates"] == whole["estimates"]


def test_a_measured_number_that_is_impossible_is_a_failure_and_not_a_record(command, monkeypatch):
    def seven(*arguments):
        measured = original(*arguments)
        measured["estimates"]["total_variation"]["value"] = 7.0
        return measured

    original = measure.measure
    monkeypatch.setattr(measure, "measure", seven)
    assert command(T="32") == 1
    record, = command.records()
    assert record["status"] == "failed" and record["estimates"] == {}
    assert "estimates.total_variation.value = 7.0" in record["reason"] and record["reason"] in command.out


def test_paths_that_folded_or_diverged_are_printed_where_the_number_is(command, monkeypatch):
    command(T="32")
    assert "of the paths" not in command.out
    original = measure.measure
    monkeypatch.setattr(measure, "measure", lambda *arguments: original(*arguments) | {"folded": 0.25, "diverged": 0.5})
    assert command("force=true", T="32") == 0
    assert "folded 0.25 of the paths  diverged 0.5 of the paths" in command.out


def test_a_ladder_stops_below(command):
    assert command(T="[64,128,256]", stop_below="0.9") == 0
    assert [record["T"] for record in command.records()] == [64]
    assert command("-m", BASIC, T="[64,128,256]", stop_below="0.9") == 0
    assert [record["T"] for record in command.records()] == [64]


def test_paths_that_folded_stop_no_ladder_and_end_no_search(command, monkeypatch):
    original = measure.measure
    monkeypatch.setattr(measure, "measure",
                        lambda parts, T, *more: original(parts, T, *more) | {"folded": 0.25 * (T < 100)})
    assert command(T="[64,128,256]", stop_below="0.9") == 0
    assert [record["T"] for record in command.records()] == [64, 128]
    assert command(T="32", epsilon="0.9") == 0
    answer, = (record for record in command.records() if record["kind"] == "answer")
    assert answer["T"] == 100 and answer["folded"] == 0.0


def test_a_search_finds_the_smallest_number_of_steps(command):
    assert command(epsilon="1e-2", T="32", particles="64") == 0
    answer, = (record for record in command.records() if record["kind"] == "answer")
    rungs = {record["T"]: record["estimates"]["total_variation"]["value"] for record in command.records()
             if record["kind"] == "rung"}
    smallest = answer["T"]
    assert rungs[smallest] <= 1e-2 < rungs[smallest - 1]
    assert answer["rungs"] == sorted(rungs) and answer["epsilon"] == 1e-2
    assert answer["estimates"]["total_variation"]["value"] == rungs[smallest]
    before = stamps(command)
    assert command(epsilon="1e-2", T="32", particles="64") == 0
    assert stamps(command) == before


def test_an_epsilon_below_the_floor_is_a_failed_record(command):
    assert command(epsilon="1e-19", T="256") == 1
    answer, = (record for record in command.records() if record["kind"] == "answer")
    assert answer["status"] == "failed" and answer["T"] is None
    assert answer["reason"].startswith("epsilon = 1e-19 is below the floor")
    assert answer["reason"] in command.out


def test_an_epsilon_beyond_the_limit_is_a_failed_record(command):
    assert command(epsilon="1e-6", K="1", T="32", T_max="64") == 1
    reason = next(record["reason"] for record in command.records() if record["kind"] == "answer")
    assert "T_max = 64" in reason


def test_a_sweep_goes_on_after_a_failure_lists_it_and_tries_it_again(command):
    arguments = ("-m", BASIC, "d=3,4", "epsilon=1e-19,0.3")
    assert command(*arguments, T="256") == 1
    assert "4 jobs, 0 of them finished before" in command.err
    failures = [line for line in command.err.splitlines() if "below the floor" in line]
    assert len(failures) == 2 and any("d=3" in line and "epsilon=1e-19" in line for line in failures)
    assert sum(record["kind"] == "answer" and record["status"] == "done" for record in command.records()) == 2
    assert command(*arguments, T="256") == 1
    assert "4 jobs, 2 of them finished before" in command.err


def test_an_exception_is_a_failed_record_of_its_rung(command, monkeypatch):
    def fails_at_48(parts, T, particles, seed):
        if T == 48:
            raise ZeroDivisionError("on purpose")
        return original(parts, T, particles, seed)

    original = measure.measure
    with monkeypatch.context() as patch:
        patch.setattr(measure, "measure", fails_at_48)
        assert command("-m", BASIC, "d=3,4", T="[32,48,64]") == 1
    assert [(record["T"], record["status"]) for record in command.records() if record["d"] == 4] == [
        (32, "done"), (48, "failed"), (64, "done")]
    failed = command.records()[2]
    assert failed["reason"] == "ZeroDivisionError: on purpose" and "fails_at_48" in failed["traceback"]
    assert failed["estimates"] == {} and failed["evaluations"] is None
    assert "d=3" in command.err and "(T=48): ZeroDivisionError: on purpose" in command.err
    assert command("-m", BASIC, "d=3,4", T="[32,48,64]") == 0
    assert all(record["status"] == "done" for record in command.records())


class Dying:
    """A launcher that does the first ``good`` shares of what it is given and dies, as joblib does with a worker."""

    def __init__(self, good, context):
        self.good, self.launcher, self.handed = good, INSTANTIATE(Plugins.instance(), **context), []

    def launch(self, jobs, initial_job_idx):
        self.handed.append(len(jobs))
        self.launcher.launch(jobs[:self.good], initial_job_idx)
        raise RuntimeError("a worker was killed")


INSTANTIATE = Plugins.instantiate_launcher


@pytest.mark.parametrize("good, code, handed", [(1, 1, [5, 4, 3]), (2, 0, [5, 3, 1]), (0, 1, [5])])
def test_a_launcher_that_dies_loses_nothing(command, monkeypatch, good, code, handed):
    launchers = []
    with monkeypatch.context() as patch:
        patch.setattr(Plugins, "instantiate_launcher",
                      lambda plugins, **context: launchers.append(Dying(good, context)) or launchers[-1])
        patch.setattr("experiments.sweep.TOGETHER", 0.0)
        assert command("-m", BASIC, "seed=range(5)", T="32") == code
    (launcher,) = launchers
    assert launcher.handed == handed and len(command.records()) == min(3 * good, 5)
    assert command.err.count("a worker was killed") == len(handed)
    assert command.err.count("jobs are taken up again.") == len(handed) - 1
    assert ("records are still missing" in command.err) == bool(code)
    assert command("-m", BASIC, "seed=range(5)", T="32") == 0
    assert f"5 jobs, {min(3 * good, 5)} of them finished before" in command.err


@pytest.mark.parametrize("arguments", [(), ("-m", BASIC, "d=3,4")])
def test_a_sweep_stops_at_the_first_record_that_cannot_be_kept(command, monkeypatch, arguments):
    def full(path, text):
        if "estimates" in text and "T\": 48" in text:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, text)

    write = store.write
    with monkeypatch.context() as patch:
        patch.setattr(store, "write", full)
        assert command(*arguments) == 1
    said = (f"results = {command.results}: nothing can be written there (No space left on device): make room or permit "
            "it, or name another folder with results=DIR; what was kept before stays and the same command goes on "
            "where it stopped\n")
    assert said in command.err and command.err.count("No space") == 1
    assert [record["T"] for record in command.records()] == [32]
    assert command(*arguments) == 0


@pytest.mark.parametrize("arguments", [(), ("-m", BASIC, "d=3,4")])
def test_where_nothing_can_be_written_nothing_runs(command, monkeypatch, arguments):
    def forbidden(descriptor):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("experiments.measure.measure", lambda *arguments: 1 / 0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", forbidden)
        assert command(*arguments) == 2
    assert command.err.startswith(f"results = {command.results}: nothing can be written there (Permission denied)")
    assert command.err.count("\n") == 1 and not list(command.results.rglob("*.*"))
    command.results = command.results / "file"
    command.results.touch()
    assert command(*arguments) == 2
    assert command.err.startswith(f"results = {command.results}: ") and command.err.count("\n") == 1


@pytest.mark.parametrize("exit", [SystemExit(0), GeneratorExit(), KeyboardInterrupt()])
@pytest.mark.parametrize("arguments", [(), ("-m", BASIC)])
def test_an_exit_in_somebodys_own_code_is_a_failed_record(command, monkeypatch, arguments, exit):
    def leaves(sampler, *arguments):
        raise exit

    monkeypatch.setattr(Heroism, "transport", leaves)
    assert command(*arguments) == 1
    reason = repr(exit).removesuffix("()").replace("(0)", ": 0")
    assert [record["reason"] for record in command.records()] == [reason] * 2


@pytest.fixture
def heard():
    """Signals as a terminal leaves them, whatever the tests were started from: in the background some are ignored."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("arguments", [(), ("-m", BASIC)])
def test_signals_end_a_sweep_in_the_same_words(command, monkeypatch, heard, arguments, number):
    def told(parts, T, particles, seed):
        if T == 48:
            signal.raise_signal(number)
        return original(parts, T, particles, seed)

    original = measure.measure
    monkeypatch.setattr(measure, "measure", told)
    before = signal.getsignal(number)
    assert command(*arguments) == 128 + number
    assert command.err.endswith("Interrupted; the same command goes on where it stopped.\n")
    assert [record["T"] for record in command.records()] == [32] and signal.getsignal(number) == before


def test_a_signal_that_was_ignored_before_is_still_ignored(command, monkeypatch, heard):
    def told(*arguments):
        signal.raise_signal(signal.SIGHUP)
        return original(*arguments)

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    original = measure.measure
    monkeypatch.setattr(measure, "measure", told)
    assert command() == 0


def test_jobs_that_stand_for_the_same_records_run_once(command):
    assert command("-m", BASIC, "sampler=ddim", "K=1,2,3", "d=2,3") == 0
    assert "2 jobs" in command.err
    assert {record["K"] for record in command.records()} == {None}


def test_a_study_needs_a_sweep_and_a_sweep_only_one(bare):
    assert bare("study=dimension") == 2
    assert bare.err == "study = dimension: a study is a sweep: add -m in front\n"
    assert bare("-m", "study=dimension,accuracy") == 2
    assert bare.err == "study = dimension,accuracy: run one study at a time\n"


def test_results_do_not_depend_on_the_number_of_workers(command, tmp_path):
    arguments = ("-m", "d=3,4", "seed=0,1", "start=gaussian,exact")
    assert command(*arguments, BASIC) == 0
    alone = estimates(command.records())
    command.results = tmp_path / "two"
    assert command(*arguments, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2") == 0
    assert len(alone) == 16 and estimates(command.records()) == alone


def test_several_distances_on_one_ensemble(command):
    assert command("distance=[total_variation,sliced_wasserstein]", T="32") == 0
    record, = command.records()
    assert record["deciding"] == "total_variation"
    assert record["estimates"].keys() == {"total_variation", "sliced_wasserstein"}
    assert all(math.isfinite(estimate["value"]) for estimate in record["estimates"].values())


def test_new_data_under_an_old_name_is_another_experiment(command, tmp_path):
    data = tmp_path / "data.npy"
    for shift in (0.0, 1.0, 1.0):
        np.save(data, np.array([[0.0, 1.0], [1.0, 0.0], [shift, 2.0]]))
        assert command(f"target.points={data}", target="empirical", T="32") == 0
    assert len(command.records()) == 2


def test_the_command_line_from_anywhere(tmp_path):
    overrides = ["target=sphere", "d=3", "T=16", "particles=4", f"results={tmp_path}"]
    command = [sys.executable, "-m", "experiments.run", *overrides]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((tmp_path / "raw").iterdir())) == 1
    wrong = subprocess.run([*command, "K=0"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "K = 0: give a whole number of at least 1 and at most 64\n"
