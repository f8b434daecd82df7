"""Formulas as they stand in study files, such as ``1 + 2/K`` or ``T < d**2 and sampler != 'ddpm'``.

A formula is read, never run: its syntax is checked piece by piece against a short list, so that a study file of a
stranger can compute numbers and nothing else. Names stand for numbers, or for whole columns of a table.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from heroism.errors import InputError, require

LONGEST, MOST_PARTS, DEEPEST = 400, 120, 24  # characters, parts and nesting of a formula
REMEDY = "write a formula in numbers, names and + - * / **, comparisons, and, or, not, {}; such as 1 + 2/K"

Value = Any  # a number, a word, or a column of either


def _known(column: Value) -> Value:
    """Where there is a value."""
    return np.array([item is not None and item == item for item in np.atleast_1d(np.asarray(column, dtype=object))])


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "abs": np.abs, "arcsin": np.arcsin, "ceil": np.ceil, "cos": np.cos, "exp": np.exp, "floor": np.floor,
    "known": _known, "log": np.log, "maximum": np.maximum, "minimum": np.minimum, "sin": np.sin, "sqrt": np.sqrt,
    "tanh": np.tanh,
}
TWO = ("maximum", "minimum")  # functions of two arguments
ARITHMETIC: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power}
COMPARISONS: Mapping[type, Callable[[Value, Value], Value]] = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal}
EQUALITIES = (ast.Eq, ast.NotEq)
SIGNS: Mapping[type, Callable[[Value], Value]] = {
    ast.USub: np.negative, ast.UAdd: np.positive, ast.Not: np.logical_not}


class Formula:
    """A formula whose syntax is sound. Raises InputError for anything that is not arithmetic.

    Attributes
    ----------
    text : as it was written. names : the numbers or columns that it needs.
    """

    def __init__(self, text: str):
        self.text = text
        require(len(text) <= LONGEST, "formula", f"{text[:40]}...", f"write one of at most {LONGEST} characters")
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._refused() from None
        parts = [node for node in ast.walk(self._body) if isinstance(node, ast.expr)]
        require(len(parts) <= MOST_PARTS, "formula", text, f"write one of at most {MOST_PARTS} parts")
        self.names = self._names(self._body, 0)

    def __call__(self, names: Mapping[str, Value]) -> Value:
        """The value, a column where a name is a column. Raises InputError for names that are not there, for words in
        arithmetic, and for numbers that are not finite although no column is in them (a column may have gaps)."""
        missing = sorted(self.names - names.keys())
        require(not missing, "formula", self.text, f"there is no {', '.join(missing)}, only {_list(names)}")
        with np.errstate(all="ignore"):
            return self._value(self._body, names)

    def _refused(self) -> InputError:
        return InputError("formula", self.text, REMEDY.format(", ".join(FUNCTIONS)))

    def _names(self, node: ast.expr, depth: int) -> frozenset[str]:
        """The names of a formula; anything that is not on the list, or nested too deeply, is refused."""
        require(depth <= DEEPEST, "formula", self.text, f"nest at most {DEEPEST} levels")
        match node:
            case ast.Constant(value=bool() | int() | float() | str()):
                return frozenset()
            case ast.Name(id=name):
                return frozenset({name})
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                inner = [left, right]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in SIGNS:
                inner = [operand]
            case ast.BoolOp(values=values):
                inner = values
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                    type(op) in COMPARISONS or isinstance(op, EQUALITIES) for op in ops):
                inner = [left, *others]
            case ast.Call(func=ast.Name(id=name), args=inner, keywords=[]) if (
                    name in FUNCTIONS and len(inner) == 1 + (name in TWO)):
                pass
            case _:
                raise self._refused()
        return frozenset().union(*(self._names(part, depth + 1) for part in inner))

    def _value(self, node: ast.expr, names: Mapping[str, Value]) -> Value:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return names[name]
            case ast.BoolOp(op=op, values=values):
                join = np.logical_and if isinstance(op, ast.And) else np.logical_or
                return join.reduce(np.broadcast_arrays(*(self._truth(part, names) for part in values)))
            case ast.Compare(left=left, ops=ops, comparators=others):
                ends = [self._value(part, names) for part in (left, *others)]
                pairs = [self._compared(op, one, two) for op, one, two in zip(ops, ends, ends[1:], strict=False)]
                return np.logical_and.reduce(np.broadcast_arrays(*pairs))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self._truth(operand, names))
            case ast.UnaryOp(op=op, operand=operand):
                return SIGNS[type(op)](self._number(operand, names))
            case ast.BinOp(left=left, op=op, right=right):
                return self._finite(ARITHMETIC[type(op)](self._number(left, names), self._number(right, names)))
            case ast.Call(func=ast.Name(id="known"), args=[argument]):
                return _known(self._value(argument, names))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._finite(FUNCTIONS[name](*(self._number(part, names) for part in arguments)))
        raise self._refused()

    def _compared(self, op: ast.cmpop, one: Value, two: Value) -> Value:
        if isinstance(op, EQUALITIES):  # of words too
            equal = np.equal(*(np.asarray(part, dtype=object) for part in (one, two))).astype(bool)
            return equal if isinstance(op, ast.Eq) else ~equal
        return COMPARISONS[type(op)](self._numeric(one), self._numeric(two))

    def _truth(self, node: ast.expr, names: Mapping[str, Value]) -> Value:
        value = np.asarray(self._value(node, names))
        require(value.dtype == bool, "formula", self.text, "join conditions, such as d > 1 and K == 3")
        return value

    def _number(self, node: ast.expr, names: Mapping[str, Value]) -> Value:
        return self._numeric(self._value(node, names))

    def _numeric(self, value: Value) -> Value:
        """As floats; a word in a column is a gap, one that stands alone a mistake."""
        if isinstance(value, str):
            raise self._refused()
        column = np.asarray(value)
        if column.dtype.kind in "bifu":
            return column.astype(float)
        return np.reshape([_float(item) for item in np.atleast_1d(column)], column.shape)

    def _finite(self, value: Value) -> Value:
        """A single number must be one: 1/0 and 9**9**9 are mistakes, gaps in a column are not."""
        if np.ndim(value) == 0 and not np.isfinite(value):
            raise InputError("formula", self.text, "its value is not a finite number")
        return value


@cache
def parsed(text: str) -> Formula:
    """The formula of a text, read once."""
    return Formula(text)


def evaluate(formula: str, names: Mapping[str, Any]) -> float:
    """The one number that a formula of numbers and of these names stands for; InputError for anything else."""
    value = parsed(formula)(names)
    if np.ndim(value) or isinstance(value, str) or not np.isfinite(value := float(value)):
        raise InputError("formula", formula, f"write a formula in {_list(names)}, such as 1 + 2/K")
    return value


def _float(item: Any) -> float:
    try:
        return float(item)
    except (TypeError, ValueError):
        return float("nan")


def _list(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "numbers"
