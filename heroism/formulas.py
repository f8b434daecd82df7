"""Formulas as they stand in study files, such as ``1 + 2/K``: arithmetic with names, and nothing else."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from heroism.errors import InputError

OPERATIONS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}


def evaluate(formula: str, names: Mapping[str, Any]) -> float:
    """A formula of numbers, names, + - * / and **; InputError for anything else."""
    remedy = f"write a formula in {', '.join(names) or 'numbers'}, such as 1 + 2/K"

    def value(node: ast.AST) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id in names:
            return float(names[node.id])
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](value(node.operand))
        raise InputError("formula", formula, remedy)

    try:
        return value(ast.parse(formula, mode="eval").body)
    except (SyntaxError, ZeroDivisionError):
        raise InputError("formula", formula, remedy) from None
