"""``python -m experiments.bench``: the cost of one score evaluation with its tangents, per target of conf/target."""

from __future__ import annotations

from hydra import compose, initialize_config_dir
from rich.console import Console
from rich.table import Table

from experiments.build import make
from experiments.measure import seconds_per_evaluation
from experiments.paths import CONF
from heroism.noise import paper_schedule

REPEATS = 5


def main() -> None:
    """Print a table: the best of a few measurements, in microseconds per particle."""
    table = Table("target", "d", "reduced d", "Jacobian", "microseconds")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for file in sorted((CONF / "target").glob("*.yaml")):
            target = make(compose("config", [f"target={file.stem}"]).target, "target")
            best = min(seconds_per_evaluation(target, paper_schedule(64)) for _ in range(REPEATS))
            table.add_row(file.stem, str(target.ambient_dim), str(target.dim), target.jacobian, f"{1e6 * best:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
