"""One job: a resolved configuration and the records that it stands for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, cast

from omegaconf import DictConfig, OmegaConf

from experiments import sources
from experiments.search import LEAST
from experiments.store import Store
from heroism.errors import require, whole_number
from heroism.noise import MOST_LEVELS
from heroism.record import SCHEMA, Record

CHOICES = ("target", "sampler", "schedule", "perturbation", "start")
GROUPS = (*CHOICES, "measure")  # what decides a result, with particles, seed and the code
MOST_PARTICLES = 10**10
SHORT = ("d", "K", "N", "scheduler")
SEVERAL = "several values make a sweep: add -m in front, and write them 1,2"


@dataclass(frozen=True)
class Job:
    """A ladder of T at one configuration, or (with epsilon) the search for the smallest T that reaches it.

    Attributes
    ----------
    config : resolved nodes of GROUPS, and particles and seed.
    names : the file chosen in each of CHOICES, the study (None outside of one), and ``deciding``, the name of the
        estimate at which ladders and searches stop.
    short : d, K, N and scheduler; None for one that nothing in ``config`` refers to.
    ladder : increasing T; with ``epsilon`` the search starts there.
    stop_below : a ladder ends after the first rung whose error is below it.
    limit : largest T of a search. plugins : modules of the user's own whose classes ``config`` may name.
    """

    config: Mapping[str, Any]
    names: Mapping[str, str | None]
    short: Mapping[str, Any]
    ladder: tuple[int, ...]
    epsilon: float | None = None
    stop_below: float | None = None
    limit: int = 65536
    plugins: tuple[str, ...] = ()

    @classmethod
    def from_config(cls, cfg: DictConfig, choices: Mapping[str, str | None]) -> Job:
        """Read a composed config and Hydra's choices; InputError for values that are not what their name asks for."""
        unresolved, resolved = (OmegaConf.to_container(cfg, resolve=resolve) for resolve in (False, True))
        return cls.read(cast(dict[str, Any], resolved), choices, used(cast(dict[str, Any], unresolved)))

    @classmethod
    def read(cls, cfg: Mapping[str, Any], choices: Mapping[str, str | None], used: Collection[str]) -> Job:
        """The same, of a resolved config as plain objects; ``used`` are those of SHORT that it refers to."""
        for name in GROUPS:
            require(bool(cfg.get(name)), name, "nothing", f"choose at least one; conf/{name} has a file for each")
        for name in ("force", "smoke", "report"):
            require(isinstance(cfg[name], bool), name, cfg[name], "choose true or false")
        config = {name: cfg[name] for name in GROUPS}
        config["particles"] = whole_number("particles", cfg["particles"], 1, MOST_PARTICLES)
        config["seed"] = whole_number("seed", cfg["seed"], 0)
        names = {name: choices.get(name) for name in (*CHOICES, "study")}
        for name in CHOICES:
            require(isinstance(names[name], str), name, names[name] or "several", f"choose one file; {SEVERAL}")
        names["deciding"] = next(iter(config["measure"]))
        short = {name: _tidy(name, cfg[name]) if name in used else None for name in SHORT}
        return cls(config, names, short, _ladder(cfg["T"]), _share("epsilon", cfg["epsilon"]),
                   _share("stop_below", cfg["stop_below"]), whole_number("T_max", cfg["T_max"], LEAST),
                   _plugins(cfg["plugins"]))

    def dumps(self) -> str:
        """As text, for a worker."""
        return json.dumps(asdict(self))

    @classmethod
    def loads(cls, text: str) -> Self:
        """The job that :meth:`dumps` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "ladder": tuple(fields["ladder"]), "plugins": tuple(fields["plugins"])})

    @property
    def label(self) -> str:
        """For people: what distinguishes this job from its neighbours."""
        words = [str(self.names["target"]), str(self.names["sampler"])]
        words += [f"{name}={value}" for name, value in self.short.items() if value is not None]
        span = str(self.ladder[0]) if len(self.ladder) == 1 else f"{self.ladder[0]}..{self.ladder[-1]}"
        words.append(f"T={span}" if self.epsilon is None else f"epsilon={self.epsilon:g}")
        return " ".join([*words, f"seed={self.config['seed']}"])

    def key(self, T: int) -> str:
        """Of the rung at T; a ladder and a search share their rungs."""
        return fingerprint({**self._decisive, "T": T})

    @property
    def answer_key(self) -> str:
        """Of the answer of a search."""
        return fingerprint({**self._decisive, "epsilon": self.epsilon, "T": self.ladder, "T_max": self.limit})

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Of all records that the job may need, but for the rungs of a search, which nobody knows before."""
        return (self.answer_key,) if self.epsilon is not None else tuple(map(self.key, self.ladder))

    @property
    def identity(self) -> tuple[Any, ...]:
        """Equal for two jobs that stand for the same records."""
        return (self.epsilon is None and self.stop_below, *self.keys)

    @cached_property
    def code(self) -> str:
        """Digest of the sources that compute its results."""
        return sources.digest(self.config)

    def known(self, store: Store) -> Iterator[tuple[str, Record | None]]:
        """(what, record on disk or None) for every record this job needs, as far as those on disk tell."""
        if self.epsilon is not None:
            yield f"epsilon={self.epsilon:g}", store.load(self.answer_key)
            return
        for T, key in zip(self.ladder, self.keys, strict=True):
            record = store.load(key)
            yield f"T={T}", record
            if self.low_enough(record):
                return

    def low_enough(self, record: Record | None) -> bool:
        """Whether a ladder ends after this rung."""
        return bool(self.stop_below and record is not None and record.done and not record.spoiled
                    and record.error.value < self.stop_below)

    @cached_property
    def files(self) -> dict[str, str]:
        """Digests of the data files that target and schedule name: new data under an old name is another experiment."""
        files = [Path(value) for group in ("target", "schedule") for name, value in self.config[group].items()
                 if name != "_target_" and isinstance(value, str) and "." in value]
        return {str(file): _content(file, file.stat().st_mtime_ns) for file in files if file.is_file()}

    @cached_property
    def _decisive(self) -> dict[str, Any]:
        return {**self.config, "code": self.code, "files": self.files}


@lru_cache(maxsize=64)
def _content(file: Path, changed: int) -> str:
    """Digest of a file that was changed last at that time."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """A short hash of what determines a result, whatever the order it is given in."""
    text = json.dumps({"schema": SCHEMA, **inputs}, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def used(unresolved: Mapping[str, Any]) -> frozenset[str]:
    """Those of SHORT that a group refers to."""
    text = str([unresolved.get(name) for name in GROUPS])
    return frozenset(name for name in SHORT if f"${{{name}}}" in text)


def _tidy(name: str, value: Any) -> Any:
    """4.0 as 4. Raises InputError for what is neither a number nor a word."""
    require(not isinstance(value, list | dict), name, value, SEVERAL)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ladder(value: Any) -> tuple[int, ...]:
    rungs = value if isinstance(value, list) else [value]
    require(len(rungs) > 0, "T", "[]", "give at least one number of noise levels, such as [32,64,128]")
    found = sorted({whole_number("T", rung, LEAST) for rung in rungs})
    require(found[-1] <= MOST_LEVELS, "T", found[-1], f"give at most {MOST_LEVELS} noise levels")
    return tuple(found)


def _plugins(value: Any) -> tuple[str, ...]:
    """Names of modules that can be found; they are imported when a class in them is made."""
    names = value if isinstance(value, list) else [value]
    remedy = "give a list of modules that Python finds from here, as [mine,mine.targets]"
    for name in names:
        require(isinstance(name, str) and all(map(str.isidentifier, name.split("."))), "plugins", name, remedy)
        require(find_spec(name.partition(".")[0]) is not None, "plugins", name, remedy)
    return tuple(names)


def _share(name: str, value: Any) -> float | None:
    """A number strictly between 0 and 1, or nothing."""
    if value is None:
        return None
    remedy = "give a number strictly between 0 and 1, or null"
    require(isinstance(value, int | float) and not isinstance(value, bool), name, value, remedy)
    require(0.0 < value < 1.0, name, value, remedy)
    return float(value)
