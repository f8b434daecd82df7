"""The check of a user's own target: every correct one passes, and every planted defect is named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.noise import paper_schedule
from heroism.targets import (
    Embedded,
    GaussianMixture,
    Hypercube,
    ProductMixture,
    ScaleMixture,
    Sphere,
    Target,
    TruncatedGaussian,
    check_target,
)
from heroism.tests.small_targets import PLANE, TWO_PEAKS, GaussianRadius
from heroism.tests.target_examples import EXAMPLES

RIGHT = {
    "plane": lambda: GaussianMixture([[-1.5, 0.3], [1.0, 0.0]], [0.2, 0.3], [0.3, 0.7]),
    "line": lambda: GaussianMixture([[-1.5], [1.0]], [0.2, 0.3], [0.3, 0.7]),
    "space": lambda: GaussianMixture(np.random.default_rng(0).standard_normal((5, 12)), 0.3),
    "many": lambda: GaussianMixture(np.random.default_rng(0).standard_normal((50, 48)), 0.3),
    "copies": lambda: ProductMixture([-1.0, 1.5], 0.2, [0.4, 0.6], 10_000),
    "cube": lambda: Hypercube(100, 0.8),
    "columns": lambda: TruncatedGaussian([0.0, 0.5], 0.4, -1.0, 1.0),
    "radius": lambda: ScaleMixture(30, [1.0, 0.1], [0.4, 0.6]),
    "shell": lambda: Sphere(3),
    "embedded": lambda: Embedded(ProductMixture([-1.0, 1.0], 0.1, None, 2), 9),
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_correct_targets_pass(example):
    check_target(example.target)


@pytest.mark.parametrize("target", [PLANE, TWO_PEAKS, GaussianRadius(0.5, 40)])
def test_targets_written_as_on_paper_pass_at_the_ends_of_a_run(target):
    schedule = paper_schedule(256)
    for seed in range(5):
        check_target(target, (schedule.end, schedule.levels[128], schedule.start), seed)


def planted(target: Target, method: str, wrong: Callable[..., object]) -> Target:
    """The target with ``wrong(result, *arguments)`` in place of what this method returns."""
    right = getattr(target, method)
    setattr(target, method, lambda *arguments: wrong(right(*arguments), *arguments))
    return target


def rows(factor: float, first: int, last: int | None = None) -> Callable[..., object]:
    """Multiplies these rows of a bundle of scores."""
    def wrong(out, *_):
        out[first:last] *= factor
        return out
    return wrong


def _overwriting(out, argument, *_):
    argument *= 1.0 + 1e-12
    return out


def _lost(out, *_):
    out.reshape(-1)[-1] = np.nan
    return out


UNSEEDED = np.random.default_rng()
DEFECTS = {
    "halved tangents": ("score", rows(0.5, 1), "tangent product.* the derivative of the score"),
    "tangents of the wrong sign": ("score", rows(-1.0, 1), "tangent product"),
    "score of the wrong sign": ("score", rows(-1.0, 0), "gradient of log_density"),
    "score and tangents of the wrong sign": ("score", rows(-1.0, 0, 1), "gradient of log_density"),
    "score off by a thousandth": ("score", rows(1.001, 0, 1), "score at"),
    "score without tangents": ("score", lambda out, *_: out[0], "return one of shape"),
    "score transposed": ("score", lambda out, *_: np.swapaxes(out, 0, 1), "return one of shape"),
    "score as a list": ("score", lambda out, *_: out.tolist(), "return an array"),
    "score in single precision": ("score", lambda out, *_: out.astype(np.float32), "float32"),
    "score over the batch": ("score", lambda out, *_: out - 1e-3 * out.mean(axis=1, keepdims=True), "on the others"),
    "score that knows of tangents": ("score", lambda out, *_: out * (1.0 + 1e-3 * (len(out) > 1)), "ride along"),
    "score not finite": ("score", _lost, r"finite"),
    "score that overwrites": ("score", _overwriting, "work on a copy"),
    "log density with a column": ("log_density", lambda out, *_: out[:, None], "return one of shape"),
    "log density not finite": ("log_density", _lost, "finite"),
    "log density in single precision": ("log_density", lambda out, *_: out.astype(np.float32), "float32"),
    "log density rounded": ("log_density", lambda out, *_: out.astype(np.float32).astype(float),
                            "smooth|gradient|normalised"),
    "log density over the batch": ("log_density", lambda out, *_: out - out.mean(), "on the others"),
    "log density without its logarithm": ("log_density", lambda out, *_: np.exp(out), "score at|finite|rough"),
    "log density off by a constant": ("log_density", lambda out, *_: out + 0.01, "normalise"),
    "log density off by a level": ("log_density", lambda out, x, level: out + 0.01 * np.log(level.tau), "normalised"),
    "log density that overwrites": ("log_density", _overwriting, "work on a copy"),
    "samples too wide": ("sample", lambda out, *_: 1.5 * out, "sample at .* another law"),
    "samples too narrow": ("sample", lambda out, *_: 0.6 * out, "sample at .* another law"),
    "samples of one size": ("sample", lambda out, n, *_: out[:4], "return one of shape"),
    "samples in single precision": ("sample", lambda out, *_: out.astype(np.float32), "float32"),
    "samples not finite": ("sample", _lost, "finite"),
    "samples from a generator of its own": ("sample", lambda out, *_: out + 1e-9 * UNSEEDED.random(), "rng alone"),
    "samples without a generator": ("sample", lambda out, *_: 0.0 * out + 0.1 + np.linspace(0, 1, out.size).reshape(
        out.shape), "draw from rng"),
}


@pytest.mark.parametrize("right", ["plane", "line", "space", "copies", "columns", "radius", "shell"])
@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_named(defect, right):
    method, wrong, words = DEFECTS[defect]
    target = planted(RIGHT[right](), method, wrong)
    with pytest.raises(InputError, match=words) as caught:
        check_target(target)
    assert type(target).__name__ in caught.value.argument
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("right", RIGHT)
@pytest.mark.parametrize("seed", range(3))
def test_halved_tangents_are_found_in_every_kind_of_target(right, seed):
    check_target(RIGHT[right](), seed=seed)
    with pytest.raises(InputError, match="tangent product"):
        check_target(planted(RIGHT[right](), "score", rows(0.5, 1)), seed=seed)


@pytest.mark.parametrize("change, words", [
    (lambda t: setattr(t, "jacobian", "diagonal"), "must be the diagonal"),
    (lambda t: setattr(t, "jacobian", "full"), "jacobian = full"),
    (lambda t: setattr(t, "multiplicity", np.ones(3, int)), "multiplicity"),
    (lambda t: setattr(t, "multiplicity", np.ones(2)), "multiplicity"),
    (lambda t: setattr(t, "multiplicity", np.array([1, 5])), "score|log_density"),
    (lambda t: setattr(t, "copies", 7), "copies = 7"),
])
def test_wrong_attributes_are_named(change, words):
    target = RIGHT["plane"]()
    change(target)
    with pytest.raises(InputError, match=words):
        check_target(target)


def test_a_missing_attribute_and_another_class_are_named():
    target = RIGHT["plane"]()
    del target.multiplicity
    with pytest.raises(InputError, match="multiplicity = missing"):
        check_target(target)
    with pytest.raises(InputError, match="derive it from"):
        check_target(object())


def test_a_reach_that_leaves_mass_out_is_named():
    with pytest.raises(InputError, match="mass of ProductMixture in reach"):
        check_target(planted(RIGHT["copies"](), "reach", lambda limits, *_: (limits[0], 0.5 * limits[1] - 1.0)))


def test_samples_that_forget_the_noise_or_a_mode_are_named():
    noisy = RIGHT["plane"]()
    clean, lopsided = RIGHT["plane"](), GaussianMixture(noisy.means, [0.2, 0.3], [0.9, 0.1])
    level = paper_schedule(256).end
    for sample in (lambda n, _, rng: clean.sample(n, level, rng), lopsided.sample):
        target = RIGHT["plane"]()
        target.sample = sample
        with pytest.raises(InputError, match="another law"):
            check_target(target)


def test_another_law_at_other_levels_is_named():
    """Score, log density and samples agree with each other at every level, but the noise is counted twice."""
    target = RIGHT["plane"]()
    for method in ("sample", "log_density", "score"):
        right = getattr(target, method)
        setattr(target, method, lambda x, level, *rest, right=right: right(
            x, type(level)(level.alpha_bar**2, 1.0 - level.alpha_bar**2), *rest))
    with pytest.raises(InputError, match="derivative in tau"):
        check_target(target)
