"""Dataclasses as JSON files, one object each: what a value may be is what its field's type says.

Names are not empty, numbers at least 0 unless the field says otherwise. A number that is not finite is null in a file,
and NaN, Infinity and the like are refused there. Where a field has to be a number null is read as NaN; anywhere else it
is read as None and says that a number is not known, not finite or does not apply.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

from heroism.record.measured import Range

SCHEMA = 2


class BrokenRecord(ValueError):
    """A file that is no record: the text names ``path``, the ``field``, its value and what is wrong; ``said`` has the
    same without the path."""

    def __init__(self, path: Path, field: str, value: object, remedy: str):
        shown = value if len(str(value)) <= 60 else f"{str(value)[:57]}..."
        self.path, self.field, self.said = path, field, f"{field} = {shown}: {remedy}"
        super().__init__(f"{path}: {self.said}")


class _Type:
    """What a type hint lets stand in a file: a number, a word, a flag, an object, a list, one of several of these."""

    WORDS: ClassVar[Mapping[Any, str]] = {str: "a name", bool: "true or false", NoneType: "null", Sequence: "a list"}

    def __init__(self, hint: Any):
        hint, self.range = get_args(hint) if get_origin(hint) is Annotated else (hint, Range(0.0))
        self.kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        self.bases = [get_origin(kind) or kind for kind in self.kinds]
        self.parts = [_Type(get_args(kind)[-1]) if base in (Mapping, Sequence) and get_args(kind)[-1] is not Any
                      else None for kind, base in zip(self.kinds, self.bases, strict=True)]

    def __call__(self, raw: Any, path: Path, place: str) -> Any:
        """The value that stands for ``raw``, at that place of the file. Raises BrokenRecord."""
        for kind, base, part in zip(self.kinds, self.bases, self.parts, strict=True):
            if base is Mapping and isinstance(raw, Mapping):
                return raw if part is None else {name: part(one, path, f"{place}.{name}") for name, one in raw.items()}
            if base is Sequence and isinstance(raw, list | tuple):
                return raw if part is None else [part(one, path, f"{place}.{i}") for i, one in enumerate(raw)]
            if is_dataclass(base):
                return _object(base, raw, path, place)
            if base is float and raw is None and len(self.kinds) == 1:
                return math.nan
            if self._fits(kind, base, raw):
                return raw
        raise BrokenRecord(path, place, raw, f"must be {' or '.join(map(self._words, self.kinds, self.bases))}")

    def _fits(self, kind: Any, base: Any, raw: Any) -> bool:
        if base is Literal:
            return isinstance(raw, str) and raw in get_args(kind)
        if base in (int, float):
            real = isinstance(raw, int | base) and not isinstance(raw, bool) and math.isfinite(raw)
            return real and self.range.low <= raw <= self.range.high
        return base in (str, bool, NoneType) and isinstance(raw, base) and raw != ""

    def _words(self, kind: Any, base: Any) -> str:
        if base is Literal:
            return f"one of {', '.join(get_args(kind))}"
        if base in (int, float):
            low, high = (f" of at {which} {end:g}" if math.isfinite(end) else ""
                         for which, end in (("least", self.range.low), ("most", self.range.high)))
            return f"a {'whole ' * (base is int)}number{low}{' and' * bool(low and high)}{high}"
        return self.WORDS.get(base, "an object")


@cache
def _types(kind: Any) -> dict[str, tuple[_Type, bool]]:
    """Of the fields of a dataclass: (type, whether it has to be given)."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: (_Type(hints[field.name]), field.default is MISSING) for field in fields(kind)}


def _object(kind: Any, raw: Any, path: Path, place: str = "") -> Any:
    """A dataclass from an object; what has a default may be left out."""
    if not isinstance(raw, Mapping):
        raise BrokenRecord(path, place, raw, "must be an object")
    before, types = f"{place}." if place else "", _types(kind)
    for name in sorted(raw.keys() - types.keys()):
        raise BrokenRecord(path, before + name, raw[name], "there is no such field")
    for name, (_, needed) in types.items():
        if needed and name not in raw:
            raise BrokenRecord(path, before + name, "nothing", "the field is missing")
    return kind(**{name: types[name][0](value, path, before + name) for name, value in raw.items()})


@dataclass(frozen=True)
class File:
    """A dataclass kept as one JSON object per file, ``<key>.json`` in ``FOLDER`` of ``results/raw``."""

    FOLDER: ClassVar[str] = ""
    if TYPE_CHECKING:
        @property
        def key(self) -> str: ...

    @classmethod
    def parse(cls, content: bytes | str, path: Path) -> Self:
        """Read the content of a file. Raises BrokenRecord: not JSON, of another schema, a field missing, unknown, of
        a wrong type or out of range, changed after it was written, or under another name than that of its key."""
        raw = _decoded(content, path)
        made = cls.made(path, **{name: value for name, value in raw.items() if name not in ("schema", "seal")})
        if "seal" in raw and raw["seal"] != _seal(raw):
            raise BrokenRecord(path, "seal", raw["seal"], "does not fit the content, which was changed afterwards")
        return made

    @classmethod
    def made(cls, path: Path, **values: Any) -> Self:
        """The same, of values on their way to the file ``path``, in which numbers need not be finite."""
        made: Self = _object(cls, finite(values), path)
        made.check(path)
        return made

    @classmethod
    def read(cls, raw: Path) -> tuple[list[Self], list[BrokenRecord]]:
        """(all of the folder ``results/raw`` in the order of the file names, what is broken)."""
        found: list[Self] = []
        broken: list[BrokenRecord] = []
        for path in sorted((raw / cls.FOLDER).glob("[!.]*.json")):
            try:
                found.append(cls.parse(path.read_bytes(), path))
            except BrokenRecord as error:
                broken.append(error)
        return found, broken

    def check(self, path: Path) -> None:
        """Raise BrokenRecord unless it belongs into the file ``path`` and its fields go together."""
        if path.stem != self.key:
            raise BrokenRecord(path, "key", self.key, "must be the name of the file")

    def dumps(self) -> str:
        """The text of the file: the fields, the schema, and a seal by which later changes are noticed."""
        content = {"schema": SCHEMA, **finite(asdict(self))}
        return json.dumps({**content, "seal": _seal(content)}, allow_nan=False)


def _decoded(content: bytes | str, path: Path) -> Mapping[str, Any]:
    try:
        raw = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BrokenRecord(path, "content", str(error).partition("\n")[0], "must be JSON, without NaN") from None
    if not isinstance(raw, dict):
        raise BrokenRecord(path, "content", raw, "must be an object")
    if raw.get("schema") != SCHEMA:
        raise BrokenRecord(path, "schema", raw.get("schema"), f"must be {SCHEMA}: it is of another version")
    return raw


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _seal(content: Mapping[str, Any]) -> str:
    """A digest of everything but itself, whatever the order of the fields."""
    kept = {name: value for name, value in content.items() if name not in ("seal", "schema")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def finite(value: Any) -> Any:
    """A value of plain objects, with None (null in JSON) for every number in it that is not finite."""
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
