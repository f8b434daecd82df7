"""The key of a record knows the code that computes it, and nothing else."""

import ast
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from experiments import measure, sources
from experiments.build import build
from experiments.paths import CONF, ROOT
from experiments.tests.test_configs import NEEDS, extras_are_optional, jobs
from experiments.words import measures
from heroism.errors import InputError

JOBS = {"heroism": "heroism.samplers.Heroism", "unipc": "heroism.samplers.UniPC", "ddim": "heroism.samplers.Ddim",
        "exact": "heroism.samplers.Ddim", "churn": "heroism.samplers.stochastic.Churn"}
LAWS = {"exact", "churn"}  # those that ask for an exact law
DIGESTS = """
import json, sys
from experiments.sources import digest
nodes = {"target": "heroism.targets.Sphere", "schedule": "heroism.noise.paper_schedule",
         "perturbation": "heroism.scores.ExactScore", "start": "heroism.starts.Exact"}
distance = "heroism.measures.distances.TotalVariation"
print(json.dumps({name: digest({"sampler": {"_target_": path},
                                "measure": {"one": {"_target_": distance, "exact": name == "exact"}},
                                **{group: {"_target_": node} for group, node in nodes.items()}})
                  for name, path in json.loads(sys.argv[1]).items()}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources, to be changed."""
    folder = tmp_path_factory.mktemp("sources")
    for name in ("heroism", "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    return folder


def digests(folder, jobs=JOBS):
    """Of every job, as a fresh process sees them."""
    command = [sys.executable, "-c", DIGESTS, json.dumps(jobs)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True,
                          env={"PYTHONPATH": str(folder)})
    return json.loads(done.stdout)


@cache
def untouched(folder):
    return digests(folder)


def changed(folder, file, edit):
    """The jobs whose digest an edit of one file changes."""
    path, before = folder / file, untouched(folder)
    text = path.read_text() if path.exists() else ""
    path.write_text(edit(text))
    try:
        after = digests(folder)
    finally:
        path.write_text(text) if text else path.unlink()
    return {name for name in JOBS if before[name] != after[name]}


def halved(text):
    """The first number in the code, halved; a number more where there is none."""
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
            line = lines[node.lineno - 1].encode()
            changed = line[:node.col_offset] + str(node.value / 2).encode() + line[node.end_col_offset:]
            return "".join([*lines[:node.lineno - 1], changed.decode(), *lines[node.lineno:]])
    return f"{text}\nHALF = 0.5\n"


@pytest.mark.parametrize("file, whose", [
    ("heroism/samplers/heroism.py", {"heroism"}), ("heroism/samplers/ddim.py", {"ddim", "exact"}),
    ("heroism/samplers/stochastic/churn.py", {"churn"}), ("heroism/samplers/stochastic/recursion.py", LAWS),
    ("heroism/measures/stochastic/laws.py", LAWS), ("heroism/measures/stochastic/radius.py", LAWS),
    ("heroism/measures/distances/total_variation.py", set(JOBS)), ("heroism/samplers/composed/pilot.py", set()),
    ("heroism/record/records.py", set()), ("heroism/record/measured.py", set(JOBS)),
    ("heroism/samplers/multistep.py", {"unipc"}), ("heroism/samplers/base.py", set(JOBS)),
    ("heroism/targets/sphere.py", set(JOBS)), ("heroism/noise.py", set(JOBS)), ("heroism/transport.py", set(JOBS)),
    ("heroism/targets/student_t.py", set()), ("heroism/samplers/__init__.py", set()),
    ("heroism/samplers/new.py", set()),
    ("experiments/progress.py", set())])
def test_code_counts_for_the_jobs_that_import_it(copy, file, whose):
    assert changed(copy, file, halved) == whose


@pytest.mark.parametrize("edit", [
    lambda text: f"# a comment\n{text}", lambda text: text.replace('"""', '"""Differently said: ', 1),
    lambda text: text.replace("\n\n\n", "\n\n\n\n")])
def test_comments_docstrings_and_layout_do_not_count(copy, edit):
    assert changed(copy, "heroism/samplers/base.py", edit) == set()


def test_a_sampler_of_ones_own_counts_with_what_it_imports(copy):
    (copy / "mine").mkdir()
    (copy / "mine" / "__init__.py").write_text("from mine.sampler import Mine\n")
    (copy / "mine" / "half.py").write_text("HALF = 0.5\n")
    (copy / "mine" / "sampler.py").write_text("import numpy\nfrom mine.half import HALF\n\nclass Mine: share = HALF\n")
    jobs = {"mine": "mine.Mine", "ddim": JOBS["ddim"]}
    before = digests(copy, jobs)
    (copy / "mine" / "half.py").write_text("HALF = 0.25\n")
    after = digests(copy, jobs)
    assert before["mine"] != after["mine"] and before["ddim"] == after["ddim"]


def executed(parts, T):
    """The modules of ours whose functions run while a rung is measured."""
    files = set()
    sys.setprofile(lambda frame, event, _: event == "call" and frame.f_code.co_name != "<module>"
                   and files.add(frame.f_code.co_filename))
    try:
        measure.check_measures(parts, 8)
        measure.measure(parts, T, 8, 0)
    finally:
        sys.setprofile(None)
    inside = (Path(file).relative_to(ROOT).with_suffix("") for file in files if file.startswith(f"{ROOT}/heroism/"))
    return {".".join(file.parts).removesuffix(".__init__") for file in inside}


SAMPLERS = [path.stem for path in sorted((CONF / "sampler").glob("*.yaml"))]
MEASURES = [(name, sampler, "product_mixture") for name in measures() for sampler in ("heroism", "ddpm")]


@pytest.mark.parametrize("distance, sampler, target", [
    *(("total_variation", name, "gaussian") for name in SAMPLERS), *MEASURES])
def test_what_runs_is_in_the_digest(distance, sampler, target):
    """Also what is imported where it is needed: no result outlives a change of what computed it."""
    made, = jobs("T=8", "schedule=log_snr", f"sampler={sampler}", f"distance={distance}", f"target={target}", "d=2",
                 *NEEDS.get(sampler, []))
    with extras_are_optional():
        parts = build(made.config)
    try:
        ran = executed(parts, 8)
    except InputError:  # not to be measured of this sampler
        return
    assert ran - sources.modules(made.config).keys() == set()


def test_names_that_lead_nowhere_have_a_digest_too(copy):
    """The mistake is told where the job is built."""
    assert len(set(digests(copy, {"a": "heroism.samplers.Herosim", "b": "nowhere.at.all", "c": "odd"}).values())) >= 1
