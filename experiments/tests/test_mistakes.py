"""A user's mistake ends with one sentence that names argument, value and remedy, exit code 2, and nothing has run."""

import pytest

BASIC = "hydra/launcher=basic"

# what is typed -> how the sentence begins, and what it has to say
MISTAKES = {
    "K=0": ("K = 0:", "at least 1"),
    "K=2.5": ("K = 2.5:", "whole number"),
    "N=0": ("N = 0:", "at least 1"),
    "N=many": ("N = many:", "whole number"),
    "T=2": ("T = 2:", "at least 3"),
    "T=[32,2]": ("T = 2:", "at least 3"),
    "T=[]": ("T = []:", "[32,64,128]"),
    "T=4": ("T = 4:", "take more steps"),
    "d=0": ("d = 0:", "at least"),
    "d=four": ("d = four:", "whole number"),
    "particles=0": ("particles = 0:", "at least 1"),
    "particles=1e3.5": ("particles = 1e3.5:", "whole number"),
    "seed=-1": ("seed = -1:", "at least 0"),
    "epsilon=0": ("epsilon = 0:", "between 0 and 1"),
    "epsilon=1": ("epsilon = 1:", "between 0 and 1"),
    "epsilon=nan": ("epsilon = nan:", "between 0 and 1"),
    "epsilon=true": ("epsilon = True:", "between 0 and 1"),
    "stop_below=tiny": ("stop_below = tiny:", "between 0 and 1"),
    "T_max=1": ("T_max = 1:", "at least 3"),
    "report=maybe": ("report = maybe:", "true or false"),
    "force=maybe": ("force = maybe:", "true or false"),
    "schedule.c1=-1": ("c1 = -1:", "positive"),
    "sampler.spacing=even": ("spacing = even:", "equispaced"),
    "target=spere": ("target = spere:", "did you mean sphere?"),
    "sampler=herosim": ("sampler = herosim:", "did you mean heroism?"),
    "schedule=papper": ("schedule = papper:", "(did you mean paper?)"),
    "start=gausian": ("start = gausian:", "choose one of exact, gaussian, tail (did you mean gaussian?)"),
    "distance=total": ("distance = total:", "total_variation"),
    "distance=[]": ("measure = nothing:", "choose at least one"),
    "study=dimensions": ("study = dimensions:", "did you mean dimension?"),
    "hydra/launcher=slrum": ("hydra/launcher = slrum:", "joblib"),
    "~sampler": ("sampler = nothing:", "choose at least one"),
    "~d": ("config = target.dim:", "'d'"),
    "partciles=5": ("override = partciles:", "did you mean particles?"),
    "target.radus=2": ("override = target.radus:", "did you mean radius?"),
    "+target.colour=red": ("target = heroism.targets.Sphere:", "'colour'"),
    "target._target_=heroism.targets.Spere": ("target._target_ = heroism.targets.Spere:", "importable"),
    "T=[32": ("override = T=[32:", "name=value"),
    "d=2,4": ("d = 2,4:", "add -m"),
    "d=range(4,4)": ("d = range(4,4):", "add -m"),
    "target.radius=-1": ("radius = -1", "positive"),
    "+foo=1": ("override = foo:", "no such setting"),
    "=3": ("override = =3:", "name=value"),
    "target=null": ("target = nothing:", "choose at least one"),
    "start=3": ("start = 3:", "choose at least one"),
    "T=1e12": ("T = 1000000000000:", "at most"),
    "distance=[histogram] distance.histogram.bins=0": ("bins = 0:", "at least 2"),
    "distance=[sinkhorn] distance.sinkhorn.regularisation=0": ("regularisation = 0:", "positive"),
    "smoke=perhaps": ("smoke = perhaps:", "true or false"),
    "seed=1.5": ("seed = 1.5:", "whole number"),
    "force=1": ("force = 1:", "true or false"),
    "K=1000": ("K = 1000:", "at most 64"),
    "K=[1,2]": ("K = [1, 2]:", "add -m"),
    "N=[1,2]": ("N = [1, 2]:", "add -m"),
    "sampler=[ddim,euler]": ("sampler = several:", "choose one file"),
    "schedule=[paper]": ("schedule = several:", "choose one file"),
    "distance=[histogram,histogram]": ("distance = [distance/histogram,distance/histogram]:", "once"),
}


def nothing_ran(command):
    return not (command.results / "raw").exists()


@pytest.mark.parametrize("typed", MISTAKES)
def test_one_sentence_and_exit_code_2(command, typed):
    begins, says = MISTAKES[typed]
    assert command(*typed.split(" ")) == 2
    assert command.err.startswith(begins) and says in command.err, command.err
    assert command.err.count("\n") == 1 and command.out == ""
    assert nothing_ran(command)


@pytest.mark.parametrize("typed", ["K=1,0", "T=[32],[64,2]", "target=sphere,spere", "particles=5,0", "partciles=1,2",
                                   "d=3,0", "epsilon=0.5,2", "sampler=ddim,adm", "T=32,4", "seed=range(0)", "+foo=1,2",
                                   "distance=[kl],[kl,kl]", "sampler=[ddim],euler", "K=1,[2]", "K=1,1000"])
def test_a_sweep_is_checked_before_its_first_job(command, typed):
    assert command("-m", BASIC, typed) == 2
    assert command.err.count("\n") == 1 and command.out == ""
    assert nothing_ran(command)


@pytest.mark.parametrize("typed", ["K=0", "target=spere", "d=100", "partciles=5"])
def test_a_study_is_checked_before_its_first_job(bare, typed):
    assert bare("-m", BASIC, "study=dimension", "target=digits", "smoke=true", typed) == 2
    assert bare.err.count("\n") == 1
    assert nothing_ran(bare)


def test_whoever_wants_the_trace_gets_it(command, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    with pytest.raises(ValueError, match="K = 0"):
        command("K=0")


@pytest.mark.parametrize("multirun", [(), ("-m", BASIC)])
def test_a_name_is_given_once_and_results_are_somewhere(command, multirun):
    assert command(*multirun, "d=2", "d=4") == 2
    assert command.err == "d = 2 and 4: give it once; several values are written 1,2\n" and nothing_ran(command)
    command.results = ""
    assert command(*multirun) == 2
    assert command.err == "results = nothing: name a folder\n"


def test_unknown_flags_are_refused(command):
    assert command("--frobnicate") == 2
