"""Wrong calls of the Python API end in one sentence that names argument, value and remedy, before anything runs."""

import numpy as np
import pytest

import heroism as hs
from heroism.distances import histogram_total_variation, kl, sliced_wasserstein, total_variation, wasserstein
from heroism.errors import InputError
from heroism.map import Map
from heroism.rates import fit_rate
from heroism.transport import transport

TARGET, SAMPLER = hs.GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], 0.2), hs.Ddim()
SCORE, SCHEDULE = hs.ExactScore(TARGET), hs.log_snr_schedule(4, 0.1, 0.9)
POINTS = np.zeros((4, 2))
NOISY = hs.Ddpm()


def run(**changed):
    given = {"sampler": SAMPLER, "score": SCORE, "schedule": SCHEDULE, "particles": 4, "seed": 0} | changed
    return transport(**given)


def measured(**changed):
    return hs.measure(**{"sampler": SAMPLER, "target": TARGET, "steps": 4, "particles": 4} | changed)


def refuses(model, x, sigmas):
    raise AssertionError("this ran")


ENSEMBLE = run()
OTHER = hs.Sphere(3, 1.0)

# what is called -> the argument that the sentence names
WRONG = {
    # transport and maps
    "transport(particles=0)": ("particles", lambda: run(particles=0)),
    "transport(particles=2.5)": ("particles", lambda: run(particles=2.5)),
    "transport(particles='many')": ("particles", lambda: run(particles="many")),
    "transport(particles=None)": ("particles", lambda: run(particles=None)),
    "transport(particles=True)": ("particles", lambda: run(particles=True)),
    "transport(seed=-1)": ("seed", lambda: run(seed=-1)),
    "transport(seed='one')": ("seed", lambda: run(seed="one")),
    "transport(seed=1.5)": ("seed", lambda: run(seed=1.5)),
    "transport(seed=None)": ("seed", lambda: run(seed=None)),
    "transport(block=0)": ("block", lambda: run(block=0)),
    "transport(block=-3)": ("block", lambda: run(block=-3)),
    "transport(block=1.5)": ("block", lambda: run(block=1.5)),
    "transport(budget=0)": ("budget", lambda: run(budget=0)),
    "transport(budget='all')": ("budget", lambda: run(budget="all")),
    "transport(start='gausian')": ("start", lambda: run(start="gausian")),
    "transport(start=None)": ("start", lambda: run(start=None)),
    "transport(start=3)": ("start", lambda: run(start=3)),
    "transport(sampler=class)": ("sampler", lambda: run(sampler=hs.Ddim)),
    "transport(sampler=name)": ("sampler", lambda: run(sampler="ddim")),
    "transport(sampler=None)": ("sampler", lambda: run(sampler=None)),
    "transport(score=target)": ("score", lambda: run(score=TARGET)),
    "transport(score=function)": ("score", lambda: run(score=TARGET.score)),
    "transport(score=None)": ("score", lambda: run(score=None)),
    "transport(schedule=list)": ("schedule", lambda: run(schedule=[0.1, 0.5, 0.9])),
    "transport(schedule=number)": ("schedule", lambda: run(schedule=64)),
    "transport(schedule=name)": ("schedule", lambda: run(schedule="karras")),
    "transport(schedule=function)": ("schedule", lambda: run(schedule=hs.paper_schedule)),
    "transport(swapped)": ("sampler", lambda: transport(SCORE, SAMPLER, SCHEDULE, 4, 0)),
    "transport(swapped schedule)": ("score", lambda: transport(SAMPLER, SCHEDULE, SCORE, 4, 0)),
    "Map(sampler=None)": ("sampler", lambda: Map(None, SCORE, SCHEDULE)),
    "Map(points of another dimension)": ("z", lambda: Map(SAMPLER, SCORE, SCHEDULE)(np.zeros((4, 3)))),
    "Map(points in a row)": ("z", lambda: Map(SAMPLER, SCORE, SCHEDULE)(np.zeros(2))),
    "Map(block=0)": ("block", lambda: Map(SAMPLER, SCORE, SCHEDULE)(POINTS, block=0)),
    # measure and compare
    "measure(particles=0)": ("particles", lambda: measured(particles=0)),
    "measure(particles=[4])": ("particles", lambda: measured(particles=[4])),
    "measure(seed=-1)": ("seed", lambda: measured(seed=-1)),
    "measure(seed=None)": ("seed", lambda: measured(seed=None)),
    "measure(steps=0)": ("steps", lambda: measured(steps=0)),
    "measure(steps=[])": ("steps", lambda: measured(steps=[])),
    "measure(steps=None)": ("steps", lambda: measured(steps=None)),
    "measure(steps='8')": ("steps", lambda: measured(steps="8")),
    "measure(steps=[8, 2.5])": ("steps", lambda: measured(steps=[8, 2.5])),
    "measure(steps=[[8]])": ("steps", lambda: measured(steps=[[8]])),
    "measure(schedule='kerras')": ("schedule", lambda: measured(schedule="kerras")),
    "measure(schedule=3)": ("schedule", lambda: measured(schedule=3)),
    "measure(schedule=None)": ("schedule", lambda: measured(schedule=None)),
    "measure(schedule=function of nothing)": ("schedule", lambda: measured(schedule=lambda: SCHEDULE)),
    "measure(schedule=function of a list)": ("schedule", lambda: measured(schedule=lambda T: [0.1, 0.9])),
    "measure(start='exat')": ("start", lambda: measured(start="exat")),
    "measure(target=class)": ("target", lambda: measured(target=hs.Sphere)),
    "measure(target='sphere')": ("target", lambda: measured(target="sphere")),
    "measure(target=points)": ("target", lambda: measured(target=POINTS)),
    "measure(sampler='ddimm')": ("sampler", lambda: measured(sampler="ddimm")),
    "measure(sampler=3)": ("sampler", lambda: measured(sampler=3)),
    "measure(sampler=None)": ("sampler", lambda: measured(sampler=None)),
    "measure(sampler=class)": ("sampler", lambda: measured(sampler=hs.Ddim)),
    "measure(swapped)": ("sampler", lambda: hs.measure(TARGET, SAMPLER, steps=4)),
    "measure(score of another target)": ("score", lambda: measured(score=hs.ExactScore(OTHER))),
    "measure(score=target)": ("score", lambda: measured(score=TARGET)),
    "measure(kind='stepp')": ("kind", lambda: measured(sampler=refuses, kind="stepp")),
    "measure(array='jaxx')": ("array", lambda: measured(sampler=refuses, array="jaxx")),
    "measure(function of nothing)": ("sampler", lambda: measured(sampler=lambda: None)),
    "compare([])": ("samplers", lambda: hs.compare([], TARGET)),
    "compare(name)": ("samplers", lambda: hs.compare("ddim", TARGET)),
    "compare(one)": ("samplers", lambda: hs.compare(SAMPLER, TARGET)),
    "compare(None)": ("samplers", lambda: hs.compare(None, TARGET)),
    "compare([3])": ("sampler", lambda: hs.compare([3], TARGET)),
    "assert_order(noisy)": ("sampler", lambda: hs.testing.assert_order(NOISY, 1)),
    "assert_order('one')": ("order", lambda: hs.testing.assert_order(SAMPLER, "one")),
    "assert_order(sampler=3)": ("sampler", lambda: hs.testing.assert_order(3, 1)),
    "assert_order(tolerance=-1)": ("tolerance", lambda: hs.testing.assert_order(SAMPLER, 1, tolerance=-1)),
    # distances
    "total_variation(another target)": ("target", lambda: total_variation(ENSEMBLE, hs.Sphere(2, 1.0))),
    "total_variation(another dimension)": ("target", lambda: total_variation(
        ENSEMBLE, hs.GaussianMixture([[0.0] * 3], 1.0))),
    "total_variation(target=None)": ("target", lambda: total_variation(ENSEMBLE, None)),
    "total_variation(swapped)": ("ensemble", lambda: total_variation(TARGET, ENSEMBLE)),
    "total_variation(noisy)": ("distance", lambda: total_variation(run(sampler=NOISY), TARGET)),
    "kl(noisy)": ("distance", lambda: kl(run(sampler=NOISY), TARGET)),
    "kl(another target)": ("target", lambda: kl(ENSEMBLE, hs.Sphere(2, 1.0))),
    "kl(swapped)": ("ensemble", lambda: kl(TARGET, ENSEMBLE)),
    "wasserstein(other columns)": ("x", lambda: wasserstein(POINTS, np.zeros((4, 3)), POINTS)),
    "wasserstein(lists of words)": ("x", lambda: wasserstein([["a"]], POINTS)),
    "sliced_wasserstein(NaN)": ("x", lambda: sliced_wasserstein(POINTS * np.nan, POINTS)),
    "sliced_wasserstein(directions)": ("directions", lambda: sliced_wasserstein(POINTS, POINTS, POINTS)),
    "histogram(bins=0)": ("bins", lambda: histogram_total_variation(POINTS, POINTS, bins=0)),
    # targets
    "Sphere(d=1)": ("d", lambda: hs.Sphere(1, 1.0)),
    "Sphere(d='two')": ("d", lambda: hs.Sphere("two", 1.0)),
    "Sphere(d=None)": ("d", lambda: hs.Sphere(None, 1.0)),
    "Sphere(d=[2])": ("d", lambda: hs.Sphere([2], 1.0)),
    "Sphere(radius=-1)": ("radius", lambda: hs.Sphere(3, -1.0)),
    "Sphere(radius=[1])": ("radius", lambda: hs.Sphere(3, [1.0, 2.0])),
    "Sphere(radius=None)": ("radius", lambda: hs.Sphere(3, None)),
    "Sphere(swapped)": ("d", lambda: hs.Sphere(0.5, 3)),
    "Circle(nan)": ("radius", lambda: hs.Circle(float("nan"))),
    "Hypercube(d=0)": ("d", lambda: hs.Hypercube(0)),
    "Hypercube(half_width=0)": ("half_width", lambda: hs.Hypercube(3, 0.0)),
    "Hypercube(half_width='wide')": ("half_width", lambda: hs.Hypercube(3, "wide")),
    "HypercubeVertices(d=2.5)": ("d", lambda: hs.HypercubeVertices(2.5)),
    "GaussianMixture(row)": ("means", lambda: hs.GaussianMixture([0.0, 1.0], 0.1)),
    "GaussianMixture(ragged)": ("means", lambda: hs.GaussianMixture([[0.0], [1.0, 2.0]], 0.1)),
    "GaussianMixture(None)": ("means", lambda: hs.GaussianMixture(None, 0.1)),
    "GaussianMixture(words)": ("means", lambda: hs.GaussianMixture("abc", 0.1)),
    "GaussianMixture([])": ("means", lambda: hs.GaussianMixture([], 0.1)),
    "GaussianMixture(negative)": ("covariances", lambda: hs.GaussianMixture([[0.0]], -1.0)),
    "GaussianMixture(asymmetric)": ("covariances", lambda: hs.GaussianMixture(
        [[0.0, 0.0]], [[[1.0, 2.0], [0.0, 1.0]]])),
    "GaussianMixture(indefinite)": ("covariances", lambda: hs.GaussianMixture(
        [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]])),
    "GaussianMixture(weights=[1, 1])": ("weights", lambda: hs.GaussianMixture([[0.0], [1.0]], 0.1, [1.0, 1.0])),
    "GaussianMixture(weights=[2, -1])": ("weights", lambda: hs.GaussianMixture([[0.0], [1.0]], 0.1, [2.0, -1.0])),
    "GaussianMixture(complex)": ("means", lambda: hs.GaussianMixture([[1j]], 0.1)),
    "ProductMixture(table)": ("means", lambda: hs.ProductMixture([[0.0]], [1.0], dim=3)),
    "ProductMixture(dim=0)": ("d", lambda: hs.ProductMixture([0.0], [1.0], dim=0)),
    "ProductMixture(dim='8')": ("d", lambda: hs.ProductMixture([0.0], [1.0], dim="eight")),
    "ScaleMixture(variances=[-1])": ("variances", lambda: hs.ScaleMixture(3, [-1.0])),
    "ScaleMixture(swapped)": ("d", lambda: hs.ScaleMixture([1.0, 2.0], 3)),
    "StudentT(0)": ("degrees_of_freedom", lambda: hs.StudentT(3, 0.0)),
    "Embedded(number)": ("target", lambda: hs.Embedded(3, 8)),
    "Embedded(smaller)": ("ambient_dim", lambda: hs.Embedded(TARGET, 1)),
    "Embedded(words)": ("ambient_dim", lambda: hs.Embedded(TARGET, "big")),
    "Empirical([])": ("points", lambda: hs.Empirical([])),
    "Empirical(row)": ("points", lambda: hs.Empirical([1.0, 2.0])),
    "Empirical(NaN)": ("points, row 1, column 1", lambda: hs.Empirical([[np.nan, 1.0]])),
    "Empirical(3)": ("points", lambda: hs.Empirical(3)),
    "Torus(radius=0)": ("radii", lambda: hs.Torus(0.0, 3)),
    "Simplex(d=0)": ("d", lambda: hs.Simplex(0)),
    "CrossPolytope(d=None)": ("d", lambda: hs.CrossPolytope(None)),
    "RandomCodebook(rate=-1)": ("rate", lambda: hs.RandomCodebook(16, -1.0)),
    "RandomTree()": ("d", lambda: hs.RandomTree(0)),
    "check_target(class)": ("target", lambda: hs.check_target(hs.Sphere)),
    # levels and schedules
    "NoiseLevel('a')": ("alpha_bar", lambda: hs.NoiseLevel("a", 0.5)),
    "NoiseLevel(None)": ("alpha_bar", lambda: hs.NoiseLevel(None, 0.5)),
    "NoiseLevel(0.5, 0.6)": ("alpha_bar + tau", lambda: hs.NoiseLevel(0.5, 0.6)),
    "NoiseLevel.from_tau(1)": ("tau", lambda: hs.NoiseLevel.from_tau(1.0)),
    "NoiseLevel.from_tau('a')": ("tau", lambda: hs.NoiseLevel.from_tau("a")),
    "NoiseSchedule(lists)": ("tau", lambda: hs.NoiseSchedule(np.array([0.9, 0.5]), np.array([0.5, 0.1]))),
    "NoiseSchedule(numbers)": ("tau", lambda: hs.NoiseSchedule(0.9, 0.1)),
    "NoiseSchedule(one)": ("T", lambda: hs.NoiseSchedule(np.array([0.9]), np.array([0.1]))),
    "paper_schedule(2)": ("T", lambda: hs.paper_schedule(2)),
    "paper_schedule('64')": ("T", lambda: hs.paper_schedule("64")),
    "paper_schedule(None)": ("T", lambda: hs.paper_schedule(None)),
    "paper_schedule(c0='two')": ("c0", lambda: hs.paper_schedule(64, c0="two")),
    "paper_schedule(c1=50)": ("T", lambda: hs.paper_schedule(64, c1=50.0)),
    "log_snr_schedule(swapped)": ("tau_min", lambda: hs.log_snr_schedule(8, 0.9, 0.1)),
    "log_snr_schedule(tau_min=0)": ("tau_min", lambda: hs.log_snr_schedule(8, 0.0, 0.9)),
    "log_snr_schedule(tau_max='a')": ("tau_max", lambda: hs.log_snr_schedule(8, 0.1, "a")),
    "log_snr_schedule(T first)": ("T", lambda: hs.log_snr_schedule(0.1, 0.9, 8)),
    "rho_schedule(rho=0)": ("rho", lambda: hs.rho_schedule(8, 0.1, 0.9, rho=0)),
    "rho_schedule(None)": ("tau_min", lambda: hs.rho_schedule(8, None, 0.9)),
    "uniform_time_schedule(duration=-1)": ("duration", lambda: hs.uniform_time_schedule(8, duration=-1)),
    "uniform_time_schedule(tau_min='a')": ("tau_min", lambda: hs.uniform_time_schedule(8, tau_min="a")),
    "table_schedule()": ("schedule", lambda: hs.table_schedule(3)),
    # samplers
    "Heroism(points=0)": ("K", lambda: hs.Heroism(points=0)),
    "Heroism(points=[1, 2])": ("K", lambda: hs.Heroism(points=[1, 2])),
    "Heroism(points='three')": ("K", lambda: hs.Heroism(points="three")),
    "Heroism(refinements=-1)": ("N", lambda: hs.Heroism(points=2, refinements=-1)),
    "Heroism(spacing='even')": ("spacing", lambda: hs.Heroism(points=2, spacing="even")),
    "RungeKutta('huen')": ("method", lambda: hs.RungeKutta("huen")),
    "RungeKutta(4)": ("method", lambda: hs.RungeKutta(4)),
    "ExponentialAdams(0)": ("order", lambda: hs.ExponentialAdams(0)),
    "ExponentialAdams('two')": ("order", lambda: hs.ExponentialAdams("two")),
    "UniPC(99)": ("points", lambda: hs.UniPC(99)),
    "DdimEta(-1)": ("eta", lambda: hs.DdimEta(-1.0)),
    "DdimEta('full')": ("eta", lambda: hs.DdimEta("full")),
    "Churn('much')": ("churn", lambda: hs.Churn("much")),
    "SdeDpmSolver(7)": ("order", lambda: hs.SdeDpmSolver(7)),
    "as_sampler('nobody')": ("sampler", lambda: hs.as_sampler("nobody")),
    "as_sampler([])": ("sampler", lambda: hs.as_sampler([])),
    # scores
    "ExactScore(3)": ("target", lambda: hs.ExactScore(3)),
    "ExactScore(class)": ("target", lambda: hs.ExactScore(hs.Sphere)),
    "PerturbedScore(amplitude=-1)": ("amplitude", lambda: hs.PerturbedScore(TARGET, -1.0)),
    "PerturbedScore(amplitude='a')": ("amplitude", lambda: hs.PerturbedScore(TARGET, "a")),
    "PerturbedScore(seed=-1)": ("seed", lambda: hs.PerturbedScore(TARGET, 0.1, seed=-1)),
    "PerturbedScore(swapped)": ("target", lambda: hs.PerturbedScore(0.1, TARGET)),
    "GuidedScore(unlabelled)": ("target", lambda: hs.GuidedScore(TARGET, 2.0)),
    # rates
    "fit_rate(lengths)": ("y", lambda: fit_rate([0.1, 0.2], [0.1])),
    "fit_rate(table)": ("x", lambda: fit_rate([[0.1, 0.2]], [0.1, 0.2])),
    "fit_rate(words)": ("x", lambda: fit_rate(["a", "b"], [0.1, 0.2])),
}


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_ends_in_one_sentence(call):
    argument, wrong = WRONG[call]
    with pytest.raises(InputError) as caught:
        wrong()
    assert caught.value.argument == argument and "\n" not in str(caught.value)
