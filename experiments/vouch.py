"""Whose code a config may run: that of ``heroism``, and of modules that the user names in ``plugins``; nothing else.

A config is data. Without this, a node ``_target_: shutil.copy`` would be called like any class of ours. Who names a
function on the command line has named its module; a file, or a ``_target_``, vouches for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pkgutil import resolve_name
from typing import Any

from heroism.errors import InputError, require

OURS = "heroism"
HYDRAS = ("hydra", "hydra_plugins")  # for the nodes that Hydra makes itself: launcher and sweeper
NAMES = TARGET, FUNCTION = "_target_", "function"  # under which a config names code by its dotted path


def vouch(node: Any, name: str, plugins: tuple[str, ...] = (), trusted: tuple[str, ...] = (OURS,)) -> None:
    """Raise InputError if code that ``node`` names, at any depth, is somebody else's.

    Parameters
    ----------
    node : resolved. name : what it is called on the command line.
    plugins : modules whose every name is vouched for, imported ones too.
    trusted : packages of which only what they define themselves is.
    """
    for where, target in targets(node, name):
        words = target if isinstance(target, str) else ""
        if any(_inside(words, plugin) for plugin in plugins):
            continue
        remedy = f"only classes of {OURS} are made; name the module of one of your own in plugins=[...]"
        require(any(_inside(words, package) for package in trusted), where, target, remedy)
        require(any(_inside(_home(where, words), package) for package in trusted), where, target, remedy)


def own(node: Any) -> bool:
    """Whether any ``_target_`` of ``node`` is the user's own."""
    return any(not _inside(str(target), OURS) for _, target in targets(node, ""))


def spoken(settings: Mapping[str, str]) -> list[str]:
    """The modules of the user's own whose functions a command line names; ``settings`` : its values by dotted name."""
    typed = [text for name, text in settings.items() if name.rpartition(".")[2] == FUNCTION]
    modules = {path.rpartition(".")[0] for text in typed for path in re.findall(r"[\w.]+", text)}
    return sorted(module for module in modules if module and not _inside(module, OURS))


def targets(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(dotted place, value) of everything in ``node``, at any depth, that is imported by its name: every ``_target_``,
    and whatever else under such a name is a dotted path."""
    if isinstance(node, Mapping):
        yield from ((f"{name}.{key}", node[key]) for key in NAMES if key in node and (
            key == TARGET or "." in str(node[key])))
        for key, value in node.items():
            yield from targets(value, f"{name}.{key}")
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from targets(value, f"{name}.{number}")


def _inside(dotted: str, package: str) -> bool:
    return dotted == package or dotted.startswith(f"{package}.")


def _home(where: str, target: str) -> str:
    """The module that defines it: ``heroism.noise.np.load`` is numpy's."""
    try:
        return str(getattr(resolve_name(target), "__module__", None))
    except Exception:
        raise InputError(where, target, "give the dotted name of something importable") from None
