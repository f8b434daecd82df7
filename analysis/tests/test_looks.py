"""Names, colours and marks: decided in one place, the same everywhere, for known labels and for new ones."""

from pathlib import Path

import pytest

from analysis import looks
from analysis.looks import is_ours, method_name

SAMPLERS = sorted(path.stem for path in (Path(__file__).parents[2] / "conf" / "sampler").glob("*.yaml"))


@pytest.mark.parametrize("row, name", [
    ({"sampler": "unipc", "variant": "points=3 startup=order_keeping", "schedule": "log_snr", "K": None},
     "UniPC, points=3, order keeping"),
    ({"sampler": "heroism", "variant": "", "schedule": "log_snr", "K": 3}, "HEROISM, K=3"),
    ({"sampler": "heun", "variant": None, "schedule": "rho", "K": None}, "Heun (EDM)"),
    ({"sampler": "dpm_solver_pp", "variant": "order=2", "schedule": "rho", "K": None}, "DPM-Solver++, order=2, rho"),
    ({"sampler": "diffusers", "variant": "options.solver_order=3 scheduler=UniPCMultistepScheduler",
      "schedule": "log_snr", "K": None}, "diffusers UniPCMultistep, solver order=3"),
    ({"sampler": "diffusers", "variant": "options.solver_order=None scheduler=DDIMScheduler", "schedule": "log_snr",
      "K": None}, "diffusers DDIM"),
    ({"sampler": "of_my_own", "variant": "", "schedule": "log_snr", "K": None}, "of my own"),
])
def test_names(row, name):
    assert method_name(row) == name


def test_whose_sampler_it_is():
    assert is_ours("heroism") and is_ours("heroism_frugal") and is_ours("composed")
    assert not is_ours("unipc") and not is_ours("diffusers")


def test_looks_written_down_are_told_apart():
    groups = {"families": ["product_mixture", "scale_mixture", "low_rank_mixture", "hypercube", "sphere", "digits"],
              "K": [f"K={K}" for K in range(1, 7)], "samplers": ["heroism", "euler", "ddim", "ddpm"]}
    for labels in groups.values():
        found = [looks.look(label) for label in labels]
        assert len({look["color"] for look in found}) == len({look["marker"] for look in found}) == len(labels)


def test_no_two_samplers_look_alike():
    found = [tuple(looks.look(sampler).values()) for sampler in SAMPLERS]
    assert len(set(found)) == len(SAMPLERS)


def test_a_new_label_always_looks_the_same_and_like_no_known_one():
    assert looks.look("a new family") == looks.look("a new family") != looks.look("another new family")
    known = [looks.look(label) for label in looks.KNOWN]
    assert all(looks.look(f"sampler_{i}") not in known for i in range(500))


@pytest.mark.parametrize("label, words", [
    ("low_rank_mixture", "low-rank mixture"), ("sphere", "sphere"), ("of_my_own", "of my own"),
    ("low_rank_mixture, start=gaussian", "low-rank mixture, start=gaussian"), ("heroism_frugal", "HEROISM frugal")])
def test_labels_in_words(label, words):
    assert looks.name(label) == words


def test_no_two_samplers_are_called_alike():
    assert not looks.KNOWN.keys() & looks.NAMES.keys()
    assert len({looks.name(label) for label in SAMPLERS}) == len(SAMPLERS)
