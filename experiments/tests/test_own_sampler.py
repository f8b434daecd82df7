"""A sampler of one's own on the command line, by its dotted path in the working directory."""

import os
import subprocess
import sys

import pytest

from experiments.paths import ROOT
from experiments.sources import digest
from experiments.vouch import spoken, vouch
from heroism.errors import InputError

EULER = """
def sample_mine(model, x, sigmas):
    for now, then in zip(sigmas[:-1], sigmas[1:]):
        x = x + (then - now) * (x - model(x, now)) / now
    return x
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory with a module of one's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as python -m does
    (tmp_path / "my_samplers_for_a_test.py").write_text(EULER)
    return tmp_path


def test_it_is_the_sampler_that_it_says_it_is(here, command):
    mine = "sampler.function=my_samplers_for_a_test.sample_mine"
    assert command("sampler=python", mine) == 0, command.err
    assert command("sampler=ddim") == 0
    names = {record["sampler"]: {} for record in command.records()}
    for record in command.records():
        names[record["sampler"]][record["T"]] = record["estimates"]["total_variation"]["value"]
    assert names["python"] == pytest.approx(names["ddim"], rel=1e-9)


def test_the_divergence_too(command):
    assert command("sampler=python", "sampler.function=heroism.tests.own_functions.step_ddim",
                   "distance=[total_variation,kl]") == 0, command.err
    assert all({"total_variation", "kl"} == record["estimates"].keys() for record in command.records())


@pytest.mark.parametrize("setting, said", [
    ("sampler.function=null", "dotted path"),
    ("sampler.function=no_module_at_all.mine", "plugins = no_module_at_all: give a list of modules"),
    ("sampler.function=heroism.tests.own_functions.nothing", "something importable"),
    ("sampler.function=''", "dotted path"),
    ("sampler.function=heroism.noise.NoiseLevel", "give a sampler")])
def test_a_path_that_leads_nowhere_is_one_sentence(command, setting, said):
    assert command("sampler=python", setting) == 2
    assert said in command.err and command.err.count("\n") == 1 and not command.records()


def test_a_file_that_names_a_function_runs_nothing(here, command):
    """Only the command line, or plugins, vouches for code: not a study, nor a sampler's YAML."""
    (here / "my_samplers_for_a_test.py").write_text("raise SystemExit('it was imported')")
    with pytest.raises(InputError, match="only classes of heroism are made"):
        vouch({"_target_": "heroism.samplers.external.named", "function": "my_samplers_for_a_test.sample_mine"}, "mine")


@pytest.mark.parametrize("settings, modules", [
    ({"sampler.function": "mine.sample"}, ["mine"]), ({"sampler.function": "mine.heun,a.b.euler"}, ["a.b", "mine"]),
    ({"sampler.inner.function": "'mine.sample'"}, ["mine"]), ({"sampler.function": "heroism.noise.paper_schedule"}, []),
    ({"sampler._target_": "mine.Sampler"}, []), ({"sampler.function": "null", "target": "sphere"}, [])])
def test_whose_functions_are_named_on_the_command_line(settings, modules):
    assert spoken(settings) == modules


def test_one_that_clips_leaves_a_failed_record_that_says_so(command):
    assert command("sampler=python", "sampler.function=heroism.tests.own_functions.shifted") == 1
    assert all("not linear" in record["reason"] for record in command.records())


def test_an_edit_makes_new_records_of_its_own_alone(tmp_path):
    """In fresh processes: a digest is made once a process."""
    job = {"sampler": {"_target_": "heroism.samplers.external.named", "function": "my_samplers_for_a_test.sample_mine"}}
    script = f"from experiments.sources import digest; print(digest({job}))"

    def fresh(source):
        (tmp_path / "my_samplers_for_a_test.py").write_text(source)
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
                              env={"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])})
        return done.stdout.strip()

    assert fresh(EULER) == fresh(f"# the same\n{EULER}") != fresh(EULER.replace("then - now", "0.9 * (then - now)"))


@pytest.mark.parametrize("function", [None, "", "heun", ".heun", "a b.c"])
def test_what_is_no_path_changes_no_digest(function):
    assert digest({"sampler": {"_target_": "heroism.samplers.Ddim", "function": function}}) == \
        digest({"sampler": {"_target_": "heroism.samplers.Ddim"}})
