"""Files for a paper: colours, embedded type, captions and tables that LaTeX takes."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from matplotlib.mathtext import MathTextParser
from PIL import Image

from analysis import looks, style
from analysis.claims.claim import read_claims
from analysis.files import STUDIES
from analysis.printing import booktabs, in_html, latex, save


def test_a_picture_keeps_its_colours_and_embeds_its_type(tmp_path):
    figure, ((axes,),) = style.panels(1, 1, 2.0)
    for i, colour in enumerate(looks.COLOURS):
        axes.plot([0, 1], [i, i], color=colour, linewidth=4)
    png, pdf = save(figure, tmp_path / "folder" / "figure")
    shades = np.unique(np.asarray(Image.open(png).convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    for colour in looks.COLOURS:
        value = [int(colour[i:i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(shades - value).sum(axis=1).min() < 10
    content = pdf.read_bytes()
    assert b"/FontFile2" in content and b"CreationDate" not in content


@pytest.mark.parametrize("text, expected", [
    ("a_b & 95 % of {x}", r"a\_b \& 95 \% of \{x\}"),
    ("T of order epsilon^(-1/K)", r"T of order $\varepsilon^{-1/K}$"),
    ("O~(d/T) at ε", r"$\tilde O(d/T)$ at $\varepsilon$"), ("10⁻² ± 0.1", r"10$^{-2}$ $\pm$ 0.1"),
    ("like d^2. And log^3 T", r"like $d^{2}$. And $\operatorname{log}^{3}$ T"),
    ("x ~ y^", r"x \textasciitilde{} y\textasciicircum{}")])
def test_words_for_latex(text, expected):
    assert latex(text) == expected


def test_words_of_every_claim_are_sound_in_latex():
    for claim in read_claims(STUDIES)[0]:
        text = latex(f"{claim.words} [{claim.equation}]")
        words = text.split("$")
        assert len(words) % 2, text
        for number, part in enumerate(words):
            if number % 2:
                MathTextParser("path").parse(f"${part}$")  # raises for a formula that is none
            else:
                assert not re.search(r"(?<!\\)[&%#_^~]", part.replace(r"\textasciitilde{}", "")), text


@pytest.mark.parametrize("text, expected", [
    ("T >= d^(1 + 2/K) epsilon^(-1/K) & more", "T ≥ d<sup>1 + 2/K</sup> ε<sup>-1/K</sup> &amp; more"),
    ("O~(d^2/T). <b>", "Õ(d<sup>2</sup>/T). &lt;b&gt;")])
def test_words_for_html(text, expected):
    assert in_html(text) == expected


def test_a_caption_stands_beside_its_picture(tmp_path):
    figure, _ = style.panels(1, 1, 1.0)
    *_, txt, tex = save(figure, tmp_path / "of_v1.5", "What is shown, d^2 & more.")
    assert (txt.name, txt.read_text()) == ("of_v1.5.txt", "What is shown, d^2 & more.\n")
    assert r"\includegraphics{of_v1.5.pdf}" in tex.read_text() and r"$d^{2}$ \& more" in tex.read_text()


TABLE = pd.DataFrame({"family": ["low_rank", "50 %"], "order [95 %]": ["1.02 ± 0.1", "-"], "words": ["a" * 90, "b"]})


def test_a_table_for_booktabs():
    text = booktabs(TABLE, "Orders.", "orders", wide={"words": 5.0})
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")
    assert r"{@{}lrp{5cm}@{}}" in text and r"low\_rank & 1.02 $\pm$ 0.1 & " in text and r"\label{tab:orders}" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed: LaTeX is not run")
def test_latex_takes_it(tmp_path):
    figure, _ = style.panels(1, 1, 1.0)
    save(figure, tmp_path / "figure", "O~(d^(1 + 2/K) epsilon^(-1/K)), ε ± ≤ ∞, 10⁻² † ‖s‖ √τ")
    (tmp_path / "all.tex").write_text("\n".join([
        r"\documentclass{article}\usepackage{amsmath,amssymb,booktabs,graphicx,longtable}\begin{document}",
        r"\input{figure.tex}",
        booktabs(TABLE, "One.", "one"), booktabs(TABLE, "Two.", "two", wide={"words": 5.0}), r"\end{document}"]))
    subprocess.run(["pdflatex", "-halt-on-error", "all.tex"], cwd=tmp_path, check=True, capture_output=True)
