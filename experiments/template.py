"""What Hydra composed, ready to become many jobs that differ in plain values."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from experiments.job import GROUPS, Job, used

REFERENCE = re.compile(r"\$\{(\w+)\}")


class Template:
    """A composed config: values are set in plain objects and references followed there, as OmegaConf would.

    What is less plain than numbers, words and references to the names at the top is left to OmegaConf itself, which
    takes a hundred times longer, and so is whatever it would refuse: the words of an error are its own.
    """

    def __init__(self, cfg: DictConfig, choices: Mapping[str, str | None]):
        self.cfg, self.choices = cfg, choices

    def job(self, changed: Mapping[str, Any]) -> Job:
        """The job with these values, {dotted name: value}."""
        if not all(self._known(name) and _plain(value) for name, value in changed.items()) or not self._simple:
            return self._slow(changed)
        top = {**self._unresolved, **{name: value for name, value in changed.items() if "." not in name}}
        inside = {name: value for name, value in changed.items() if "." in name}
        groups = {name: top[name] for name in GROUPS}
        if inside:
            groups = copy.deepcopy(groups)
            for name, value in inside.items():
                *path, last = name.split(".")
                node: Any = groups
                for part in path:
                    node = node[part]
                node[last] = value
        return Job.read({**top, **{name: _resolved(node, top) for name, node in groups.items()}}, self.choices,
                        used(groups) if inside else self._used)

    def _slow(self, changed: Mapping[str, Any]) -> Job:
        cfg = copy.deepcopy(self.cfg)
        for name, value in changed.items():
            OmegaConf.update(cfg, name, value, merge=True)
        return Job.from_config(cfg, self.choices)

    @cached_property
    def _unresolved(self) -> dict[str, Any]:
        """As plain objects; only in the groups are there still references."""
        plain = cast(dict[str, Any], OmegaConf.to_container(self.cfg, resolve=False))
        return {name: value if name in GROUPS else OmegaConf.select(self.cfg, name) if isinstance(value, str) else value
                for name, value in plain.items()}

    @cached_property
    def _used(self) -> frozenset[str]:
        return used(self._unresolved)

    @cached_property
    def _simple(self) -> bool:
        """Whether everything but the groups holds no references, and these only such to names at the top."""
        top = self._unresolved
        return all(_follows(value, top if name in GROUPS else {}) for name, value in top.items()) and all(
            name in top for name in GROUPS)

    def _known(self, name: str) -> bool:
        """Whether there is a number, word or list of that name, at the top or in a group."""
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(_leaves(self._unresolved, ""))


def _leaves(node: Mapping[str, Any], prefix: str) -> list[str]:
    found = []
    for name, value in node.items():
        if isinstance(value, Mapping):
            found += _leaves(value, f"{prefix}{name}.")
        elif not prefix or prefix.partition(".")[0] in GROUPS:
            found.append(f"{prefix}{name}")
    return found


def _plain(value: Any) -> bool:
    """Whether it holds nothing that OmegaConf would read."""
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | int | float) or (
        isinstance(value, str) and "$" not in value and value != "???")


def _follows(value: Any, top: Mapping[str, Any]) -> bool:
    """Whether every text in it is plain, or a reference to a plain value at the top."""
    if isinstance(value, Mapping):
        return all(_follows(inner, top) for inner in value.values())
    if isinstance(value, list):
        return all(_follows(inner, top) for inner in value)
    reference = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return _plain(value) if reference is None else reference[1] in top and reference[1] not in GROUPS


def _resolved(node: Any, top: Mapping[str, Any]) -> Any:
    if isinstance(node, Mapping):
        return {name: _resolved(value, top) for name, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value, top) for value in node]
    reference = REFERENCE.fullmatch(node) if isinstance(node, str) else None
    return node if reference is None else top[reference[1]]
