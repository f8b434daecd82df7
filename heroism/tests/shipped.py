"""The samplers of the package k-diffusion, unmodified: its file of samplers, without the rest of the package, which
would bring its training code and what that needs.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

WHY = "the extra is not installed: pip install -e '.[diffusers]' and k-diffusion"
UNUSED = {"torchdiffeq": ("odeint",), "torchsde": ("BrownianTree",)}  # of likelihoods and of one source of noise


@cache
def k_diffusion() -> Any:
    """``k_diffusion.sampling``; skips the test where it is not installed."""
    torch = pytest.importorskip("torch", reason=WHY)
    found = importlib.util.find_spec("k_diffusion")
    if found is None or not found.submodule_search_locations:
        pytest.skip(WHY)
    package = ModuleType("k_diffusion_samplers")
    package.__path__ = []
    utils = ModuleType("k_diffusion_samplers.utils")
    utils.append_dims = lambda x, dims: x[(..., *[None] * (dims - x.ndim))]  # type: ignore[attr-defined]
    stand_ins: dict[str, ModuleType] = {package.__name__: package, utils.__name__: utils}
    for name, used in UNUSED.items():
        if importlib.util.find_spec(name) is None:
            stand_ins[name] = types.SimpleNamespace(**dict.fromkeys(used))  # type: ignore[assignment]
    file = Path(found.submodule_search_locations[0]) / "sampling.py"
    spec = importlib.util.spec_from_file_location("k_diffusion_samplers.sampling", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = {name: sys.modules.get(name) for name in stand_ins}
    try:
        package.utils = utils  # type: ignore[attr-defined]
        sys.modules.update(stand_ins)
        spec.loader.exec_module(module)
    finally:
        for name, old in before.items():
            if old is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = old
    assert torch is not None
    return module
