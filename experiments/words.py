"""The command line and study files say ``distance`` where the folder says measure, and leave out the folders inside it.

``distance=[total_variation,budget]`` is ``measure=[distance/total_variation,lemma/budget]``, and
``distance.histogram.bins=9`` is ``measure.histogram.bins=9``; what is written in full stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

from experiments.paths import CONF

GROUP = "measure"
OVERRIDE = re.compile(rf"([~+]*)(?:distance|{GROUP})((?:\.[^=]*)?)((?:=.*)?)", re.DOTALL)


@cache
def measures() -> dict[str, str]:
    """What can be measured: name -> file inside conf/measure, without its ending."""
    return {path.stem: f"{path.parent.name}/{path.stem}" for path in sorted((CONF / GROUP).glob("*/*.yaml"))}


def canonical(override: str) -> str:
    """An override as Hydra knows it."""
    match = OVERRIDE.fullmatch(override)
    if match is None:
        return override
    signs, inside, value = match.groups()
    if not inside:
        value = re.sub(r"[\w/]+", lambda word: measures().get(word[0], word[0]), value)
    return f"{signs}{GROUP}{inside}{value}"
