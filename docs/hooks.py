"""Pages that nobody writes: claims, targets, samplers, measures, code and results; formulas as MathML. No network."""

from __future__ import annotations

import inspect
import io
import re
import sys
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas as pd
from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files

from analysis import looks
from analysis.claims.claim import Claim, read_claims
from analysis.claims.table import Judged, by_claim, judge_all, readable, source, tabulate
from analysis.curves import curves
from analysis.files import RESULTS, STUDIES
from analysis.printing import in_html
from analysis.runs import Runs, read_runs
from analysis.text import markdown
from docs.pictures import of_points, of_target
from experiments.choices import NAMED, meaning, named
from experiments.paths import CONF, ROOT

CODE = re.compile(r"\]\(code:([\w.]+)\)")
KINDS = {"targets": "target", "samplers": "sampler", "measures": "measure"}
PUBLISHED = {"leaderboard": "Leaderboard", "practice": "Practice", "diffusers": "Shipped solvers"}
GALLERY = """# Gallery: samplers at work in the plane

*Flow*: the density at five noise levels, and paths of HEROISM through it. *Error*: log q - log p of the output where it
lands (white: right), every sampler with the same number of score evaluations. *Refinement*: the rounds inside one large
step; blue rings: where the exact flow ends."""
Pages = Iterator[tuple[str, str | bytes]]


def on_config(config: Any) -> Any:
    """The order of pages; those that nobody writes are listed too."""
    claims = [f"claims/{claim.name}.md" for claim in _claims()]
    kinds = [{name.capitalize(): [f"{name}/index.md", *(f"{name}/{path.stem}.md" for path in _choices(group))]}
             for name, group in KINDS.items()]
    theory = [f"theory/{name}.md" for name in ("total_variation", "samplers", "rates", "transition")
              if (ROOT / "docs" / "theory" / f"{name}.md").is_file()]
    config.nav = [
        {"Quick start": "index.md"}, {"How to read a slope": "slopes.md"}, {"Theory": theory},
        {"Claims": ["claims/index.md", *claims]},
        {"Results": [*({title: f"{name}.md"} for name, title in PUBLISHED.items()), {"Gallery": "gallery.md"}]}, *kinds,
        {"How to": ["howto/own.md", "howto/machines.md"]}, {"Design": "design.md"}, {"Changes": "changes.md"}]
    config.not_in_nav = _not_in_nav()
    return config


def _not_in_nav() -> Any:
    from pathspec.gitignore import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(["code/*"])


def on_files(files: Files, config: Any) -> Files:
    """The pages that are made, and their pictures."""
    for make in (_of_claims, _of_kinds, _of_results, _of_code):
        for name, content in make(files):
            files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(text: str, page: Any, **_: Any) -> str:
    """Links to code lead to its page, wherever this one stands."""
    up = "../" * page.file.src_uri.count("/")
    return CODE.sub(lambda found: f"]({up}code/{found[1]}.md)", text)


def on_page_content(html: str, **_: Any) -> str:
    """Formulas as MathML, which browsers draw without a script."""
    html = re.sub(r'<span class="arithmatex">\\\((.*?)\\\)</span>', lambda one: convert(unescape(one[1])), html,
                  flags=re.S)
    return re.sub(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>',
                  lambda one: convert(unescape(one[1]), display="block"), html, flags=re.S)


# ---- claims --------------------------------------------------------------------------------------

@cache
def _claims() -> list[Claim]:
    return [claim for claim in read_claims(STUDIES)[0] if claim.listed]


@cache
def _runs() -> Runs:
    return read_runs(RESULTS / "tables")


@cache
def _judged() -> list[Judged]:
    return judge_all(_claims(), _runs().table)


def _of_claims(_: Files) -> Pages:
    rows, every = [], by_claim(_judged())
    for claim in _claims():
        judged = every.get(claim.name, [])
        words = ", ".join(dict.fromkeys(one.verdict.word for one in judged))
        rows.append({"claim": f"[{in_html(claim.words)}]({claim.name}.md)", "source": source(claim), "verdict": words})
        yield f"claims/{claim.name}.md", _claim(claim, judged)
        picture = RESULTS / "figures" / "claims" / f"{claim.name}.png"
        if picture.is_file():
            yield f"claims/{claim.name}.png", picture.read_bytes()
    yield "claims/index.md", "# Claims\n\n" + markdown(pd.DataFrame(rows), ["claim", "source", "verdict"])


def _claim(claim: Claim, judged: list[Judged]) -> str:
    table = readable(tabulate(judged)).drop(columns=["claim", "source"])
    table.insert(0, "row", [one.names or "all" for one in judged])
    picture = RESULTS / "figures" / "claims" / f"{claim.name}.png"
    control = claim.control
    return "\n\n".join(filter(None, [
        f"# {claim.name.replace('_', ' ').capitalize()}", f"> {in_html(claim.words)}", f"**Source:** {source(claim)}.",
        f"**Predicted:** {claim.direction} {claim.predicted}, tolerance {claim.tolerance}. **Refuted by:** "
        f"{claim.refuted_by}.",
        f"![What was measured, and what is predicted]({claim.name}.png)" if picture.is_file() else "",
        markdown(table, ["row", "predicted", "measured (95% interval)", "verdict", "why"]),
        f"**Negative control:** {control.words}" if control else "",
        f"**Again:**\n\n```bash\nheroism -m study={claim.study}\npython -m analysis.report {claim.study}\n```",
        f"??? note \"conf/study/{claim.study}.yaml\"\n\n" + _indented((STUDIES / f"{claim.study}.yaml").read_text())]))


def _indented(text: str) -> str:
    return "    ```yaml\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "    ```"


# ---- targets, samplers, measures -----------------------------------------------------------------

def _choices(group: str) -> list[Path]:
    return sorted((CONF / group).rglob("*.yaml"), key=lambda path: path.stem)


def _of_kinds(_: Files) -> Pages:
    points = curves(_runs().table)
    for kind, group in KINDS.items():
        rows = []
        for path in _choices(group):
            yield f"{kind}/{path.stem}.md", _choice(path, group)
            picture = of_target(path.stem) if group == "target" else \
                of_points(points[points[{"sampler": "sampler", "measure": "distance"}[group]] == path.stem], group)
            yield f"{kind}/{path.stem}.png", _png(picture)
            rows.append({"name": f"[{path.stem}]({path.stem}.md)", "": meaning(path)})
        yield f"{kind}/index.md", f"# {kind.capitalize()}\n\n" + markdown(pd.DataFrame(rows), ["name", ""])


def _choice(path: Path, group: str) -> str:
    content = path.read_text()
    dotted = NAMED.search(content)[1]  # type: ignore[index]
    return "\n\n".join([
        f"# {looks.name(path.stem)}", f"`{group}={path.stem}`, [source](code:{dotted})",
        f"![{meaning(path)}]({path.stem}.png)", _docstring(named(dotted)), "## Settings", f"```yaml\n{content}```"])


def _docstring(what: Any) -> str:
    """As it stands: its mathematics is plain text."""
    text = re.sub(r"(?<=\n\n) {4}.*", lambda found: found[0].replace("``", ""), inspect.getdoc(what) or "")
    text = re.sub(r"``(.+?)``", r"`\1`", text.replace("<", "&lt;"), flags=re.S)
    return re.sub(r"^([\w, *]+) : ", r"- `\1`: ", re.sub(":(?:func|class|mod):", "", text), flags=re.M)


def _png(figure: Any) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return drawn.getvalue()


# ---- results and code ----------------------------------------------------------------------------

def _of_results(_: Files) -> Pages:
    for name, title in PUBLISHED.items():
        page = RESULTS / f"{name}.md"
        yield f"{name}.md", page.read_text() if page.is_file() else f"# {title}\n\nNothing is published of it yet."
    yield "changes.md", (ROOT / "CHANGELOG.md").read_text()
    pictures = sorted([*(RESULTS / "gallery").glob("*.png"), *(RESULTS / "gallery").glob("*.gif")])
    for path in pictures:
        yield f"gallery/{path.name}", path.read_bytes()
    shown = [f"## {path.stem.replace('_', ', ')}\n\n![{path.stem}](gallery/{path.name})" for path in pictures]
    yield "gallery.md", "\n\n".join([GALLERY, *(shown or ["Nothing is drawn yet: `make gallery`."])])


def _of_code(files: Files) -> Pages:
    """A page for everything that a page links to as code."""
    wanted = {found for file in files if file.is_documentation_page() for found in CODE.findall(file.content_string)}
    for dotted in sorted(wanted):
        what = named(dotted)
        if what is None:
            raise LookupError(f"a page links to code:{dotted}, which is not there")
        yield f"code/{dotted}.md", f"# {dotted.rpartition('.')[2]}\n\n`{dotted}`\n\n```python\n{_source(what)}\n```"


def _source(what: Any) -> str:
    if isinstance(what, ModuleType):
        return inspect.getsource(what)
    return inspect.getsource(inspect.unwrap(getattr(what, "__func__", what)))


