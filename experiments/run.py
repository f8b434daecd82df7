"""``python -m experiments.run``, or ``heroism`` where the package is installed: one job, or with ``-m`` a sweep.
``--help`` says what can be chosen.

Exit codes: 0 all is done; 1 a job failed (its record says why) or could not be kept; 2 a mistake in the input: one
sentence, nothing ran; 128 + n ended by signal n (130: Ctrl-C), what was finished is kept.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import hydra
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from experiments import choices
from experiments.mistakes import explain
from experiments.paths import CONF
from experiments.signals import Interrupted, orderly
from experiments.store import Unsaved
from experiments.task import task
from experiments.words import read
from heroism import places
from heroism.errors import InputError, require

COMMANDS = (("--run", "-r"), ("--multirun", "-m"), ("--cfg", "-c"), ("--info", "-i"), ("--shell-completion", "-sc"))
FULL = "HYDRA_FULL_ERROR"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (without the program's name) and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        places.check(CONF)
        if not {*choices.FLAGS}.isdisjoint(given):
            print(choices.text())
            return 0
        _check_flags(given)
        with orderly(), _command_line(given):
            hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except (InputError, HydraException, OmegaConfBaseException) as mistake:
        return _report(mistake)
    except SystemExit as end:
        return _report(end.code) if isinstance(end.code, Exception) else end.code if isinstance(end.code, int) else 0
    except Unsaved as loss:
        print(loss, file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough (| head)
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    except OSError as error:  # in a folder that Hydra was told to make: what a job meets is in its record
        return _report(InputError("folder", error.filename, f"cannot be made ({error.strerror}): name another"))
    except Interrupted as end:
        print("Interrupted; the same command goes on where it stopped.", file=sys.stderr)
        return end.code
    return 0


def _check_flags(given: Sequence[str]) -> None:
    words = {word.partition("=")[0] for word in given}
    asked = [name for name, *short in COMMANDS if not words.isdisjoint({name, *short})]
    require(len(asked) < 2, "flags", " ".join(asked), "give one of them")


def _report(mistake: Exception) -> int:
    if os.environ.get(FULL) == "1":
        raise mistake
    print(mistake if isinstance(mistake, InputError) else explain(mistake), file=sys.stderr)
    return 2


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    """Hydra reads sys.argv; asked for full errors, it hands them on instead of printing them and exiting. Of a flag
    that there is not its parser would print a screen of words.
    """
    def refuse(parser: ArgumentParser, message: str) -> NoReturn:
        raise InputError("flags", " ".join(word for word in arguments if word.startswith("-")), message)

    before = sys.argv, os.environ.get(FULL), ArgumentParser.error
    sys.argv = [sys.argv[0], *read(arguments)]
    os.environ[FULL] = "1"
    ArgumentParser.error = refuse  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        sys.argv, ArgumentParser.error = before[0], before[2]  # type: ignore[method-assign]
        os.environ.pop(FULL)
        if before[1] is not None:
            os.environ[FULL] = before[1]


if __name__ == "__main__":
    sys.exit(main())
