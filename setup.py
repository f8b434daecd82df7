"""The wheel brings the configs of the repository along, as ``heroism/conf``; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithConfigs(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            shutil.copytree(Path(__file__).parent / "conf", Path(self.build_lib) / "heroism" / "conf",
                            dirs_exist_ok=True)


setup(cmdclass={"build_py": WithConfigs})
