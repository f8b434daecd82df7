"""Pictures and tables for a paper: PNG and PDF with embedded fonts, captions as text and LaTeX, tables for booktabs."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from analysis.text import LEFT

SHADES = 128  # colours of a PNG: line art needs no more, and a third of the bytes
SPECIAL = {"\\": r"\textbackslash{}", **{one: f"\\{one}" for one in "&%$#_{}"}, "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$"}
UNICODE = {one: f"${symbol}$" for one, symbol in {
    "ε": r"\varepsilon", "η": r"\eta", "ω": r"\omega", "\N{GREEK SMALL LETTER SIGMA}": r"\sigma", "τ": r"\tau",
    "∇": r"\nabla", "±": r"\pm", "≤": r"\le", "≥": r"\ge", "\N{MULTIPLICATION SIGN}": r"\times", "·": r"\cdot",
    "∞": r"\infty", "†": r"\dagger", "‖": r"\|", "√": r"\surd", "→": r"\to", "\N{MINUS SIGN}": "-", "∂": r"\partial",
    "▲": r"\blacktriangle", "△": r"\triangle"}.items()} | {"\N{NO-BREAK SPACE}": "~"}
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True))
# As claims are written in plain text: powers, O with logarithms left out, epsilon.
POWER = r"(?:\([^()]*\)|-?\w+(?:\.\d+)?)"
PLAIN = ((rf"([\w~]+|\([^()]*\))\^({POWER})", r"\1^{\2}"), (r"\bO~", r"\\tilde O"),
         (r"\bepsilon\b", r"\\varepsilon"), (r"\b(log|sqrt)\b", r"\\operatorname{\1}"))
MATHS = re.compile(rf"\bO~(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?|[\w~]+\^{POWER}|\bepsilon\b")


def save(figure: Figure, path: Path, caption: str = "") -> list[Path]:
    """As PNG and PDF (fonts embedded) beside each other, with the same bytes for the same figure; with a caption, also
    that as text, and a float of LaTeX that shows the PDF over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    png, pdf, txt, tex = (path.with_name(path.name + suffix) for suffix in (".png", ".pdf", ".txt", ".tex"))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    figure.set_layout_engine("none")  # what is laid out stays where it is: half of the time of a picture
    shades = Image.open(drawn).convert("RGB").quantize(SHADES, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    shades.save(png, optimize=True)
    figure.savefig(pdf, metadata={"Creator": None, "Producer": None, "CreationDate": None})
    if not caption:
        return [png, pdf]
    txt.write_text(caption + "\n")
    tex.write_text("\n".join([
        r"\begin{figure}", r"  \centering", rf"  \includegraphics{{{pdf.name}}}", rf"  \caption{{{latex(caption)}}}",
        rf"  \label{{fig:{path.name}}}", r"\end{figure}", ""]))
    return [png, pdf, txt, tex]


def latex(text: str) -> str:
    """Words for LaTeX: what is special there is escaped; symbols, and powers in plain text, become mathematics."""
    parts, at = [], 0
    for found in MATHS.finditer(text):
        parts += [_escaped(text[at:found.start()]), f"${_formula(found[0])}$"]
        at = found.end()
    return re.sub(r"\$\$", "", "".join([*parts, _escaped(text[at:])]))


def in_html(text: str) -> str:
    """Words for HTML: escaped; powers in plain text are raised, epsilon and O~ become the symbols."""
    raised = re.sub(rf"\^({POWER})", lambda found: f"<sup>{found[1].strip('()')}</sup>", escape(text))
    return re.sub(r"\bepsilon\b", "ε", raised).replace("O~", "Õ").replace("&gt;=", "≥").replace("&lt;=", "≤")


def booktabs(table: pd.DataFrame, caption: str, label: str, wide: Mapping[str, float] | None = None) -> str:
    """A float for LaTeX with the package booktabs, words at the left and numbers at the right; columns in ``wide`` are
    paragraphs of so many cm. What does not fit on a page goes on as a longtable, in small type."""
    wide = wide or {}
    columns = "".join(f"p{{{wide[name]:g}cm}}" if name in wide else "l" if name in LEFT else "r" for name in table)
    head = " & ".join(latex(str(name)) for name in table) + r" \\"
    body = [" & ".join(latex(str(cell)) for cell in row) + r" \\" for row in table.itertuples(index=False)]
    named = rf"\caption{{{latex(caption)}}}\label{{tab:{label}}}"
    if len(table) > 40 or wide:
        return "\n".join([r"{\footnotesize\setlength{\tabcolsep}{3pt}",
                          rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}", named + r" \\", r"\toprule", head,
                          r"\midrule", r"\endhead", *body, r"\bottomrule", r"\end{longtable}}", ""])
    return "\n".join([r"\begin{table}", r"\centering", named, rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
                      r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _formula(text: str) -> str:
    for pattern, symbol in PLAIN:
        text = re.sub(pattern, symbol, text)
    return re.sub(r"\{\(([^()]*)\)\}", r"{\1}", text).replace("_", r"\_")


def _escaped(text: str) -> str:
    raised = re.sub(f"[{''.join(RAISED)}]+", lambda found: "\0" + "".join(RAISED[one] for one in found[0]) + "\1", text)
    plain = "".join(SPECIAL.get(one) or UNICODE.get(one) or one for one in raised)
    return plain.replace("\0", "$^{").replace("\1", "}$")
