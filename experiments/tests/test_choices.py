"""The help: every choice with a line of meaning, the shortest useful examples, and they run."""

import re
import shlex

import pytest

import heroism
from experiments import choices, run
from experiments.paths import CONF, ROOT
from heroism import places
from heroism.errors import InputError

HELP = choices.text()
FILES = [path for group in choices.GROUPS for path in sorted((CONF / group).rglob("*.yaml"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_choice_has_a_meaning(path):
    said = choices.meaning(path)
    assert len(said) > 8 and not said.startswith("_") and "``" not in said
    line, = re.findall(rf"^  {path.stem} +(\S.*)$", HELP.partition(f"\n{group(path)}=\n")[2].partition("\n\n")[0], re.M)
    assert len(line) > 8


def group(path):
    return path.relative_to(CONF).parts[0]


def test_it_is_printed_without_hydra(capsys):
    for flag in choices.FLAGS:
        assert run.main([flag]) == 0 and capsys.readouterr().out.strip() == HELP.strip()
    assert max(map(len, HELP.splitlines())) <= 140


@pytest.mark.parametrize("line", re.findall(r"^heroism .*?(?=  )", HELP, re.MULTILINE))
def test_its_examples_run(bare, line):
    small = {} if "study=" in line else {"T": "[16,24]", "particles": "8"}
    assert bare(*shlex.split(line)[1:], **small) == 0, bare.err
    assert all(record["status"] == "done" for record in bare.records())


def test_where_configs_and_results_are(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "heroism"
    monkeypatch.chdir(tmp_path)
    assert (places.conf(package, {}), places.results(package, {})) == (package / "conf", tmp_path / "results")
    (package.parent / "conf").mkdir(parents=True)
    (package.parent / "pyproject.toml").touch()
    assert places.conf(package, {}) == package.parent / "conf"
    assert places.results(package, {}) == package.parent / "results"
    named = {places.CONF_VARIABLE: str(tmp_path / "a"), places.RESULTS_VARIABLE: str(tmp_path / "b")}
    assert (places.conf(package, named), places.results(package, named)) == (tmp_path / "a", tmp_path / "b")
    with pytest.raises(InputError, match=r"HEROISM_CONF.*config\.yaml"):
        places.check(tmp_path)


def test_a_file_makes_nobody_import_what_it_likes(tmp_path):
    file = tmp_path / "evil.yaml"
    file.write_text("_target_: os.system\n")
    assert choices.named("os.system") is None and choices.meaning(file) == ""
    assert choices.named("heroism.targets.Sphere").__name__ == "Sphere"
    assert choices.named("heroism.targets.Empirical.digits").__name__ == "digits"
    assert choices.named("heroism.theory").__name__ == "heroism.theory"


@pytest.mark.parametrize("file", ["pyproject.toml", "CITATION.cff", "CHANGELOG.md"])
def test_the_version_is_the_same_everywhere(file):
    assert re.search(rf"\b{re.escape(heroism.__version__)}\b", (ROOT / file).read_text())


def test_a_folder_without_configs_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "CONF", tmp_path)
    assert run.main(["target=sphere"]) == 2
    said = capsys.readouterr().err
    assert "HEROISM_CONF" in said and said.count("\n") == 1
