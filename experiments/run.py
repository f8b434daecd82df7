"""``python -m experiments.run``, or ``heroism`` where the package is installed: one job, or with ``-m`` a sweep.
``--help`` says what can be chosen.

Exit codes: 0 all is done; 1 a job failed (its record says why) or could not be kept; 2 a mistake in the input: one
sentence, nothing ran; 128 + n ended by signal n (130: Ctrl-C), what was finished is kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

import hydra
from hydra._internal.utils import get_args_parser
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

EXCLUSIVE = ("run", "multirun", "cfg", "info", "shell_completion")
FULL = "HYDRA_FULL_ERROR"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (without the program's name) and return the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        places.check(CONF)
        if not {*choices.FLAGS}.isdisjoint(given):
            print(choices.text())
            return 0
        _check_flags(list(given))
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


def _check_flags(given: list[str]) -> None:
    """InputError for flags that there are not, or that exclude each other; Hydra's words for it are a screen long."""
    with redirect_stderr(StringIO()) as said, redirect_stdout(StringIO()):
        try:
            chosen = vars(get_args_parser().parse_args(given))
        except SystemExit as end:
            if not end.code:
                return
            flags = " ".join(word for word in given if word.startswith("-"))
            raise InputError("flags", flags, said.getvalue().rpartition("error: ")[2].strip()) from None
    exclusive = [f"--{name}" for name in EXCLUSIVE if chosen[name]]
    require(len(exclusive) < 2, "flags", " ".join(exclusive), "give one of them")


def _report(mistake: Exception) -> int:
    if os.environ.get(FULL) == "1":
        raise mistake
    print(mistake if isinstance(mistake, InputError) else explain(mistake), file=sys.stderr)
    return 2


@contextmanager
def _command_line(arguments: Sequence[str]) -> Iterator[None]:
    """Hydra reads sys.argv; asked for full errors, it hands them on instead of printing them and exiting."""
    before = sys.argv, os.environ.get(FULL)
    sys.argv = [sys.argv[0], *read(arguments)]
    os.environ[FULL] = "1"
    try:
        yield
    finally:
        sys.argv = before[0]
        os.environ.pop(FULL)
        if before[1] is not None:
            os.environ[FULL] = before[1]


if __name__ == "__main__":
    sys.exit(main())
