"""From a resolved config to the objects of a run; a user's mistake comes out as the one sentence it deserves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from experiments.vouch import vouch
from heroism.errors import InputError
from heroism.measures.base import Measure
from heroism.noise import NoiseSchedule
from heroism.samplers import Sampler
from heroism.starts import StartLaw
from heroism.targets.base import Target

GROUPS = ("target", "sampler", "perturbation", "schedule", "start")


@dataclass(frozen=True)
class Parts:
    """What a run is made of; ``score(target)`` and ``schedule(T)`` are made fresh for every rung."""

    target: Target
    sampler: Sampler
    score: Callable[[Target], Any]
    schedule: Callable[[int], NoiseSchedule]
    start: StartLaw
    measures: Mapping[str, Measure]


def build(config: Mapping[str, Any], plugins: tuple[str, ...] = ()) -> Parts:
    """Instantiate every group of a resolved config, with classes of ours and of the modules named in ``plugins``.

    Raises InputError for values that a class refuses.
    """
    made = {name: make(config[name], name, plugins) for name in GROUPS}
    measures = {name: make(node, f"measure.{name}", plugins) for name, node in config["measure"].items()}
    return Parts(made["target"], made["sampler"], made["perturbation"], made["schedule"], made["start"], measures)


def make(node: Mapping[str, Any], name: str, plugins: tuple[str, ...] = ()) -> Any:
    """Instantiate one node; ``name`` is what it is called on the command line."""
    if not (isinstance(node, Mapping) and isinstance(node.get("_target_"), str)):
        raise InputError(name, node, "choose a file, as --help lists them, or give an object with a _target_")
    vouch(node, name, plugins)
    try:
        return instantiate(dict(node), _convert_="all")
    except InstantiationException as error:
        raise _mistake(error, node, name) from error


def _mistake(error: InstantiationException, node: Mapping[str, Any], name: str) -> Exception:
    """The InputError behind Hydra's wrapping; a wrong name or parameter as one; anything else as it was raised."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    if isinstance(cause, InputError):
        return cause
    if isinstance(cause, ImportError | AttributeError) and str(error).startswith("Error locating"):
        return InputError(f"{name}._target_", node["_target_"], "give the dotted name of something importable")
    if isinstance(cause, TypeError) and "argument" in str(cause):
        return InputError(name, node["_target_"], f"{cause}; give the parameters that it has")
    return cause if isinstance(cause, Exception) else error
