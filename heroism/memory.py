"""What is made once for a target and the ends of the noise, and shared by all samplers and rungs of a ladder."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from heroism.noise import NoiseSchedule
from heroism.targets.base import Target

WITNESSES = 16
REMEMBERED = 8

Made = TypeVar("Made")
_MEMORY: OrderedDict[Any, Any] = OrderedDict()


def fingerprint(target: Target, schedule: NoiseSchedule) -> bytes:
    """What the target does at both ends of the noise, in a few bytes: two targets of the same values share it."""
    digest = hashlib.sha256(type(target).__name__.encode())
    for level in (schedule.end, schedule.start):
        x = target.sample_part(WITNESSES, level, np.random.default_rng(0))
        values = (x, target.log_density(x, level), target.score(x[None], level))
        digest.update(b"".join(np.ascontiguousarray(value).tobytes() for value in values))
        digest.update(np.array([level.alpha_bar, level.tau]).tobytes())
    return digest.digest()


def remembered(key: Any, make: Callable[[], Made]) -> Made:
    """What ``make`` returned for this key, if that is among the last few things made."""
    if key in _MEMORY:
        _MEMORY.move_to_end(key)
    else:
        _MEMORY[key] = make()
        if len(_MEMORY) > REMEMBERED:
            _MEMORY.popitem(last=False)
    made: Made = _MEMORY[key]
    return made
