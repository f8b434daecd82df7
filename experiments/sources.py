"""The code behind a result: a digest of the sources that a job imports, so that old results are kept as long as what
computes them stays the same, and no longer.

Followed are the imports of the modules that hold the classes of a job, through the packages that re-export names; of
such packages only what they define themselves counts. Installed libraries do not count, their versions are recorded.
Comments, docstrings and the layout of a file make no difference. What is imported inside a function is an engine that
follows exact laws: it counts for those jobs only that may ask for one.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from experiments.vouch import OURS, targets

MEASURE = Path(__file__).with_name("measure.py")  # what it imports of ours, a job uses besides the classes it names
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
NOISY = "heroism.samplers.stochastic.recursion"  # every sampler of ours that may add noise imports it


def digest(config: Mapping[str, Any]) -> str:
    """Of the code that computes what ``config`` describes: the names of code in it, at any depth, decide."""
    found = modules(config)
    return hashlib.sha256("\n".join(f"{name} {found[name]}" for name in sorted(found)).encode()).hexdigest()[:16]


def modules(config: Mapping[str, Any]) -> Mapping[str, str]:
    """The digest of every module that computes what ``config`` describes, by name.

    A job may ask for an exact law if its sampler may add noise, if a measure of it is ``exact``, or if any of its code
    is the user's own.
    """
    named = frozenset(str(name) for _, name in targets(config, "") if _dotted(str(name)))
    exact = any(isinstance(node, Mapping) and node.get("exact") for node in config.get("measure", {}).values())
    return _modules(named, exact or any(not name.startswith(f"{OURS}.") for name in named))


@cache
def _modules(named: frozenset[str], asks: bool) -> dict[str, str]:
    used = [name for name in _imports(_tree(MEASURE)) if name.startswith(f"{OURS}.")]
    used += [home for name in named if (home := _home(*name.rpartition(".")[::2]))]
    found = _closure(*used, inner=asks)
    return found if asks or NOISY not in found else _modules(named, True)


@cache
def _closure(*names: str, inner: bool) -> dict[str, str]:
    """The digests of modules and of all that they import, and so on, by name; ``inner``: inside of functions too."""
    found: dict[str, str] = {}
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name not in found and (module := _module(name)) is not None:
            found[name], imported, lazily = module
            ahead += (*imported, *lazily) if inner else imported
    return found


def _dotted(name: str) -> bool:
    return "." in name and all(part.isidentifier() for part in name.split("."))


@cache
def _module(name: str) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """(digest, modules imported, those inside of functions) of a module; None for one that is not ours."""
    path = _file(name)
    if path is None:
        return None
    tree = _tree(path)
    own = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    return (hashlib.sha256(repr(_plain(own)).encode()).hexdigest(), tuple(_imports(tree)),
            tuple(name for function in functions for line in function.body for name in _imports(line)))


def _imports(tree: ast.AST) -> Iterator[str]:
    """What is imported outside of functions, and not for the types alone."""
    ahead = [tree]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            ahead += node.orelse
        elif not isinstance(node, FUNCTIONS):
            ahead += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (home for alias in node.names if (home := _home(node.module, alias.name)))


def _home(module: str, name: str) -> str | None:
    """The module in which ``name`` is defined, if ``module`` has or re-exports it."""
    if _file(f"{module}.{name}") is not None:
        return f"{module}.{name}"
    path = _file(module)
    if path is None:  # a method, or a class in a class
        return _home(*module.rpartition(".")[::2]) if "." in module else None
    if path.name == "__init__.py":
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return _home(node.module, alias.name)
    return module


@cache
def _file(module: str) -> Path | None:
    """The source of a module of ours, or of the user's own; None for libraries and for what is no module."""
    top, *inside = module.split(".")
    if top in sys.stdlib_module_names or (spec := find_spec(top)) is None or spec.origin is None:
        return None
    origin = Path(spec.origin)
    if top != OURS and "site-packages" in origin.parts:
        return None
    if not inside:
        return origin
    path = origin.parent.joinpath(*inside) if origin.name == "__init__.py" else None
    if path is None:
        return None
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def _plain(node: Any) -> Any:
    """A syntax tree as nested tuples: without places, docstrings and what is empty, whatever the version of Python."""
    if isinstance(node, list):
        return tuple(_plain(inner) for inner in node if not _is_docstring(inner))
    if not isinstance(node, ast.AST):
        return node
    return (type(node).__name__, *((name, _plain(value)) for name, value in ast.iter_fields(node)
                                   if value is not None and value != []))


def _is_docstring(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
