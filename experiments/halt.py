"""One worker's word to all others that a sweep is over, such as for a disk that is full."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

GOING = "going"
_halted: set[Path] = set()  # by this process, where the file cannot even be removed


class Halt:
    """A file in the folder of the sweep that is there as long as work goes on: a full disk takes none, but lets one go.
    """

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / GOING

    def begin(self) -> None:
        """Let the workers work."""
        _halted.discard(self.path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def call(self) -> None:
        """Whoever asks from now on hears that it is over."""
        _halted.add(self.path)
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    @property
    def called(self) -> bool:
        """Whether it is over."""
        return self.path in _halted or not self.path.exists()
