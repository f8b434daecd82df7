"""Samplers as people write them, in numpy and without a thought of tangents; and what they do that leaves no Jacobian.

All take ``(model, x, sigmas)``, or ``(score, x, level, next_level)`` where their name says step.
"""

from __future__ import annotations

import itertools

import numpy as np


def euler(model, x, sigmas):
    for i in range(len(sigmas) - 1):
        x = x + (sigmas[i + 1] - sigmas[i]) * (x - model(x, sigmas[i])) / sigmas[i]
    return x


def heun(model, x, sigmas, average=0.5):
    for now, then in itertools.pairwise(sigmas):
        slope = (x - model(x, now * np.ones(len(x)))) / now
        guess = x + (then - now) * slope
        other = (guess - model(guess, then * np.ones(len(x)))) / then
        x = x + (then - now) * ((1.0 - average) * slope + average * other)
    return x


def dpmpp_2m(model, x, sigmas, share=0.5):
    """Two steps of memory in half-log-SNR (k-diffusion's ``sample_dpmpp_2m``)."""
    old = None
    for i in range(len(sigmas) - 1):
        denoised = model(x, sigmas[i])
        h = np.log(sigmas[i] / sigmas[i + 1])
        used = denoised
        if old is not None:
            r = np.log(sigmas[i - 1] / sigmas[i]) / h
            used = (1.0 + share / r) * denoised - share / r * old
        x = sigmas[i + 1] / sigmas[i] * x - np.expm1(-h) * used
        old = denoised
    return x


def in_place(model, x, sigmas):
    for i in range(len(sigmas) - 1):
        d = model(x, sigmas[i])
        d -= x
        d *= (sigmas[i] - sigmas[i + 1]) / sigmas[i]
        x += d
    sigmas[:] = 0.0
    return x


def step_ddim(score, x, level, next_level):
    noise = -np.sqrt(level.tau) * score(x, level)
    data = (x - np.sqrt(level.tau) * noise) / np.sqrt(level.alpha_bar)
    return np.sqrt(next_level.alpha_bar) * data + np.sqrt(next_level.tau) * noise


def single(model, x, sigmas):
    return euler(model, x.astype(np.float32), sigmas.astype(np.float32))


def clipped(model, x, sigmas):
    return euler(lambda x, sigma: np.clip(model(x, sigma), -1.0, 1.0), x, sigmas)


def thresholded(model, x, sigmas):
    """By the largest entry of every row, as dynamic thresholding does."""
    def bounded(x, sigma):
        out = model(x, sigma)
        return out / np.maximum(1.0, np.abs(out).max(axis=1, keepdims=True))

    return euler(bounded, x, sigmas)


def adaptive(model, x, sigmas):
    """Takes half steps where whole ones would move the state too far."""
    for now, then in itertools.pairwise(sigmas):
        far = np.linalg.norm(x - model(x, now)) * (now - then) / now > 0.3
        x = euler(model, x, np.array([now, np.sqrt(now * then), then] if far else [now, then]))
    return x


def noisy(model, x, sigmas):
    return euler(model, x, sigmas) + 0.01 * np.random.default_rng().standard_normal(x.shape)


def shifted(model, x, sigmas):
    return euler(model, x, sigmas) + 0.01


def to_zero(model, x, sigmas):
    return euler(model, x, np.append(sigmas, 0.0)[[0, -1, -1]])


def for_a_few(model, x, sigmas):
    return np.concatenate([euler(model, x[:2], sigmas), x[2:]])


def flattened(model, x, sigmas):
    return euler(model, x, sigmas).ravel()


def step_mirrored(score, x, level, next_level):
    return np.abs(step_ddim(score, x, level, next_level))


def ancestral(model, x, sigmas, noise_sampler=None, eta=1.0):
    """Euler steps further down, and up again by noise (k-diffusion's ``sample_euler_ancestral``)."""
    for now, then in itertools.pairwise(sigmas):
        up = min(then, eta * np.sqrt(then**2 * (now**2 - then**2) / now**2))
        down = np.sqrt(then**2 - up**2)
        x = x + (down - now) * (x - model(x, now)) / now
        if up > 0.0:
            x = x + up * noise_sampler(now, then)
    return x


def clipped_ancestral(model, x, sigmas, noise_sampler=None):
    return ancestral(lambda x, sigma: np.clip(model(x, sigma), -1.0, 1.0), x, sigmas, noise_sampler)


def noisy_besides(model, x, sigmas, noise_sampler=None):
    return noisy(model, ancestral(model, x, sigmas, noise_sampler), sigmas[-1:])
