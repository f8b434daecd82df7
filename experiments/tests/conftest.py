"""The command line, called in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from experiments.run import main
from heroism.record import OWN, read_plans

QUICK = {"target": "sphere", "d": "4", "K": "2", "N": "2", "T": "[32,48]", "particles": "8"}


@dataclass
class CommandLine:
    """Runs ``python -m experiments.run`` with small defaults; records go to ``results``; no report unless asked for."""

    results: Path
    capsys: pytest.CaptureFixture[str]
    defaults: dict[str, str]

    def __call__(self, *arguments: str, **overrides: str) -> int:
        defaults = {"report": "false"} | self.defaults
        given = {argument.partition("=")[0].lstrip("~+") for argument in arguments}
        settings = {name: value for name, value in defaults.items() if name not in given} | overrides
        code = main([*arguments, *(f"{name}={value}" for name, value in settings.items()), f"results={self.results}"])
        self.out, self.err = self.capsys.readouterr()
        return code

    def records(self) -> list[dict[str, Any]]:
        """All records on disk, by T."""
        found = [json.loads(path.read_text()) for path in (self.results / "raw").glob("*.json")]
        return sorted(found, key=lambda record: (record["T"] or 0, record["key"]))

    def members(self, study: str = OWN) -> set[str]:
        """Keys of the records there are that the plan of a study names."""
        return set(read_plans(self.results / "raw")[0][study].keys) & {record["key"] for record in self.records()}


@pytest.fixture
def command(tmp_path, capsys) -> Callable[..., int]:
    return CommandLine(tmp_path, capsys, QUICK)


@pytest.fixture
def bare(tmp_path, capsys) -> Callable[..., int]:
    """Without the small defaults: what a study says counts."""
    return CommandLine(tmp_path, capsys, {})
