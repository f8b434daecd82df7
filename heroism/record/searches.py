"""The record of a study's search for its hardest instance: ``raw/searches/<key>.json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from heroism.record.measured import Range
from heroism.record.records import Result


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A family with values of its variables, the exponent measured for it (None: none, for the reason given), and the
    keys of the records behind it."""

    family: str
    values: Mapping[str, Any]
    label: str
    exponent: Annotated[float | None, Range()]
    reason: str | None
    keys: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class SearchRecord(Result):
    """A finished search, besides what all results have.

    Attributes
    ----------
    names : one value for each override it searches for apart. x : the number whose exponent was maximised.
    trials, again : what was proposed, and what was measured again.
    """

    FOLDER: ClassVar[str] = "searches"

    kind: Literal["search"] = "search"
    status: Literal["done"] = "done"
    names: Mapping[str, Any]
    x: str
    trials: Sequence[Instance]
    again: Sequence[Instance]
