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
    "--cfg nothing": ("flags = --cfg:", "invalid choice"),
    "--multirun --cfg job": ("flags = --multirun --cfg:", "one of them"),
    "hydra/sweeper=heroisms": ("hydra/sweeper = heroisms:", "did you mean heroism?"),
    "hydra.mode=FAST": ("override = hydra.mode:", "there is no such setting"),
    "--config-name=other": ("config = impossible:", "other"),
    "--config-dir=/nowhere": ("config = impossible:", "/nowhere"),
    "hydra.run.dir=/dev/null/x": ("folder = /dev/null/x:", "cannot be made"),
    "sampler=ddim_eta sampler.eta=full": ("eta = full:", "[0, 1]"),
    "sampler=churn sampler.churn=-1": ("churn = -1:", "at least 0"),
    "sampler=churn sampler.solver=hoin": ("solver = hoin:", "heun"),
    "sampler=restart sampler.high=0.9": ("high = 0.9:", "below low = 0.8"),
    "sampler=rk4 sampler.method=rk5": ("method = rk5:", "rk45"),
    "sampler=deis sampler.order=[1,2]": ("order = [1, 2]:", "whole number"),
    "sampler=solve_ivp sampler.method=RK99": ("method = RK99:", "RK45"),
    "sampler=python": ("sampler.function = None:", "mymodule.sample_mine"),
    "sampler=python sampler.function=nowhere.sample": ("plugins = nowhere:", "modules that Python finds"),
    "sampler=python sampler.function=heroism.tests.own_functions.nothing": ("sampler.function = ", "importable"),
    "sampler=composed sampler.sweep=never": ("sweep = never:", "gauss_seidel"),
    "target=gaussian_mixture target.weights=[1,1]": ("weights = array of shape (2,):", "sum to one"),
    "target=gaussian_mixture target.means=[[a]]": ("means = [['a']]:", "finite numbers"),
    "target=empirical target.points=/nowhere.csv": ("path = /nowhere.csv:", "no such file"),
    "target=empirical target.points=[[1,2],[3]]": ("points = [[1, 2], [3]]:", "one point per row"),
    "target=product_mixture target.variances=[-1,1]": ("variances = -1.0:", "negative"),
    "target=digits d=1000": ("d = 1000:", "64 pixels"),
    "target=linear_code target.code=foo": ("code = foo:", "golay"),
    "target.dim=null": ("d = None:", "whole number"),
    "target.radius=nan": ("radius = nan:", "positive"),
    "schedule=karras schedule.rho=-1": ("rho = -1:", "positive"),
    "schedule=log_snr schedule.tau_min=small": ("tau_min = small:", "strictly between 0 and 1"),
    "schedule=log_snr schedule.tau_min=0.9 schedule.tau_max=0.1": ("tau_min = 0.9:", "below tau_max"),
    "schedule=table schedule.sigmas=[1,2,2]": ("T = 32:", "levels"),
    "perturbation=sine perturbation.seed=-1": ("seed = -1:", "at least 0"),
    "perturbation=guided": ("target = Sphere:", "labelled_mixture"),
    "distance=wasserstein distance.wasserstein.points=0": ("points = 0:", "at least 2"),
    "distance=path_kl": ("sampler = Heroism:", "not described by its steps"),
    "distance.histogram.bins=3": ("override = measure.histogram.bins:", "no such setting"),
    "start=tail start.share=2": ("override = start.share:", "no such setting"),
    "plugins=3": ("plugins = 3:", "list of modules"),
    "plugins=[nowhere_at_all]": ("plugins = nowhere_at_all:", "modules that Python finds"),
    "particles=1e18": ("particles = 1e+18:", "at most"),
    "T=[[32]]": ("T = [32]:", "whole number"),
    "T={a:1}": ("config = impossible:", "T={a:1}"),
    "T=null": ("T = None:", "whole number"),
    "epsilon=1e-400": ("epsilon = 0.0:", "between 0 and 1"),
    "+d=3": ("override = d:", "no such setting"),
    "d=${nothing}": ("config = d:", "cannot be resolved"),
    "d=${d}": ("config = d:", "cannot be resolved"),
    "d=${oc.env:NOPE}": ("config = d:", "cannot be resolved"),
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
                                   "distance=[kl],[kl,kl]", "sampler=[ddim],euler", "K=1,[2]", "K=1,1000",
                                   "d=interval(1,4)", "d=glob(*)", "d=choice()", "hydra.launcher.n_jobs=0",
                                   "tasks=0", "study="])
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
