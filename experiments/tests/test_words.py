"""``distance=`` stays a word of the command line, whatever the folders are called."""

import pytest

from experiments.words import canonical, measures


@pytest.mark.parametrize("typed, known", [
    ("distance=histogram", "measure=distance/histogram"), ("measure=budget", "measure=lemma/budget"),
    ("distance=[total_variation,budget]", "measure=[distance/total_variation,lemma/budget]"),
    ("distance=histogram,kernel", "measure=distance/histogram,distance/kernel"),
    ("distance=['histogram']", "measure=['distance/histogram']"),
    ("measure=[distance/histogram]", "measure=[distance/histogram]"), ("distance=[]", "measure=[]"),
    ("distance.histogram.bins=9", "measure.histogram.bins=9"),
    ("+distance.mine._target_=a.B", "+measure.mine._target_=a.B"),
    ("distance.histogram.name=histogram", "measure.histogram.name=histogram"), ("~distance", "~measure"),
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
