"""Binary linear codes: generator matrices, and their words in two halves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from heroism.errors import InputError, require
from heroism.noise import Array

Bits = NDArray[np.uint8]
Indices = NDArray[np.intp]
MOST_WORDS = 2**18  # of one half


def reed_muller(order: int, variables: int) -> Bits:
    """(k, 2^m) generator of RM(order, m): the values, at all points of F_2^m, of the monomials of degree <= order."""
    points = (np.arange(2**variables)[:, None] >> np.arange(variables)) & 1
    rows = [points[:, list(chosen)].prod(axis=1) for degree in range(order + 1)
            for chosen in combinations(range(variables), degree)]
    return np.array(rows, dtype=np.uint8)


def golay() -> Bits:
    """(12, 24) generator of the extended binary Golay code, by Turyn's construction: ``|a + x|b + x|a + b + x|`` with a
    and b in the extended Hamming code [8, 4] and x in another version of it that shares two words with it.
    """
    words = reed_muller(1, 3)
    other = words[:, [0, 1, 2, 4, 3, 6, 7, 5]]
    nothing = np.zeros_like(words)
    return np.block([[words, nothing, words], [nothing, words, words], [other, other, other]])


def generator_of(code: str) -> Bits:
    """The generator of a code by its name: hamming and golay, both extended, or a Reed-Muller code, rm(2,5) or
    rm25 for RM(2, 5).
    """
    name = re.sub(r"[\s(),]", "", str(code)).lower()
    if name == "hamming":
        return reed_muller(1, 3)
    if name == "golay":
        return golay()
    found = re.fullmatch(r"rm(\d)(\d)", name)
    remedy = "choose hamming, golay, or a Reed-Muller code as rm25"
    if found is None:
        raise InputError("code", code, remedy)
    order, variables = int(found[1]), int(found[2])
    require(order <= variables, "code", code, "the order of a Reed-Muller code is at most the number of its variables")
    return reed_muller(order, variables)


@dataclass(frozen=True)
class Half:
    """Words of a code on one half of the coordinates, as ``u = s S + v V`` over F_2: s the state, which both halves
    share, v free.

    Attributes
    ----------
    states : (b, l) generator S; free : (a, l) generator V. ``b`` state bits, ``a`` free bits, ``l`` coordinates.
    """

    states: Bits
    free: Bits

    @cached_property
    def words(self) -> Bits:
        """(2^a, 2^b, l): of each free part and each state."""
        free, states = (((np.arange(2 ** len(part))[:, None] >> np.arange(len(part))[::-1]) & 1) @ part
                        for part in (self.free, self.states))
        return np.asarray((free[:, None] + states) & 1, dtype=np.uint8)

    @cached_property
    def wrong(self) -> Array:
        """(2 l, 2^(a + b)): rows where a word is 1, then where it is 0: what a positive, a negative number objects to.
        """
        words = self.words.reshape(-1, self.words.shape[2])
        return np.concatenate([words, 1 - words], axis=1).T.astype(float)

    @cached_property
    def columns(self) -> tuple[Indices, Indices]:
        """(l,) and (l,): the columns of the free and of the state's generator, read as numbers."""
        free, state = (2 ** np.arange(len(part))[::-1] @ part if len(part) else np.zeros(part.shape[1], dtype=int)
                       for part in (self.free, self.states))
        return np.asarray(free, dtype=np.intp), np.asarray(state, dtype=np.intp)

    @cached_property
    def signs(self) -> Array:
        """(l, 2^b): +-1, what a state makes of each coordinate."""
        return np.ascontiguousarray(1.0 - 2.0 * self.words[0].T)


def halves(generator: Bits) -> tuple[Half, Half]:
    """The two halves of a code (k, d), cut where they have the fewest words.

    Raises InputError for a code of too many words.
    """
    def size(place: int) -> int:
        ranks = (len(generator) - len(_silent(generator, where)) for where in _sides(place))
        return int(sum(2**rank for rank in ranks))

    best = min(range(1, generator.shape[1]), key=size)
    require(size(best) <= MOST_WORDS, "code", f"{len(generator)} bits",
            f"its halves have {size(best)} words; choose one with at most {MOST_WORDS}")
    return _cut(generator, best)


def _sides(place: int) -> tuple[slice, slice]:
    return slice(None, place), slice(place, None)


def _cut(generator: Bits, place: int) -> tuple[Half, Half]:
    first, second = _sides(place)
    before, after = _silent(generator, second), _silent(generator, first)
    shared = list(_completing(np.concatenate([before, after]), generator))
    states = np.array(shared, dtype=np.uint8).reshape(len(shared), generator.shape[1])
    return Half(states[:, first], before[:, first]), Half(states[:, second], after[:, second])


def _silent(generator: Bits, where: slice) -> Bits:
    """(a, d) basis of the words that are zero on these coordinates."""
    rows = generator.copy()
    rank = 0
    for column in range(generator.shape[1])[where]:
        rank += _eliminate(rows, rank, column)
    return rows[rank:]


def _completing(basis: Bits, generator: Bits) -> Iterator[Bits]:
    """Rows of the generator that complete this basis of a subcode to one of the code."""
    known = basis
    for row in generator:
        larger = np.concatenate([known, row[None]])
        if len(_silent(larger, slice(None))) == 0:
            known = larger
            yield row


def _eliminate(rows: Bits, rank: int, column: int) -> int:
    """Clear a column below row ``rank``, in place; 1 if that row became a pivot."""
    candidates = np.flatnonzero(rows[rank:, column])
    if not len(candidates):
        return 0
    pivot = rank + candidates[0]
    rows[[rank, pivot]] = rows[[pivot, rank]]
    below = rank + 1 + np.flatnonzero(rows[rank + 1 :, column])
    rows[below] ^= rows[rank]
    return 1
