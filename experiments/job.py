"""One job: a resolved configuration and the records that it stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from experiments.record import Record, Store, fingerprint, is_done
from experiments.search import LEAST
from heroism.errors import require, whole_number

# What decides a result, with particles and seed.
GROUPS = ("target", "sampler", "schedule", "perturbation", "start", "distance")
SHORT = ("d", "K", "N", "scheduler")


@dataclass(frozen=True)
class Job:
    """A ladder of T at one configuration, or (with epsilon) the search for the smallest T that reaches it.

    Attributes
    ----------
    config : resolved nodes of GROUPS, and particles and seed.
    names : the file chosen in each group, and the study (None outside of one).
    short : d, K, N and scheduler; None for one that nothing in ``config`` refers to.
    ladder : increasing T; with ``epsilon`` the search starts there.
    stop_below : a ladder ends after the first rung whose error is below it.
    limit : largest T of a search.
    """

    config: Mapping[str, Any]
    names: Mapping[str, str | None]
    short: Mapping[str, Any]
    ladder: tuple[int, ...]
    epsilon: float | None = None
    stop_below: float | None = None
    limit: int = 65536

    @classmethod
    def from_config(cls, cfg: DictConfig, choices: Mapping[str, str | None]) -> Job:
        """Read a composed config and Hydra's choices; InputError for values that are not what their name asks for."""
        for name in GROUPS:
            require(bool(cfg.get(name)), name, "nothing", f"choose at least one; conf/{name} has a file for each")
        for name in ("force", "smoke"):
            require(isinstance(cfg[name], bool), name, cfg[name], "choose true or false")
        unresolved = str([OmegaConf.to_container(cfg[name], resolve=False) for name in GROUPS])
        config: dict[str, Any] = {name: OmegaConf.to_container(cfg[name], resolve=True) for name in GROUPS}
        config["particles"] = whole_number("particles", cfg.particles, 1)
        config["seed"] = whole_number("seed", cfg.seed, 0)
        names = {name: choices.get(name) for name in (*GROUPS, "study")} | {"distance": next(iter(config["distance"]))}
        short = {name: cfg[name] if f"${{{name}}}" in unresolved else None for name in SHORT}
        return cls(config, names, short, _ladder(cfg.T), _share("epsilon", cfg.epsilon),
                   _share("stop_below", cfg.stop_below), whole_number("T_max", cfg.T_max, LEAST))

    @property
    def label(self) -> str:
        """For people: what distinguishes this job from its neighbours."""
        words = [str(self.names["target"]), str(self.names["sampler"])]
        words += [f"{name}={value}" for name, value in self.short.items() if value is not None]
        span = str(self.ladder[0]) if len(self.ladder) == 1 else f"{self.ladder[0]}..{self.ladder[-1]}"
        words.append(f"T={span}" if self.epsilon is None else f"epsilon={self.epsilon:g}")
        return " ".join([*words, f"seed={self.config['seed']}"])

    def key(self, steps: int) -> str:
        """Of the rung at T; a ladder and a search share their rungs."""
        return fingerprint({**self._decisive, "T": steps})

    @property
    def answer_key(self) -> str:
        """Of the answer of a search."""
        return fingerprint({**self._decisive, "epsilon": self.epsilon, "T": self.ladder, "T_max": self.limit})

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for two jobs that stand for the same records."""
        return (self.answer_key,) if self.epsilon is not None else (self.stop_below, *map(self.key, self.ladder))

    def known(self, store: Store) -> Iterator[tuple[str, Record | None]]:
        """(what, record on disk or None) for every record this job needs, as far as those on disk tell."""
        if self.epsilon is not None:
            yield f"epsilon={self.epsilon:g}", store.load(self.answer_key)
            return
        for steps in self.ladder:
            record = store.load(self.key(steps))
            yield f"T={steps}", record
            if self.low_enough(record):
                return

    def low_enough(self, record: Record | None) -> bool:
        """Whether a ladder ends after this rung."""
        if self.stop_below is None or record is None or not is_done(record):
            return False
        value = record["estimates"][self.names["distance"]]["value"]
        return value is not None and value < self.stop_below

    @cached_property
    def _decisive(self) -> dict[str, Any]:
        """The config, and a digest of every data file it names: new data under an old name is another experiment."""
        files = [Path(value) for value in self.config["target"].values() if isinstance(value, str) and "." in value]
        digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
        return {**self.config, "files": digests} if digests else dict(self.config)


def _ladder(value: Any) -> tuple[int, ...]:
    rungs = OmegaConf.to_container(value) if OmegaConf.is_list(value) else [value]
    assert isinstance(rungs, list)
    require(len(rungs) > 0, "T", "[]", "give at least one number of noise levels, such as [32,64,128]")
    return tuple(sorted({whole_number("T", steps, LEAST) for steps in rungs}))


def _share(name: str, value: Any) -> float | None:
    """A number strictly between 0 and 1, or nothing."""
    if value is None:
        return None
    remedy = "give a number strictly between 0 and 1, or null"
    require(isinstance(value, int | float) and not isinstance(value, bool), name, value, remedy)
    require(0.0 < value < 1.0, name, value, remedy)
    return float(value)
