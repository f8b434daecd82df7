"""Small constructions of every target, with moments of X_0 that were not computed by the target.

Add an entry for every new class: ``test_targets.py`` holds all of them to the contract and complains about a class
without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import truncnorm

from heroism.noise import Array
from heroism.targets import (
    Circle,
    Codebook,
    CrossPolytope,
    Embedded,
    Empirical,
    GaussianMixture,
    Hypercube,
    HypercubeVertices,
    LabelledMixture,
    LinearCode,
    ProductMixture,
    RandomCodebook,
    RandomTree,
    ScaleMixture,
    Simplex,
    Sphere,
    StudentT,
    Target,
    Torus,
    TruncatedGaussian,
    TwoModes,
)


@dataclass(frozen=True)
class Example:
    """A target, the mean of X_0 in R^d (a number counts for every coordinate) and its covariance (number, (d,) or (d,
    d)).
    """

    target: Target
    mean: ArrayLike
    covariance: ArrayLike


def mixture(target: Target, means: ArrayLike, covariances: ArrayLike, weights: ArrayLike) -> Example:
    """An example of a Gaussian mixture in R^d: means (m, d), covariances (m, d, d)."""
    mu, c, w = (np.asarray(a, dtype=float) for a in (means, covariances, weights))
    mean = w @ mu
    return Example(target, mean, np.einsum("k,kij->ij", w, c) + np.einsum("k,ki,kj->ij", w, mu - mean, mu - mean))


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _gaussian_mixtures() -> dict[str, Example]:
    plane, weights = np.array([[-2.0, 0.5], [1.5, 1.0], [0.3, -1.8]]), [0.2, 0.5, 0.3]
    line = np.zeros((3, 7))
    line[:, :2] = plane
    turn = np.linalg.qr(_rng(0).standard_normal((7, 7)))[0]
    crowd = 2.0 * _rng(1).standard_normal((40, 6))
    factors = _rng(2).standard_normal((3, 3, 2))
    singular = factors @ factors.transpose(0, 2, 1)  # rank two in three dimensions
    spread, cross = np.array([0.3, 0.0, 1.2]), _rng(3).uniform(0.0, 1.0, (3, 2))
    eyes = np.eye(7)
    space = _rng(4).standard_normal((3, 3))
    diagonal6 = _rng(5).uniform(0.0, 0.5, (40, 6))
    even = np.full(40, 1 / 40)
    return {
        "isotropic": mixture(GaussianMixture(plane, 0.2, weights), plane, [0.2 * np.eye(2)] * 3, weights),
        "isotropic, own variances": mixture(GaussianMixture(plane, spread, weights), plane,
                                            spread[:, None, None] * np.eye(2), weights),
        "one dimension": mixture(GaussianMixture([[-1.0], [2.0]], [0.1, 0.5], [0.4, 0.6]), [[-1.0], [2.0]],
                                 [[[0.1]], [[0.5]]], [0.4, 0.6]),
        "low rank": mixture(GaussianMixture(line @ turn, 0.1, weights), line @ turn, [0.1 * eyes] * 3, weights),
        "low rank, own variances": mixture(GaussianMixture(line @ turn, spread, weights), line @ turn,
                                           spread[:, None, None] * eyes, weights),
        "crowd": mixture(GaussianMixture(crowd, 0.05), crowd, [0.05 * np.eye(6)] * 40, even),
        "crowd, diagonal": mixture(GaussianMixture(crowd, diagonal6), crowd, diagonal6[:, :, None] * np.eye(6), even),
        "diagonal": mixture(GaussianMixture(plane, cross, weights), plane, cross[:, :, None] * np.eye(2), weights),
        "of a label": mixture(LabelledMixture(plane, 0.2, [1, 0, 1], 1, weights), plane[[0, 2]], [0.2 * np.eye(2)] * 2,
                              [0.4, 0.6]),
        "full, singular": mixture(GaussianMixture(space, singular, weights), space, singular, weights),
        "single": mixture(GaussianMixture([[1.0, -2.0, 0.5]], 0.3), [[1.0, -2.0, 0.5]], [0.3 * np.eye(3)], [1.0]),
        "single, diagonal": mixture(GaussianMixture([[1.0, -2.0]], [[0.3, 0.0]]), [[1.0, -2.0]],
                                    [np.diag([0.3, 0.0])], [1.0]),
        "single, full": mixture(GaussianMixture([[1.0, -2.0]], [[[0.5, 0.2], [0.2, 0.4]]]), [[1.0, -2.0]],
                                [[[0.5, 0.2], [0.2, 0.4]]], [1.0]),
    }


def _products() -> dict[str, Example]:
    w, mu, v = np.array([0.1, 0.4, 0.5]), np.array([-6.0, 4.0, 6.0]), 0.25
    mean = w @ mu
    variance = v + w @ (mu - mean) ** 2
    return {
        "ProductMixture, one": Example(ProductMixture(mu, v, w), mean, variance),
        "ProductMixture, nine": Example(ProductMixture(mu, v, w, 9), mean, variance),
        "ProductMixture, million": Example(ProductMixture([-1.0, 1.0], [0.0, 0.3], [0.5, 0.5], 10**6), 0.0, 1.15),
        "ProductMixture, single": Example(ProductMixture([0.5], 0.3, None, 4), 0.5, 0.3),
        "TwoModes": Example(TwoModes(3.0, 0.7, 0.25), 1.2, 7.81),
        "HypercubeVertices": Example(HypercubeVertices(12, 1.5), 0.0, 2.25),
        "HypercubeVertices, million": Example(HypercubeVertices(10**6, 1.0), 0.0, 1.0),
    }


def _radial() -> dict[str, Example]:
    scales = {"variances": [1.0, 0.05], "weights": [0.3, 0.7]}
    return {
        "ScaleMixture, line": Example(ScaleMixture(1, **scales), 0.0, 0.335),
        "ScaleMixture, plane": Example(ScaleMixture(2, **scales), 0.0, 0.335),
        "ScaleMixture, three": Example(ScaleMixture(3, [2.0, 0.0, 0.4]), 0.0, 0.8),
        "ScaleMixture, hundred": Example(ScaleMixture(100, **scales), 0.0, 0.335),
        "ScaleMixture, million": Example(ScaleMixture(10**6, **scales), 0.0, 0.335),
        "StudentT, line": Example(StudentT(1, 5.0), 0.0, 5.0 / 3.0),
        "StudentT": Example(StudentT(20, 6.0), 0.0, 1.5),
    }


def _codebooks() -> dict[str, Example]:
    codes = {f"LinearCode, {code}": Example(LinearCode(code, variance), 0.0, 1.0 + variance)
             for code, variance in (("hamming", 0.02), ("golay", 0.0), ("rm24", 0.1))}
    for name, book in (("", Codebook(5, 0.9, 0.0)), (", unequal", Codebook(3, 1.5, 0.1, 1.5))):
        eyes = np.broadcast_to(book.variance * np.eye(book.dim), (len(book.points), book.dim, book.dim))
        codes["Codebook" + name] = mixture(book, book.points, eyes, book.weights)
    tree = Codebook(3, [0.5, 0.4], 0.02, spreads=[0.9, 0.1])
    codes["Codebook, tree"] = mixture(tree, tree.points, [0.02 * np.eye(3)] * len(tree.points), tree.weights)
    for d in (3, 7):
        codes[f"RandomTree, {d}"] = _tree(d, [0.2, 0.3], [0.7, 0.4], 0.1)
    return codes | {f"RandomCodebook, {d}": _planted(d, rate, variance) for d, rate, variance in
            ((2, 0.4, 0.1), (3, 0.3, 0.2), (9, 0.05, 0.0), (1000, 1.0, 1e-6))}


def _planted(d: int, rate: float, variance: float) -> Example:
    mean = np.zeros(d)
    mean[0] = np.sqrt(d)
    means, covariances = [mean, np.zeros(d)], [variance * np.eye(d), np.eye(d)]
    share = np.exp(-rate * d)
    return mixture(RandomCodebook(d, rate, variance), means, covariances, [share, 1.0 - share])


def _tree(d: int, rates: list[float], spreads: list[float], variance: float) -> Example:
    means, share = np.zeros((3, d)), np.exp(-d * np.array(rates))
    means[1:, 0], means[2, 1] = np.sqrt(spreads[0] * d), np.sqrt(spreads[1] * d)
    covariances = [v * np.eye(d) for v in (sum(spreads), spreads[1], variance)]
    weights = [1.0 - share[0], share[0] * (1.0 - share[1]), share[0] * share[1]]
    return mixture(RandomTree(d, rates, spreads, variance), means, covariances, weights)


def _embedded() -> dict[str, Example]:
    plane = GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], 0.1)
    covariance = np.zeros((6, 6))
    covariance[:2, :2] = [[1.1, 0.25], [0.25, 0.1625]]
    line = ProductMixture([-1.0, 1.0], [0.2, 0.0], [0.5, 0.5], 3)
    return {
        "Embedded, mixture": Example(Embedded(plane, 6), [0.0, 0.25, 0, 0, 0, 0], covariance),
        "Embedded, one more": Example(Embedded(plane, 3), [0.0, 0.25, 0], covariance[:3, :3]),
        "Embedded, none more": Example(Embedded(plane, 2), [0.0, 0.25], covariance[:2, :2]),
        "Embedded, product": Example(Embedded(line, 8), 0.0, [1.1] * 3 + [0.0] * 5),
        "Embedded, subspace": Example(Embedded.subspace(3, 10**6, 0.4), 0.0, 0.4 * 3 / 10**6),
    }


def _empirical() -> dict[str, Example]:
    points = np.array([[0.0, 0.0], [1.0, 2.0], [1.0, 2.0], [-3.0, 0.5]])
    cloud = _rng(6).standard_normal((30, 5))
    few: Array = _rng(7).standard_normal((3, 12))
    examples = {"Empirical": points, "Empirical, cloud": cloud, "Empirical, few": few}
    found = {name: Example(Empirical(p), p.mean(axis=0), np.cov(p.T, bias=True)) for name, p in examples.items()}
    for dim, digit in ((3, 4), (20, 0)):
        target = Empirical.digits(dim, digit)
        p = np.repeat(target.points, np.rint(target.weights * _images(digit)).astype(int), axis=0)
        found[f"Empirical, digits {dim}"] = Example(target, 0.0, np.cov(p.T, bias=True))
    return found


def _truncated(target: TruncatedGaussian) -> Example:
    """Its moments by SciPy."""
    law = truncnorm((target.low - target.mean) / target.deviation, (target.high - target.mean) / target.deviation,
                    target.mean, target.deviation)
    alone = target.copies > 1
    return Example(target, law.mean()[0] if alone else law.mean(), law.var()[0] if alone else law.var())


def _bounded() -> dict[str, Example]:
    # Small boxes: with little noise the score lives at the edges, which samples have to find.
    columns = ([0.0, 0.05, 0.0], [0.1, 0.01, 0.3], -0.05, 0.1)
    return {
        "Hypercube": Example(Hypercube(7, 0.8), 0.0, 0.64 / 3.0),
        "Hypercube, line": Example(Hypercube(1, 0.05), 0.0, 0.0025 / 3.0),
        "Hypercube, million": Example(Hypercube(10**6, 1.0), 0.0, 1.0 / 3.0),
        "TruncatedGaussian": _truncated(TruncatedGaussian(0.3, 0.8, -1.0, 0.5, dim=5)),
        "TruncatedGaussian, coordinates": _truncated(TruncatedGaussian(*columns)),
        "TruncatedGaussian, tail": _truncated(TruncatedGaussian([0.0], 1.0, 20.0, 21.0)),
        "Circle": Example(Circle(0.7), 0.0, 0.245),
        "Sphere": Example(Sphere(3), 0.0, 1.0 / 3.0),
        "Sphere, fifty": Example(Sphere(50, 3.0), 0.0, 9.0 / 50.0),
        "Sphere, million": Example(Sphere(10**6, 100.0), 0.0, 0.01),
        "Simplex": Example(Simplex(4, 1.2), 0.3, 1.44 * (np.eye(4) / 4.0 - 1.0 / 16.0)),
        "CrossPolytope": Example(CrossPolytope(5), 0.0, 1.0),
        "Torus": Example(Torus([1.0, 0.2]), 0.0, [0.5, 0.5, 0.02, 0.02]),
    }


def _images(digit: int) -> int:
    from sklearn.datasets import load_digits

    return int(np.sum(load_digits().target == digit))


EXAMPLES: dict[str, Example] = {
    **{f"GaussianMixture, {name}": example for name, example in _gaussian_mixtures().items()},
    **_products(),
    **_radial(),
    **_codebooks(),
    **_embedded(),
    **_bounded(),
    **_empirical(),
}
