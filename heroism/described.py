"""Objects that say how they were made: ``Heroism(points=3)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

import numpy as np

ENTRIES = 6  # of an array that is shown in full

Made = TypeVar("Made", bound=Callable[..., None])


class Described:
    """A base whose subclasses show the call of the constructor that made them, large arrays by their shape."""

    _call: str | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _remembering(vars(cls)["__init__"])  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return self._call or f"{type(self).__name__}()"


def _remembering(init: Made) -> Made:
    """A constructor that first notes what it was called with; of constructors that call each other the outermost."""
    names = inspect.signature(init)

    @wraps(init)
    def noting(self: Any, *given: Any, **named: Any) -> None:
        if self._call is None:
            try:
                arguments = names.bind(self, *given, **named).arguments
            except TypeError:
                arguments = {}  # the constructor is about to say what is wrong
            self._call = f"{type(self).__name__}({', '.join(_shown(dict(list(arguments.items())[1:])))})"
        init(self, *given, **named)

    return noting  # type: ignore[return-value]


def _shown(arguments: Mapping[str, Any]) -> list[str]:
    return [f"{name}={_text(value)}" for name, value in arguments.items()]


def _text(value: Any) -> str:
    """Numbers, words and small arrays in full; of large ones the shape, of other objects what they say or are."""
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.size <= ENTRIES else f"array{value.shape}"
    if isinstance(value, list | tuple) and len(value) > ENTRIES:
        return f"{len(value)} values"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(_shown(value))}}}"
    if isinstance(value, np.generic):
        return repr(value.item())
    if value is None or isinstance(value, bool | int | float | str | Described):
        return repr(value)
    return type(value).__name__
