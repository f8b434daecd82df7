"""Optional packages on the command line: without one a sweep leaves out what needs it, and a single run stops."""

import pytest

from heroism.samplers.external import extras

BASIC = "hydra/launcher=basic"


@pytest.fixture
def without_extras(monkeypatch):
    """As if no optional package was installed."""
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(extras, "import_module", missing)


def test_a_sweep_leaves_out_what_needs_a_missing_extra_and_says_so(command, without_extras):
    assert command("-m", BASIC, sampler="ddim,diffusers,diffrax", T="16") == 0
    assert [record["sampler"] for record in command.records()] == ["ddim"]
    assert "1 jobs are left out: sampler = diffusers: the package diffusers is missing" in command.err
    assert "pip install -e '.[diffrax]'" in command.err


def test_a_single_run_stops_with_the_command_that_installs_it(command, without_extras):
    assert command(sampler="diffusers", T="16") == 2
    assert "pip install -e '.[diffusers]'" in command.err and not command.records()


def test_a_scheduler_and_its_options_from_the_command_line(command):
    pytest.importorskip("diffusers", reason="the extra is not installed: pip install -e '.[diffusers]'")
    assert command(sampler="diffusers", scheduler="UniPCMultistepScheduler", schedule="log_snr", T="[8,16]",
                   **{"sampler.options.solver_order": "3"}) == 0
    first, second = command.records()
    assert first["scheduler"] == "UniPCMultistepScheduler" and first["order"] == 4
    assert (first["evaluations"], second["evaluations"]) == (7, 15)
    assert first["versions"]["diffusers"]
    assert command("+sampler.options.clip_sample=true", sampler="diffusers", scheduler="DDIMScheduler", T="8") == 2
    assert "not linear" in command.err
