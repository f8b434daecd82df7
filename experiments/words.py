"""The command line and study files say ``distance`` where the folder says measure, and leave out the folders inside it.

``distance=[total_variation,budget]`` is ``measure=[distance/total_variation,lemma/budget]``, and
``distance.histogram.bins=9`` is ``measure.histogram.bins=9``; what is written in full stays as it is. In the same way
``grid=karras`` is ``schedule=karras``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from experiments.paths import CONF
from experiments.vouch import spoken
from heroism.errors import require

GROUP = "measure"
GRID = re.compile(r"([~+]*)grid(?=[.=]|$)")
UNDERSCORED = re.compile(r"[-+]?\d[\d.]*(_\d+)+(\.\d*)?")  # Hydra would read 1_0 as ten
TABLES = ("schedule.sigmas", "schedule.alpha_bar", "schedule.flow")
OVERRIDE = re.compile(rf"([~+]*)(?:distance|{GROUP})((?:\.[^=]*)?)((?:=.*)?)", re.DOTALL)

NO_FILE = re.compile(r"|null|true|false|[-+]?[\d.]+(e[-+]?\d+)?", re.IGNORECASE)  # what Hydra takes for no name of one


@cache
def measures() -> dict[str, str]:
    """What can be measured: name -> file inside conf/measure, without its ending."""
    return {path.stem: f"{path.parent.name}/{path.stem}" for path in sorted((CONF / GROUP).glob("*/*.yaml"))}


def canonical(override: str) -> str:
    """An override as Hydra knows it."""
    override = GRID.sub(r"\1schedule", override, count=1) if GRID.match(override) else override
    match = OVERRIDE.fullmatch(override)
    if match is None:
        return override
    signs, inside, value = match.groups()
    if not inside:
        value = re.sub(r"[\w/]+", lambda word: measures().get(word[0], word[0]), value)
    return f"{signs}{GROUP}{inside}{value}"


def levels(table: str) -> int:
    """How many levels a table has, a list or a file. Raises InputError for a file that cannot be read."""
    from heroism.tabulated import read_levels  # here: --help does without

    bare = table.strip().strip("'\"")
    return bare.count(",") + 1 if bare.startswith("[") else len(read_levels(bare))


def read(arguments: Iterable[str]) -> list[str]:
    """The command line as Hydra knows it. Raises InputError for what Hydra would take in silence: a name that is given
    twice, none at all, or a new one that nothing asks for."""
    words = list(map(canonical, arguments))
    seen: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or name.startswith("-"):
            continue
        bare = name.lstrip("+~")
        require(bool(bare.strip()), "override", word, "write name=value")
        require(not UNDERSCORED.fullmatch(value.strip()), bare, value, "write numbers without underscores")
        require(bare not in seen, bare, f"{seen.get(bare)} and {value}", "give it once; several values are written 1,2")
        require(not name.startswith("+") or any(sign in bare for sign in "./@"), "override", bare,
                "there is no such setting; --help lists those there are")
        named = bare == "study" or not (CONF / bare).is_dir() or not NO_FILE.fullmatch(value.strip())
        require(named, bare, "nothing" if value in ("", "null") else value,
                f"choose at least one; conf/{bare} has a file for each")
        seen[bare] = value
        for chosen in re.findall(r"\[([^][]*)\]", value) if bare == GROUP else ():
            names = re.findall(r"[\w/]+", chosen)
            require(len(set(names)) == len(names), "distance", f"[{chosen}]", "name each of them once")
    tables = [seen[name] for name in TABLES if seen.get(name, "null") != "null"]
    if tables and "T" not in seen:
        words.append(f"T={levels(tables[0])}")
    modules = spoken(seen)
    return [*words, f"plugins=[{','.join(modules)}]"] if modules and "plugins" not in seen else words
