"""Your own sampler, as you have it, among the known ones: its exact total variation, its order, a picture.

Run it: ``python examples/your_own_sampler.py``. For torch nothing changes: write the function on tensors.
"""

import heroism as hs


def sample_heun(model, x, sigmas):
    """Heun's method of EDM (2206.00364, Algorithm 1) as k-diffusion writes it; ``model(x, sigma)`` is the denoiser."""
    for i in range(len(sigmas) - 1):
        d = (x - model(x, sigmas[i])) / sigmas[i]
        dt = sigmas[i + 1] - sigmas[i]
        x_2 = x + d * dt
        d_2 = (x_2 - model(x_2, sigmas[i + 1])) / sigmas[i + 1]
        x = x + (d + d_2) / 2 * dt
    return x


target = hs.GaussianMixture([[-2.0, 0.0], [1.0, 1.0], [1.0, -1.5]], 0.1, weights=[0.5, 0.3, 0.2])

if __name__ == "__main__":
    print(hs.measure(sample_heun, target, steps=[8, 16, 32, 64]))
    hs.testing.assert_order(sample_heun, 2)
    known = [hs.Ddim(), hs.ExponentialAdams(2), hs.UniPC(2)]
    comparison = hs.compare([sample_heun, *known], target, steps=[8, 16, 32, 64])
    print(comparison)
    comparison.save("your_own_sampler.csv")
    comparison.plot().savefig("your_own_sampler.png")
