"""``distance=`` stays a word of the command line, whatever the folders are called."""

import pytest

from experiments.words import canonical, measures, read
from heroism.errors import InputError


@pytest.mark.parametrize("typed, known", [
    ("distance=histogram", "measure=distance/histogram"), ("measure=budget", "measure=lemma/budget"),
    ("distance=[total_variation,budget]", "measure=[distance/total_variation,lemma/budget]"),
    ("distance=histogram,kernel", "measure=distance/histogram,distance/kernel"),
    ("distance=['histogram']", "measure=['distance/histogram']"),
    ("measure=[distance/histogram]", "measure=[distance/histogram]"), ("distance=[]", "measure=[]"),
    ("distance.histogram.bins=9", "measure.histogram.bins=9"),
    ("+distance.mine._target_=a.B", "+measure.mine._target_=a.B"),
    ("distance.histogram.name=histogram", "measure.histogram.name=histogram"), ("~distance", "~measure"),
    ("grid=karras", "schedule=karras"), ("grid.rho=5", "schedule.rho=5"), ("+grid.a=1", "+schedule.a=1"),
    ("gridded=1", "gridded=1"), ("sampler.grid=1", "sampler.grid=1"),
    ("distance=unheard_of", "measure=unheard_of"), ("distances=1", "distances=1"), ("d=4", "d=4"),
    ("target.distance=2", "target.distance=2"), ("-m", "-m")])
def test_an_override_as_hydra_knows_it(typed, known):
    assert canonical(typed) == known and canonical(known) == known


def test_names_are_told_apart_without_their_folder():
    files = list(measures().values())
    assert len(files) > 15 and len({file.rpartition("/")[2] for file in files}) == len(files)
    assert {file.partition("/")[0] for file in files} == {"distance", "lemma"}


def test_settings_and_folders_from_the_command_line(command):
    assert command("distance=[total_variation,histogram]", "distance.histogram.bins=7", T="32") == 0
    assert command("measure=[distance/total_variation,distance/histogram]", "measure.histogram.bins=7", T="32") == 0
    record, = command.records()
    assert record["config"]["measure"]["histogram"]["bins"] == 7 and record["deciding"] == "total_variation"


def test_a_table_says_how_many_levels_there_are(tmp_path):
    (tmp_path / "mine.csv").write_text("3.5\n2\n1\n")
    assert read(["grid=table", "grid.sigmas=[3,2,1]"])[-1] == "T=3"
    assert read(["schedule=table", f"schedule.flow={tmp_path / 'mine.csv'}"])[-1] == "T=3"
    assert read(["schedule=table", "schedule.sigmas=[3,2,1]", "T=5"])[-1] == "T=5"
    with pytest.raises(InputError, match="there is no such file"):
        read(["schedule.sigmas=nowhere.csv"])


@pytest.mark.parametrize("word", ["T=1_0", "particles=1_000", "target.variance=1_0.5"])
def test_numbers_with_underscores_are_refused(word):
    with pytest.raises(InputError, match="write numbers without underscores"):
        read([word])


def test_a_grid_and_a_schedule_are_the_same_thing():
    with pytest.raises(InputError, match="schedule = karras and rho: give it once"):
        read(["grid=karras", "schedule=rho"])


def test_names_that_people_know_from_the_command_line(command):
    assert command("sampler=dpmpp_2m", "grid=karras", "grid.rho=5", T="9") == 0
    record, = command.records()
    assert (record["sampler"], record["schedule"], record["evaluations"]) == ("dpmpp_2m", "karras", 8)
    assert record["config"]["schedule"]["rho"] == 5
