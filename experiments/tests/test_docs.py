"""The site: its examples run, its commands are read, what it links to as code is there; the strict build finds every
link (slow).
"""

import doctest
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec

import pytest

from experiments.choices import named
from experiments.paths import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
OVERALL = {"points.csv": "\n".join(f"{x},{x * x}" for x in (0.0, 0.5, 1.0, 2.0))}
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "docs")))
COMMANDS = sorted({line.partition("  #")[0].strip() for page in PAGES
                   for block in re.findall(r"```bash\n(.*?)```", page.read_text(), re.DOTALL)
                   for line in block.splitlines()})


@every_page
def test_its_examples_run(page):
    failed, _ = doctest.testfile(str(page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


@every_page
def test_code_that_it_links_to_is_there(page):
    text = page.read_text()
    assert text.startswith("# ") and all(named(name) for name in re.findall(r"\]\(code:([\w.]+)\)", text))


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("heroism ")])
def test_a_command_runs(bare, tmp_path, monkeypatch, line):
    (tmp_path / "points.csv").write_text(OVERALL["points.csv"])
    monkeypatch.chdir(tmp_path)
    given = [word for word in shlex.split(line)[1:] if not word.startswith(("T=", "smoke="))]
    of_study = any(word.startswith("study=") for word in given)
    small = {"smoke": "true"} if of_study else {"T": "[16,24]", "particles": "8"}
    assert bare(*given, **small) == 0, bare.err
    assert all(record["status"] == "done" for record in bare.records())


@pytest.mark.parametrize("target", sorted({line.split()[1] for line in COMMANDS if line.startswith("make ")}))
def test_a_target_of_make_is_there(target):
    assert re.search(rf"^{target}:.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.slow
def test_the_site_is_built_strictly(tmp_path):
    if find_spec("mkdocs") is None or find_spec("latex2mathml") is None:
        pytest.skip("mkdocs is missing: pip install -e .[docs]")
    built = subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(tmp_path)], cwd=ROOT,
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 150 and not any("arithmatex" in page.read_text() for page in pages)
    assert not any(re.search(r'(?:src|href)="https?://(?!squidfunk)', page.read_text()) for page in pages[:20])
