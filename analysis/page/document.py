"""The page as text: tables that stand without a script, and scripts, compressed, that make them answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

from analysis import looks
from analysis.claims.notation import x_label, y_label
from analysis.claims.table import Judged, tabulate
from analysis.page.data import packed, points, rows
from analysis.printing import in_html
from analysis.runs import Runs
from analysis.text import NONE, interval, level

HERE = Path(__file__).parent
COLUMNS = ("claim", "source", "predicted", "measured", "verdict")


def document(judged: Sequence[Judged], runs: Runs, board: pd.DataFrame, script: str) -> str:
    """One HTML file, without anything from elsewhere.

    ``board`` : the table ``leaderboard`` of the study of that name, without rows if it did not run. ``script`` : the
    libraries that draw (vega, vega-lite and vega-embed), as JavaScript that makes ``vegaEmbed`` global.
    """
    table = tabulate(judged)
    details = rows(judged, runs)
    for one, detail in zip(judged, details, strict=True):
        detail |= {"x": _plain(x_label(one.claim.statistic)), "y": _plain(y_label(one.claim.statistic))}
    page = Template((HERE / "page.html").read_text())
    return page.substitute(
        style=(HERE / "page.css").read_text(), script=(HERE / "page.js").read_text(), libraries=packed(script),
        points=packed(points(runs)), details=packed(details), claims=_claims(table, details),
        filters=_filters(table, details), leaderboard=_leaderboard(board), counts=_counts(table),
        provenance=_provenance(runs))


def _claims(table: pd.DataFrame, details: Sequence[Mapping[str, Sequence[str]]]) -> str:
    """The rows of the table of claims, with what they can be filtered by."""
    lines = []
    for number, (row, detail) in enumerate(zip(table.to_dict("records"), details, strict=True)):
        cells = [f"<td>{in_html(str(row[name]))}</td>" for name in COLUMNS[:3]]
        value = "" if pd.isna(row["value"]) else f' data-value="{row["value"]:.6g}"'
        cells.append(f"<td{value}>{escape(str(row['measured']))}</td>")
        word = str(row["verdict"])
        why = f'<small>{escape(str(row["why"]))}</small>' if row["why"] else ""
        cells.append(f'<td><span class="verdict {word.split()[0]}">{escape(word)}</span>{why}</td>')
        cells.append(f'<td><button type="button" class="show" aria-expanded="false" data-row="{number}" aria-label='
                     f'"Figure of claim {number + 1}">figure</button></td>')
        lines.append(f'<tr data-paper="{escape(_paper(row["source"]))}" data-verdict="{escape(word)}" data-target="'
                     f'{escape(" ".join(detail["targets"]))}" data-sampler="{escape(" ".join(detail["samplers"]))}" '
                     f'id="{escape(str(row["name"]))}-{number}">{"".join(cells)}</tr>')
    return "\n".join(lines)


def _filters(table: pd.DataFrame, details: Sequence[Mapping[str, Sequence[str]]]) -> str:
    every = {"paper": sorted({_paper(source) for source in table["source"]}),
             "verdict": sorted(set(table["verdict"])),
             "sampler": sorted({one for detail in details for one in detail["samplers"]}),
             "target": sorted({one for detail in details for one in detail["targets"]})}
    said = {"sampler": looks.name, "target": looks.name}
    return "\n".join(
        f'<label>{name} <select data-filter="{name}"><option value="">all</option>' + "".join(
            f'<option value="{escape(value)}">{escape(said.get(name, str)(value))}</option>' for value in values)
        + "</select></label>" for name, values in every.items())


def _leaderboard(board: pd.DataFrame) -> str:
    """A row per target, sampler and setting; a column of score evaluations and one of rounds per level."""
    if board.empty:
        return '<tr><td>The leaderboard did not run: make leaderboard.</td></tr>'
    levels = sorted(board["epsilon"].unique(), reverse=True)
    heads = ["target", "method", *(f"{level(at)} {cost}" for at in levels for cost in ("NFE", "rounds")), "order",
             "declared"]
    lines = ["<thead><tr>" + "".join(f'<th scope="col"><button type="button">{escape(head)}</button></th>'
                                     for head in heads) + "</tr></thead><tbody>"]
    for (target, d, method), group in board.groupby(["target", "d", "method"], sort=True):
        first, by = group.iloc[0], group.set_index("epsilon")
        cells = [f'<td data-text="{escape(f"{target} {d:09d}")}">{escape(looks.name(str(target)))}, d = {d}</td>',
                 f"<td>{escape(str(method))}</td>"]
        cells += [_number(by.at[at, cost], ".0f") for at in levels for cost in ("evaluations", "rounds")]
        cells.append(_number(first["order"], ".2f", interval(first["order"], first["order_low"], first["order_high"])))
        cells.append(_number(first["declared_order"], "g"))
        ours = ' class="ours"' if first["ours"] else ""
        lines.append(f'<tr data-target="{escape(str(target))}"{ours}>{"".join(cells)}</tr>')
    return "\n".join([*lines, "</tbody>"])


def _number(value: float, form: str, text: str = "") -> str:
    known = pd.notna(value) and abs(value) < float("inf")
    return f'<td class="n" data-value="{value:.8g}">{text if text != NONE and text else format(value, form)}</td>' \
        if known else f'<td class="n">{NONE}</td>'


def _counts(table: pd.DataFrame) -> str:
    return ", ".join(f"{count} {escape(str(word))}" for word, count in table["verdict"].value_counts().items())


def _provenance(runs: Runs) -> str:
    """Where the records come from: machines, versions, commits, and how many runs each made."""
    shown = [name for name in runs.environments if name == "commit" or name.startswith(("machine.", "versions."))]
    if not shown:
        return "<p>Nothing is known about where these records come from.</p>"
    counts = runs.table.drop_duplicates("key")["environment"].value_counts()
    heads = "".join(f'<th scope="col">{escape(name.partition(".")[2] or name)}</th>' for name in [*shown, "runs"])
    body = "".join("<tr>" + "".join(f"<td>{escape(_short(row[name]))}</td>" for name in shown)
                   + f'<td class="n">{counts.get(row["environment"], 0)}</td></tr>'
                   for row in runs.environments.to_dict("records"))
    return f'<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _short(value: object) -> str:
    text = "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)
    return text[:10] if len(text) == 40 else text


def _paper(source: str) -> str:
    return source.partition(",")[0]


def _plain(text: str) -> str:
    """A label of mathematics in words, for a drawing that has no mathematics."""
    for symbol, plain in (("$", ""), (r"\log", "log"), (r"\varepsilon", "ε"), (r"\mathrm", ""), (r"\sqrt", "√"),
                          (r"\Vert", "‖"), (r"\nabla", "∇"), (r"\tau", "τ"), (r"\,", " "), ("{", ""), ("}", "")):
        text = text.replace(symbol, plain)
    return text


