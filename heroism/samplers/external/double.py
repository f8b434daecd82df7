"""The same code in double precision: tells rounding from method. What runs there is no longer the shipped code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from heroism.samplers.external.extras import needed


class _Wide:
    """A module in which ``float32`` means ``float64``, and everything else what it meant."""

    def __init__(self, module: ModuleType, wide: Any):
        self._module, self.float32 = module, wide

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextmanager
def double_precision(kind: type) -> Iterator[None]:
    """While it lasts, the file that defines ``kind`` sees 64 bits wherever it asks torch or numpy for 32."""
    torch = needed("torch", "diffusers")
    file = sys.modules[kind.__module__]
    usual = torch.get_default_dtype()
    names = {"torch": _Wide(torch, torch.float64), "np": _Wide(np, np.float64)}
    kept = {name: vars(file)[name] for name in names if name in vars(file)}
    try:
        vars(file).update({name: names[name] for name in kept})
        torch.set_default_dtype(torch.float64)
        yield
    finally:
        vars(file).update(kept)
        torch.set_default_dtype(usual)
