"""The exceptions that a user's mistake, or a missing package, ends in, and checks of single numbers."""

from __future__ import annotations

import math
from textwrap import shorten

LONGEST = 400  # letters of a value that is shown, on one line


class InputError(ValueError):
    """A wrong argument: one sentence that names the argument, its value and the remedy.

    ``experiments`` turns it into that sentence and exit code 2; anything else that is raised is a bug of ours
    or a failed run and is reported as such.
    """

    def __init__(self, argument: str, value: object, remedy: str):
        self.argument, self.value, self.remedy = argument, value, remedy
        super().__init__(argument, value, remedy)

    def __str__(self) -> str:
        return f"{self.argument} = {shorten(str(self.value), LONGEST, placeholder=' ...')}: {self.remedy}"


class MissingExtra(InputError):
    """An optional package is not installed: a sweep leaves such jobs out, one run alone stops."""


def require(condition: bool, argument: str, value: object, remedy: str) -> None:
    """Raise :class:`InputError` unless ``condition`` holds."""
    if not condition:
        raise InputError(argument, value, remedy)


def a_number(argument: str, value: object, remedy: str = "give a finite number", least: float = -math.inf,
             most: float = math.inf) -> float:
    """Return ``value`` as a finite float from ``least`` to ``most``; all else ("wide", NaN) is an :class:`InputError`.
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise InputError(argument, value, remedy) from None
    require(math.isfinite(number) and least <= number <= most, argument, value, remedy)
    return number


def nonnegative(argument: str, value: object, remedy: str = "give a finite number of at least 0") -> float:
    """Return ``value`` as a finite float of at least 0; anything else ("wide", -1, NaN) is an :class:`InputError`."""
    return a_number(argument, value, remedy, 0.0)


def fraction(argument: str, value: object) -> float:
    """Return ``value`` as a float from 0 to 1, both included; anything else is an :class:`InputError`."""
    return a_number(argument, value, "give a number in [0, 1]", 0.0, 1.0)


def instance(argument: str, value: object, kind: type, remedy: str) -> None:
    """Raise :class:`InputError` unless ``value`` is a ``kind``; a class in its place has forgotten its parentheses."""
    if not isinstance(value, kind):
        raise InputError(argument, value.__name__ if isinstance(value, type) else value, remedy)


def positive(argument: str, value: object, remedy: str = "give a positive number") -> float:
    """Return ``value`` as a finite float above 0; anything else ("wide", 0, NaN) is an :class:`InputError`."""
    number = nonnegative(argument, value, remedy)
    require(number > 0.0, argument, value, remedy)
    return number


def whole_number(argument: str, value: object, least: int, most: float = math.inf) -> int:
    """Return ``value`` as an int from ``least`` to ``most``; all else (2.5, "many", NaN) is an :class:`InputError`."""
    remedy = f"give a whole number of at least {least}" + (f" and at most {most:g}" if math.isfinite(most) else "")
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        raise InputError(argument, value, remedy) from None
    require(not isinstance(value, bool) and number == value and least <= number <= most, argument, value, remedy)
    return number
