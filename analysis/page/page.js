"use strict";
// Tables stand in the page as they are; this filters and sorts them, and draws what is asked for.
const all = (query, from = document) => [...from.querySelectorAll(query)];
const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (one) => one.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

let loading;
const libraries = () => loading ??= unpacked("libraries").then((text) => new Promise((done, failed) => {
  const source = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  document.head.append(make("script", { type: "module", src: source, onload: done, onerror: failed }));
}));

async function draw(where, spec) {
  await libraries();
  await vegaEmbed(where, { $schema: "https://vega.github.io/schema/vega-lite/v6.json", background: "white",
    config: { font: "system-ui, sans-serif", axis: { gridColor: "#eee", titleFontWeight: "normal" } }, ...spec },
  { actions: { export: true, source: false, compiled: false, editor: false }, renderer: "svg" });
  all("summary", where).forEach((one) => one.setAttribute("aria-label", "Save the figure"));
  all("svg.marks", where).forEach((one) => one.setAttribute("aria-label", spec.description));
}

// ---- claims: filters, order, figures ------------------------------------------------------------
const claims = all("#claims-table > tbody > tr");

function filter() {
  const chosen = Object.fromEntries(all("[data-filter]").map((one) => [one.dataset.filter, one.value]));
  const words = chosen.words.toLowerCase();
  let shown = 0;
  for (const row of claims) {
    const fits = ["paper", "verdict"].every((name) => !chosen[name] || row.dataset[name] === chosen[name]) &&
      ["sampler", "target"].every((name) => !chosen[name] || row.dataset[name].split(" ").includes(chosen[name])) &&
      row.textContent.toLowerCase().includes(words);
    row.hidden = !fits;
    if (row.nextElementSibling?.classList.contains("picture")) row.nextElementSibling.hidden = !fits;
    shown += fits;
  }
  document.querySelector("#claims output").textContent = `${shown} of ${claims.length} rows`;
}
all("[data-filter]").forEach((one) => one.addEventListener("input", filter));
all("form").forEach((one) => one.addEventListener("submit", (event) => event.preventDefault()));
filter();

document.querySelector("[data-board]").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  all("#board-table > tbody > tr").forEach((row) => {
    row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  });
});

function sort(table, column, head) {
  const down = head.getAttribute("aria-sort") === "ascending";
  all("th", table).forEach((one) => one.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const key = (row) => {
    const cell = row.cells[column];
    if (cell.classList.contains("n") || cell.dataset.value) return parseFloat(cell.dataset.value ?? "NaN");
    return cell.dataset.text ?? cell.textContent;
  };
  const body = table.tBodies[0];
  all("tr.picture", body).forEach((one) => one.remove());
  all(".show", body).forEach((one) => one.setAttribute("aria-expanded", "false"));
  const numbers = (value) => typeof value === "number";
  const order = [...body.rows].map((row) => [key(row), row]).sort(([one], [other]) => {
    if (numbers(one) && numbers(other)) {  // what has no number stands last, whichever way
      if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) - Number.isNaN(other);
      return down ? other - one : one - other;
    }
    return (down ? -1 : 1) * String(one).localeCompare(String(other));
  });
  body.append(...order.map(([, row]) => row));
}
all("table.sortable").forEach((table) => all("thead th", table).forEach((head, column) => {
  head.querySelector("button")?.addEventListener("click", () => sort(table, column, head));
}));

let details;
async function picture(event) {
  const button = event.target, row = button.closest("tr");
  if (button.getAttribute("aria-expanded") === "true") {
    row.nextElementSibling.remove();
    return button.setAttribute("aria-expanded", "false");
  }
  details ??= JSON.parse(await unpacked("details"));
  const one = details[+button.dataset.row];
  const words = make("p", { className: "note" }, make("b", { textContent: "Refuted by: " }), one.refuted_by + ". ",
    ...(one.control ? [make("b", { textContent: "Negative control: " }), one.control] : []));
  const cell = make("td", { colSpan: 6 }, make("div", { className: "wide" }), words);
  row.after(make("tr", { className: "picture" }, cell));
  button.setAttribute("aria-expanded", "true");
  await draw(cell.firstChild, claim(one, row.cells[0].textContent));
}
all(".show").forEach((one) => one.addEventListener("click", picture));

const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"];

// What an estimator reports between identical laws, where there is any near the values.
const floors = (values, encoding) => values.length ? [{ data: { values }, mark: { type: "line", strokeDash: [1, 2],
  strokeWidth: 1 }, encoding: { ...encoding, detail: { field: "curve" } } }] : [];

function claim(one, words) {
  const groups = one.groups.map(({ label, value, low, high, reason }) => ({ label, value, low, high, reason }));
  const points = one.groups.flatMap((group) => group.curves.flatMap((curve, number) => curve.x.map((x, i) => ({
    label: group.label, curve: `${group.label} ${number}`, name: curve.name, x, y: curve.y[i], stderr: curve.stderr[i],
    floor: curve.floor[i], used: curve.used[i] ? "in the fit" : "left out", low: curve.y[i] - 1.96 * curve.stderr[i],
    high: curve.y[i] + 1.96 * curve.stderr[i] })))).filter((point) => point.y > 0 && point.x !== null);
  points.forEach((point) => { point.low = Math.max(point.low, point.y / 1e3); });
  const labels = groups.map((group) => group.label);
  const color = { field: "label", type: "nominal", legend: null, scale: { domain: labels, range: PALETTE } };
  const narrow = innerWidth < 700;
  const forest = { height: { step: 16 }, width: narrow ? 110 : 300, layer: [
    { data: { values: [{ low: one.predicted - one.tolerance, high: one.predicted + one.tolerance }] },
      mark: { type: "rect", color: "#e4e4e4" }, encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } } },
    { data: { values: [one] }, mark: { type: "rule", strokeDash: [5, 3], color: "#333" },
      encoding: { x: { field: "predicted", type: "quantitative" } } },
    { data: { values: groups }, mark: "rule", encoding: { y: { field: "label", sort: labels, title: null, axis: { labelLimit: 260 } },
      x: { field: "low", type: "quantitative" }, x2: { field: "high" }, color } },
    { data: { values: groups }, mark: { type: "point", filled: true, size: 45 }, encoding: {
      y: { field: "label", sort: labels }, x: { field: "value", type: "quantitative", scale: { zero: false },
        title: "measured, 95 %; dashed: predicted" }, color,
      tooltip: [{ field: "label" }, { field: "value" }, { field: "low" }, { field: "high" }, { field: "reason" }] } }] };
  if (!points.length) return { description: words, ...forest };
  const scale = one.kind === "geometric" ? "linear" : "log";
  const x = { field: "x", type: "quantitative", scale: { type: scale, nice: false, padding: 8, ...(scale === "log" ? {} : { zero: false }) }, title: one.x };
  const y = { field: "y", type: "quantitative", scale: { type: "log" }, title: one.y, axis: { format: ".1~e" } };
  const curves = { width: narrow ? 180 : 340, height: Math.max(200, Math.min(16 * groups.length, 320)),
    data: { values: points }, layer: [
      { mark: { type: "line", strokeWidth: 1 }, encoding: { x, y, color, detail: { field: "curve" } } },
      { mark: "rule", encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, color } },
      ...floors(points.filter((point) => point.floor > point.y / 1e3), { x, y: { ...y, field: "floor" }, color }),
      { mark: { type: "point", size: 35 }, encoding: { x, y, color, fill: { condition: { test: "datum.used == 'in the fit'",
        ...color }, value: "white" }, tooltip: ["label", "name", "x", "y", "stderr", "floor", "used"].map((field) => ({ field })) } }] };
  return { description: words, [narrow ? "vconcat" : "hconcat"]: [curves, forest] };
}

// ---- every measured point ------------------------------------------------------------------------
const AXES = { evaluations: "score evaluations per path", rounds: "sequential rounds per path", T: "noise levels T",
  d: "dimension d" };

async function explorer() {
  const { words, columns, names, looks } = JSON.parse(await unpacked("points"));
  const value = (name, i) => words[name] ? words[name][columns[name][i]] : columns[name][i];
  const size = columns.T.length, form = document.querySelector("#chooser");
  const rows = (chosen) => {
    const found = [];
    for (let i = 0; i < size; i++) {
      if (Object.entries(chosen).every(([name, wanted]) => String(value(name, i)) === wanted)) found.push(i);
    }
    return found;
  };
  const distinct = (name, from) => [...new Set(from.map((i) => value(name, i)))].filter((one) => one !== null)
    .sort((one, other) => typeof one === "number" ? one - other : one.localeCompare(other));
  const select = (name, options, text = (one) => one, label = name) => {
    const node = make("select", { name }, ...options.map((one) => make("option", { value: one, textContent: text(one) })));
    form.append(make("label", {}, label + " ", node));
    return node;
  };
  const name = (one) => names[one] ?? one;
  const study = select("study", words.study);
  if (words.study.includes("leaderboard")) study.value = "leaderboard";
  const target = select("target", []), measure = select("measure", []), x = select("x", Object.keys(AXES), (one) => AXES[one], "across");
  const K = select("K", []), scale = select("scale", ["log-log", "linear across", "linear"], undefined, "axes");
  const samplers = make("fieldset", {}, make("legend", { textContent: "samplers" }));
  form.append(samplers);
  const fill = (node, options, text) => {
    const before = node.value;
    node.replaceChildren(...options.map((one) => make("option", { value: one, textContent: text(one) })));
    if (options.map(String).includes(before)) node.value = before;
  };
  const places = (from) => [...new Set(from.map((i) => `${value("target", i)}|${value("d", i)}`))].sort();
  const refill = (from) => {
    const here = rows({ study: study.value });
    if (from === study) {
      const families = [...new Set(here.map((i) => value("target", i)))].sort().map((one) => `${one}|all`);
      fill(target, [...families, ...places(here)], (one) => one.endsWith("|all") ? `${name(one.slice(0, -4))}, every d`
        : `${name(one.split("|")[0])}, d = ${one.split("|")[1]}`);
      target.value = places(here)[0];
    }
    if (from === study || from === target) {
      fill(measure, distinct("measure", at(false)), name);
      fill(K, ["every", ...distinct("K", at(false))], String);
    }
    samplers.replaceChildren(samplers.firstChild, ...distinct("sampler", at()).map((one) => make("label", {},
      make("input", { type: "checkbox", value: one, checked: true }), name(one))));
  };
  const at = (measured = true) => {
    const [where, d] = target.value.split("|");
    return rows({ study: study.value, target: where, ...(d === "all" ? {} : { d }),
      ...(measured ? { measure: measure.value } : {}) });
  };
  const show = () => {
    document.querySelector("#vg-tooltip-element")?.classList.remove("visible");  // of a point that is not there any more
    const kept = new Set(all("input:checked", samplers).map((one) => one.value));
    const values = at().filter((i) => kept.has(value("sampler", i)) && (K.value === "every" || String(value("K", i)) === K.value))
      .map((i) => ({ sampler: name(value("sampler", i)), setting: value("setting", i), d: value("d", i), K: value("K", i) ?? "",
        T: value("T", i), evaluations: value("evaluations", i), rounds: value("rounds", i), value: value("value", i),
        stderr: value("stderr", i), floor: value("floor", i), why: value("unusable", i), color: looks[value("sampler", i)] }))
      .filter((one) => one.value > 0 && one[x.value] > 0);
    values.forEach((one) => Object.assign(one, { low: Math.max(one.value - one.stderr, one.value / 1e3), high: one.value + one.stderr,
      curve: x.value === "d" ? `${one.setting} T=${one.T}` : `${one.setting} d=${one.d}` }));
    const known = [...new Map(values.map((one) => [one.sampler, one.color]))];
    const [across, up] = scale.value === "log-log" ? ["log", "log"] : scale.value === "linear" ? ["linear", "linear"] : ["linear", "log"];
    const horizontal = { field: x.value, type: "quantitative", scale: { type: across, nice: false, padding: 10 }, title: AXES[x.value] };
    const vertical = (field) => ({ field, type: "quantitative", scale: { type: up }, title: name(measure.value), axis: { format: ".1~e" } });
    const legend = { orient: innerWidth < 700 ? "bottom" : "right", columns: 1, title: null, labelLimit: 260 };
    const color = { field: "sampler", type: "nominal", scale: { domain: known.map(([one]) => one), range: known.map(([, one]) => one) },
      legend };
    const shape = { field: "sampler", type: "nominal", scale: { domain: known.map(([one]) => one) }, legend };
    const order = { field: x.value, type: "quantitative" };
    return draw(document.querySelector("#figure"), { description: `${name(measure.value)} against ${AXES[x.value]}, ${target.selectedOptions[0].textContent}`,
      width: Math.min(780, document.querySelector("main").clientWidth - (innerWidth < 700 ? 90 : 320)), height: 420,
      data: { values }, layer: [
        { mark: { type: "line", strokeWidth: 1.2 }, encoding: { x: horizontal, y: vertical("value"), color, detail: { field: "curve" }, order } },
        { mark: "rule", encoding: { x: horizontal, y: vertical("low"), y2: { field: "high" }, color } },
        ...floors(values.filter((one) => one.floor > one.value / 100 && one.floor < 2 * one.value),
          { x: horizontal, y: vertical("floor"), color, order }),
        { mark: { type: "point", size: 40 }, encoding: { x: horizontal, y: vertical("value"), color, shape,
          fill: { condition: { test: "datum.why == ''", ...color }, value: "white" },
          tooltip: ["setting", "d", "K", "T", "evaluations", "rounds", "value", "stderr", "floor", "why"].map((field) => ({ field })) } }] });
  };
  form.addEventListener("change", (event) => {
    if ([study, target, measure].includes(event.target)) refill(event.target);
    show();
  });
  refill(study);
  await show();
}
explorer();
