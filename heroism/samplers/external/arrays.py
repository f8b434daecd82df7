"""The array libraries that somebody's function may work on, each with the same few words; torch is imported on use."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from heroism.noise import Array
from heroism.samplers.external.extras import needed

TENSOR_ONLY = {"new_ones", "new_zeros", "new_full", "new_tensor", "unsqueeze"}


class Arrays(ABC):
    """Between double precision in numpy and what a function works on; nothing is shared, so nothing of ours changes."""

    @abstractmethod
    def make(self, array: Array) -> Any:
        """A new one with these numbers, in double precision."""

    @abstractmethod
    def give(self, array: Array, like: Any) -> Any:
        """A new one in the precision of ``like``."""

    @abstractmethod
    def read(self, array: Any) -> Array:
        """Its numbers in double precision."""

    @abstractmethod
    def floating(self, array: Any) -> bool:
        """Whether it is one, of floating-point numbers."""

    @abstractmethod
    def resolution(self, array: Any) -> float:
        """The spacing of its numbers near 1."""


class NumpyArrays(Arrays):
    def make(self, array: Array) -> Any:
        return np.array(array)

    def give(self, array: Array, like: Any) -> Any:
        return array.astype(like.dtype)

    def read(self, array: Any) -> Array:
        return np.array(array, dtype=np.float64)

    def floating(self, array: Any) -> bool:
        return isinstance(array, np.ndarray | np.floating) and np.issubdtype(array.dtype, np.floating)

    def resolution(self, array: Any) -> float:
        return float(np.finfo(array.dtype).eps)


class TorchArrays(Arrays):
    def make(self, array: Array) -> Any:
        return needed("torch", "diffusers").from_numpy(np.array(array))

    def give(self, array: Array, like: Any) -> Any:
        return self.make(array).to(like.dtype)

    def read(self, array: Any) -> Array:
        return np.array(array.detach().to(needed("torch", "diffusers").float64).cpu().numpy())

    def floating(self, array: Any) -> bool:
        return isinstance(array, needed("torch", "diffusers").Tensor) and array.is_floating_point()

    def resolution(self, array: Any) -> float:
        return float(needed("torch", "diffusers").finfo(array.dtype).eps)


ARRAYS: Mapping[str, Arrays] = {"numpy": NumpyArrays(), "torch": TorchArrays()}


def array_library(function: Callable[..., Any]) -> str:
    """"torch" if the source of a function, or of one that it calls in its own module, speaks of torch; else "numpy"."""
    return "torch" if any(map(_of_torch, _reached(function))) else "numpy"


def _reached(function: Any) -> Iterator[FunctionType]:
    """A function, those it wraps, and those of the same module that it names."""
    ahead, seen = [function], set()
    while ahead:
        one = ahead.pop()
        one = getattr(one, "func", one)  # of a partial
        if not isinstance(one, FunctionType):
            one = getattr(one, "__func__", vars(type(one)).get("__call__"))  # a method, an object that is called
        if not isinstance(one, FunctionType) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inside = inspect.unwrap(one)
        ahead.append(inside)
        named = (inside.__globals__.get(name) for name in _names(inside.__code__))
        ahead += [thing for thing in named if getattr(thing, "__module__", None) == inside.__module__]


def _of_torch(function: FunctionType) -> bool:
    names = _names(function.__code__)
    known = [function, *(function.__globals__[name] for name in names if name in function.__globals__)]
    origins = (str(getattr(thing, "__module__", None) or getattr(thing, "__name__", "")) for thing in known)
    return bool(names & TENSOR_ONLY) or any(origin.partition(".")[0] == "torch" for origin in origins)


def _names(code: CodeType) -> set[str]:
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))
