"""``--help``: every choice of every group with one line of meaning, from its file or from what it is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import reduce
from importlib import import_module
from pathlib import Path
from textwrap import shorten

import yaml

from experiments.paths import CONF

GROUPS = ("target", "sampler", "schedule", "start", "perturbation", "measure", "study")
NAMED = re.compile(r"^\s*_target_: ([\w.]+)(?:\s+# (.+))?$", re.MULTILINE)
TITLE = re.compile(r"^title: (.+)$", re.MULTILINE)
SENTENCE = re.compile(r"(?<!\beq)\.\s")
WIDTH = 120
OURS = "heroism"
FLAGS = ("--help", "-h")


def text() -> str:
    """The help of conf/config.yaml, in which the choices stand where it says so."""
    content = yaml.safe_load((CONF / "config.yaml").read_text())
    return str(content["hydra"]["help"]["template"]).replace("$APP_CONFIG_GROUPS", "\n".join(_groups()))


def meaning(path: Path) -> str:
    """What a file of conf chooses, in a line: its title, what stands beside its first ``_target_``, or the first
    sentence about that."""
    content = path.read_text()
    if title := TITLE.search(content):
        return title[1].strip("\"'")
    found = NAMED.search(content)
    if found is None:
        return ""
    if found[2]:
        return found[2]
    words = " ".join((inspect.getdoc(named(found[1])) or "").split()).replace("``", "")
    return SENTENCE.split(words)[0].rstrip(".")


def _groups() -> Iterator[str]:
    for group in GROUPS:
        files = {path.stem: path for path in sorted((CONF / group).rglob("*.yaml"))}
        width = max(map(len, files), default=0) + 2
        yield f"{group}="
        for name, path in files.items():
            yield f"  {name:{width}}{shorten(meaning(path), WIDTH - width - 2, placeholder=' ...')}"
        yield ""


def named(dotted: str) -> object:
    """The class or function of a dotted name of heroism, which may stand in a class; None for any other: a file of
    configs makes nobody import what it likes."""
    parts = dotted.split(".")
    for many in range(len(parts), 0, -1) if parts[0] == OURS else ():
        try:
            return reduce(getattr, parts[many:], import_module(".".join(parts[:many])))
        except ModuleNotFoundError as missing:
            if not str(missing.name).startswith(OURS):
                return None  # an extra that is not installed
    return None
