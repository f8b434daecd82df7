"""Hydra's errors as one sentence: what was asked for, what there is, what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from experiments.job import SEVERAL
from experiments.words import GROUP, measures
from heroism.errors import InputError

EXTRAS = {"hydra/launcher/submitit_local": "cluster", "hydra/launcher/submitit_slurm": "cluster",
          "hydra/launcher/ray": "ray"}  # what Hydra has only with a plugin


def brief(error: Exception) -> str:
    """Kind and first sentence."""
    return f"{type(error).__name__}: {' '.join(str(error).split()).partition('. ')[0]}"


def explain(error: Exception) -> InputError:
    """The InputError that says the same, in one sentence, as an error of Hydra or OmegaConf."""
    text = str(error)
    if isinstance(error, MissingConfigException) and (extra := EXTRAS.get(str(error.missing_cfg_file))) is not None:
        return InputError("launcher", error.missing_cfg_file, f"is not installed: pip install -e '.[{extra}]'")
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options is not None:
        group, _, name = error.missing_cfg_file.rpartition("/")
        if group.partition("/")[0] == GROUP:
            return InputError("distance", name, _choice(name, measures()))
        return InputError(group or "config", name, _choice(name, error.options))
    if isinstance(error, OverrideParseException):
        return InputError("override", error.override, f"cannot be read ({_first_line(text)}): write name=value, a list "
                          "as [1,2], and put quotes around what the shell would take for itself")
    if isinstance(error, InterpolationResolutionError):
        remedy = f"cannot be resolved ({_first_line(text)}); keep the settings that it refers to"
        return InputError("config", error.full_key, remedy)
    key = re.match(r"Could not override '(.+?)'", text)
    unknown = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(unknown, OmegaConfBaseException) and unknown.parent_node is not None and unknown.key is not None:
        known = [str(name) for name in unknown.parent_node if name != "hydra"]
        full = key.group(1) if key else unknown.full_key or str(unknown.key)
        return InputError("override", full, f"there is no such setting; {_choice(str(unknown.key), known)}")
    if "Ambiguous value" in text or "requires --multirun" in text:
        argument = re.search(r"'(.+?)=(.*)'", text)
        name, value = argument.groups() if argument else ("override", text)
        return InputError(name, value, f"{SEVERAL}, or write a list as [1,2]")
    if key:
        return InputError("override", key.group(1), _first_line(text))
    return InputError("config", "impossible", _first_line(text))


def _choice(name: str, options: Iterable[str]) -> str:
    options = sorted(options)
    close = difflib.get_close_matches(name, options, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    return f"choose one of {', '.join(options)}{hint}"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
