"""HEROISM in jitted float64 JAX, ``vmap`` of ``jvp``, in the space that the law lives in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from heroism.noise import NoiseSchedule
from heroism.samplers import Heroism
from heroism.special.radial import FEW_DIMENSIONS
from heroism.targets.mixtures import Components, FullComponents, IsotropicComponents, Mixture

jax.config.update("jax_enable_x64", True)

Paths = Callable[[Any], tuple[Any, Any]]


def paths(sampler: Heroism, target: Mixture, schedule: NoiseSchedule) -> Paths:
    """Compiled: starting points (n, d) in, end points (n, d) and log volumes (n,) out.

    The same algorithm as :class:`heroism.samplers.Heroism`, point 0 of a step evaluated once.
    """
    score, steps = _score(target), _steps(sampler, schedule)
    known, refinements = int(sampler.rule.holds_start), sampler.refinements_for(schedule.steps)

    def path(start: Any) -> Any:
        def step(state: Any, given: Any) -> tuple[Any, None]:
            alpha_bar, tau, scale, weights = given
            scores = jax.vmap(score, (None, 0, 0))(state, alpha_bar, tau)
            for _ in range(refinements - 1):
                points = scale[known:-1, None] * state + weights[known:-1] @ scores
                scores = scores.at[known:].set(jax.vmap(score)(points, alpha_bar[known:], tau[known:]))
            return scale[-1] * state + weights[-1] @ scores, None

        return jax.lax.scan(step, start, steps)[0]

    def carried(start: Any) -> tuple[Any, Any]:
        end, tangents = jax.vmap(lambda v: jax.jvp(path, (start,), (v,)), out_axes=(None, 0))(jnp.eye(len(start)))
        volume = jnp.log(jnp.abs(tangents[0, 0])) if len(start) == 1 else jnp.linalg.slogdet(tangents)[1]
        return end, volume

    return jax.jit(jax.vmap(carried))


def _steps(sampler: Heroism, schedule: NoiseSchedule) -> tuple[Any, ...]:
    """alpha_bar and tau (T-1, K) of the points, scale (T-1, K+1) and weights (T-1, K+1, K) of eq. 14."""
    rows = []
    integrals = np.vstack([sampler.rule.matrix, sampler.rule.end])
    for start, end in schedule.transitions():
        levels = [start.toward(end, float(u)) for u in sampler.rule.nodes]
        alpha_bar = np.array([level.alpha_bar for level in levels])
        reached = np.append(alpha_bar, end.alpha_bar)
        weights = sampler.half * start.tau_above(end) * integrals * alpha_bar**-1.5 * np.sqrt(reached)[:, None]
        rows.append((alpha_bar, np.array([level.tau for level in levels]), np.sqrt(reached / start.alpha_bar), weights))
    return tuple(jnp.array(part) for part in zip(*rows, strict=True))


def _score(target: Mixture) -> Callable[[Any, Any, Any], Any]:
    """(x (d,), alpha_bar, tau) -> score (d,), written down as anybody would."""
    components: Components[Any] = target.components
    weights, variances = jnp.array(components.log_weights), jnp.array(components.variances)
    means, shell = jnp.array(getattr(target, "means", components.means)), 1
    if target.copies > 1 or means.ndim == 1 or target.basis is None:
        means = jnp.array(components.means)
        shell = components.shell if isinstance(components, IsotropicComponents) else 1
    basis = jnp.array(components.basis) if isinstance(components, FullComponents) else None
    plain = means.shape[1] - (shell > 1)

    def score(x: Any, alpha_bar: Any, tau: Any) -> Any:
        variance = alpha_bar * variances + tau
        gap = jnp.sqrt(alpha_bar) * means - x
        if basis is not None:
            gap = jnp.einsum("kcj,kc->kj", basis, gap)
        volume = jnp.broadcast_to(jnp.log(variance), gap.shape)[:, :plain].sum(axis=1)
        logits = weights - 0.5 * (volume + (gap**2 / variance)[:, :plain].sum(axis=1))
        if shell > 1:
            logits = logits + _shell(jnp.abs(x[-1]), variance[:, 0], shell)
        pull = gap / variance
        if basis is not None:
            pull = jnp.einsum("kcj,kj->kc", basis, pull)
        return jax.nn.softmax(logits) @ pull

    return score


def _shell(radius: Any, variance: Any, m: int) -> Any:
    """As :func:`heroism.special.radial.log_radius_ratio`."""
    if m <= FEW_DIMENSIONS:
        return -0.5 * (radius**2 / variance + m * jnp.log(variance))
    mode = jnp.sqrt(m * variance)
    excess = (radius - mode) * (radius + mode) / (m * variance)
    return -0.5 * m * (excess - jnp.log1p(excess))
