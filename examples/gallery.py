"""Samplers at work in the plane: ``python examples/gallery.py [folder]`` (or ``make gallery``) draws, for every target,

* ``<target>_flow.png``: how the density flows through the noise levels, with paths of HEROISM through it,
* ``<target>_error.png``: where on the plane the log-density of the output is wrong, HEROISM beside rivals that
  spend the same number of score evaluations,
* ``<target>_refinement.gif``: the refinement rounds inside one large step, towards the end of the exact flow.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from PIL import Image

import heroism as hs
from analysis import looks, style
from analysis.printing import save
from heroism.map import Map
from heroism.transport import transport

SEED, PATHS, CLOUD, GRID = 0, 60, 4000, 160
ENDS = (1e-3, 0.9999)  # noise variances
SHOWN = (0.99, 0.8, 0.5, 0.15, 1e-3)  # noise variances of the panels of a flow
BUDGET = 32  # score evaluations per path
STEP = (0.08, 0.5)  # the one large step of the animation
ROUNDS = 6


def targets() -> dict[str, hs.Target]:
    """Two-dimensional laws: the digits' first two directions, two rings, a checkerboard, a codebook of few words."""
    rng = np.random.default_rng(SEED)
    angles = [np.linspace(0, 2 * np.pi, many, endpoint=False) for many in (16, 40)]
    rings = np.concatenate([radius * np.column_stack([np.cos(a), np.sin(a)])
                            for radius, a in zip((0.8, 2.0), angles, strict=True)])
    cells = np.array([(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == 0]) - 1.5
    within = np.stack(np.meshgrid(*[np.linspace(-0.35, 0.35, 4)] * 2), -1).reshape(-1, 2)
    squares = (cells[:, None] + within).reshape(-1, 2)
    return {"digits": hs.Empirical.digits(2), "rings": hs.GaussianMixture(rings, 0.015),
            "checkerboard": hs.GaussianMixture(squares, 0.02),
            "codebook": hs.GaussianMixture(rng.normal(size=(12, 2)), 1e-3)}


def rivals(levels: int) -> dict[str, tuple[hs.Sampler, int]]:
    """Name -> (sampler, noise levels): all spend the budget, HEROISM in the paper's points and with frugal steps."""
    steps = levels - 1
    return {"HEROISM, K = 3": (hs.Heroism(points=3, refinements=2), 1 + steps // 5),
            "HEROISM frugal": (hs.ComposedHeroism.frugal(), 1 + steps), "DDIM": (hs.Ddim(), 1 + steps),
            "Heun": (hs.RungeKutta("heun"), 1 + steps // 2), "DPM-Solver++": (hs.ExponentialAdams(3), 1 + steps)}


class Watched(hs.ExactScore):
    """The exact score, which remembers where it was asked."""

    def __init__(self, target: hs.Target):
        super().__init__(target)
        self.seen: list[tuple[float, np.ndarray]] = []

    def __call__(self, bundle: np.ndarray, level: hs.NoiseLevel) -> np.ndarray:
        self.seen.append((level.tau, bundle[0].copy()))
        return super().__call__(bundle, level)


def flow(target: hs.Target) -> Figure:
    """The density at some noise levels, and paths of HEROISM from the first panel to the last."""
    score = Watched(target)
    carry = Map(hs.Heroism(points=3, refinements=4), score, hs.log_snr_schedule(64, *ENDS))
    end = carry(carry.law.sample(PATHS, np.random.default_rng(SEED)), block=PATHS)
    figure, shown = style.wrapped_panels(len(SHOWN), len(SHOWN), 1.6, narrowest=1.2, sharex=True, sharey=True)
    grid, extent = _plane(target)
    for axes, tau in zip(shown, SHOWN, strict=True):
        level = hs.NoiseLevel(1.0 - tau, tau)
        density = np.exp(target.log_density(grid.reshape(-1, 2), level)).reshape(GRID, GRID)
        axes.imshow(np.sqrt(density), origin="lower", extent=extent, cmap="Greys")
        seen = [at for at in score.seen if at[0] >= tau] or score.seen[:1]
        paths = np.stack([at for _, at in seen] + ([end.positions] if tau <= ENDS[0] else []), axis=1)
        axes.add_collection(LineCollection(list(paths), colors=looks.BLUE, linewidths=0.4, alpha=0.6))
        axes.plot(*paths[:, -1].T, ".", color=looks.VERMILION, markersize=2)
        axes.set(title=rf"$\tau = {tau:g}$", xticks=[], yticks=[])
    return figure


def error(target: hs.Target) -> Figure:
    """log q - log p of the output where it lands, sampler by sampler at the same budget; total variation above."""
    made = rivals(BUDGET + 1)
    figure, shown = style.wrapped_panels(len(made), len(made), 1.75, narrowest=1.2, sharex=True, sharey=True)
    _, extent = _plane(target)
    for axes, (name, (sampler, levels)) in zip(shown, made.items(), strict=True):
        ensemble = transport(sampler, hs.ExactScore(target), hs.log_snr_schedule(levels, *ENDS), CLOUD, SEED)
        wrong = ensemble.log_density - target.log_density(ensemble.positions, ensemble.level)
        drawn = axes.hexbin(*ensemble.positions.T, C=wrong, gridsize=45, extent=extent, cmap="PuOr", linewidths=0.1,
                            norm=TwoSlopeNorm(0.0, -1.0, 1.0), reduce_C_function=np.mean)
        value = hs.total_variation(ensemble, target).value
        axes.set(title=f"{name}\nNFE {ensemble.evaluations}, TV {value:.1e}", xticks=[], yticks=[], xlim=extent[:2],
                 ylim=extent[2:], aspect="equal")
        axes.grid(visible=False)
        axes.set_facecolor("#E6E6E6")  # white is what is right
    figure.colorbar(drawn, ax=shown, label=r"$\log q - \log p$", shrink=0.8, extend="both")
    return figure


def refinement(target: hs.Target) -> list[Image.Image]:
    """A frame per number of refinements, first where the step begins: the iterates, and the end of the exact flow."""
    schedule, score = hs.NoiseSchedule(1.0 - np.array(STEP), np.array(STEP)), hs.ExactScore(target)
    flow = Map(hs.RungeKutta("rk4"), score, hs.log_snr_schedule(100, *STEP))
    starts = flow.law.sample(PATHS, np.random.default_rng(SEED))
    exact = flow(starts).positions
    grid, extent = _plane(target)
    density = np.exp(target.log_density(grid.reshape(-1, 2), schedule.end)).reshape(GRID, GRID)
    frames = []
    for rounds in range(ROUNDS + 1):
        reached = Map(hs.Heroism(points=4, refinements=rounds), score, schedule)(starts).positions if rounds else starts
        figure = Figure(figsize=(3.4, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.imshow(np.sqrt(density), origin="lower", extent=extent, cmap="Greys", alpha=0.7)
        misses = list(np.stack([exact, reached], axis=1))
        axes.add_collection(LineCollection(misses, colors=looks.ORANGE, linewidths=0.8))
        axes.plot(*exact.T, "o", color=looks.BLUE, markersize=4, markerfacecolor="none")
        axes.plot(*reached.T, ".", color=looks.VERMILION, markersize=4)
        far = np.sqrt(np.mean(np.sum((reached - exact) ** 2, axis=1)))
        axes.set(title=f"refinement {rounds}: {far:.1e} from the exact flow", xticks=[], yticks=[], xlim=extent[:2],
                 ylim=extent[2:])
        drawn = io.BytesIO()
        figure.savefig(drawn, format="png", dpi=100)
        frames.append(Image.open(drawn).convert("P", palette=Image.Palette.ADAPTIVE, colors=64))
    return frames


def _plane(target: hs.Target) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """(grid (GRID, GRID, 2), its extent) around the target."""
    reach = 1.25 * float(np.abs(target.sample(2000, hs.NoiseLevel(0.999, 1e-3), np.random.default_rng(SEED))).max())
    reach = max(reach, 2.5)
    line = np.linspace(-reach, reach, GRID)
    return np.stack(np.meshgrid(line, line), axis=-1), (-reach, reach, -reach, reach)


def main(folder: Path) -> None:
    """Every picture of every target, into a folder."""
    for name, target in targets().items():
        save(flow(target), folder / f"{name}_flow")
        save(error(target), folder / f"{name}_error")
        first, *rest = refinement(target)
        first.save(folder / f"{name}_refinement.gif", save_all=True, append_images=rest, duration=700, loop=0)
        print(f"Gallery: {folder / name}_*")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "results/gallery"))
