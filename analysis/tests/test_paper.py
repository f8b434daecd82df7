"""What a paper needs: tables, references, pictures one column wide."""

import re

import pytest

from analysis import paper
from analysis.claims.claim import read_claims
from analysis.files import STUDIES
from analysis.runs import compile_runs


@pytest.fixture(scope="module")
def written(synthetic_results):
    claims = [claim for claim in read_claims(STUDIES)[0] if claim.name in ("dimension_exponent", "epsilon_exponent")]
    files = paper.write(compile_runs(synthetic_results), claims, synthetic_results / "paper")
    return {str(path.relative_to(synthetic_results / "paper")): path for path in files}


def test_tables_are_floats_of_latex(written):
    for name in ("claims.tex", "accuracy.tex", "dimension.tex", "leaderboard.tex"):
        text = written[name].read_text()
        assert text.count(r"\toprule") == 1 and text.count(r"\label{") == 1
        rows = [line for line in text.splitlines() if line.endswith(r"\\") and "caption" not in line]
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1


def test_every_picture_is_there_with_its_caption(written):
    for name in ("claims/dimension_exponent", "iteration_complexity", "work_precision"):
        for ending in (".png", ".pdf", ".txt", ".tex"):
            assert written[f"figures/{name}{ending}"].stat().st_size > 50


def test_a_paper_has_an_entry_that_names_it(written):
    text = written["papers.bib"].read_text()
    assert text.count("@misc{") == 1 and "@misc{arxiv:2506.24042," in text and "Higher-Order Approximation" in text
    assert text.count("{") == text.count("}")


def test_an_unknown_paper_stands_by_its_number():
    known = paper.KNOWN.read_text()
    numbers = {number for claim in read_claims(STUDIES)[0] for number in paper.ARXIV.findall(claim.source)}
    assert len(numbers) > 20 and len(re.findall("^@misc", known, re.MULTILINE)) > 15
    assert all(re.search(rf"eprint = {{{number}}}", known) for number in re.findall(r"arxiv:([\d.]+)", known))


def test_without_records_it_says_what_makes_them(tmp_path, capsys):
    assert paper.main(["--results", str(tmp_path)]) == 1
    assert "make verify" in capsys.readouterr().err
