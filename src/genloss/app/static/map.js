// A number over two fields, coarse at once and then fine; a click opens the plan in Explore.

import { control, group } from "./controls.js";
import { address as exploreAddress } from "./explore.js";
import { FIELDS, fromAddress, ownFields, pick, planTable, POLICIES, problemFields, problemTable, REBUILD, START } from "./fields.js";
import { Heat } from "./heat.js";
import * as keep from "./keep.js";
import { button, later, make, say, table } from "./page.js";
import { run } from "./server.js";
import { number, numbers } from "./words.js";

const NAMES = [
  "problem", "dim", "capacity", "source", "signal", "policy", "generations", "n_samples", "real", "n_real", "weight", "last",
  "mixing", "edited", "design", "loss", "labels", "sure", "noise", "chosen", "penalty", "intercept",
];
const FIRST = { problem: "isotropic", dim: 100, policy: "mix", generations: 4, noise: 1, n_samples: 150, penalty: 0 };
const AXES = { x: { field: "n_samples", low: 60, high: 200, log: false }, y: { field: "real", low: 0.02, high: 0.98, log: false } };
const SIDE = 81;

const VALUES = {
  limit: "Excess risk, repeated for ever",
  growth: "Factor of one repetition, in the end",
  final: "Excess risk of the last model",
  best_penalty: "Best penalty, repeated for ever",
  best_policy: "Best policy, repeated for ever",
};

export function view(open) {
  let state = { ...START, ...FIRST };
  let axes = structuredClone(AXES);
  let value = "limit";
  let known = false;
  let found = null;
  let stop = null;

  const panel = make("form", { class: "panel", "aria-label": "Map", onsubmit: (event) => event.preventDefault() });
  const answer = make("p", { class: "answer", id: "map-answer" }, "…");
  const reader = make("p", { class: "aside", id: "map-reader" });
  const heat = new Heat("Phase map", opened);
  heat.read = (words) => (reader.textContent = words || "Point at the map to read it; a click opens that plan in Explore.");
  const progress = make("span", { class: "progress", id: "map-progress" });
  const cells = make("div", { id: "map-table" });
  const result = make(
    "section",
    { class: "result", "aria-label": "Result" },
    make("div", { class: "front" }, answer, reader, heat.node),
    make(
      "div",
      { class: "tools" },
      progress,
      make(
        "span",
        { class: "keep" },
        button("SVG", () => keep.svg(heat.svg.node(), "map.svg"), { title: "keep the picture" }),
        button("PNG", () => keep.png(heat.svg.node(), "map.png"), { title: "keep the picture" }),
        button("CSV", () => keep.csv(...sheet(), "map.csv"), { title: "keep all values" }),
      ),
    ),
    make("details", {}, make("summary", {}, "Some of the values as a table"), cells),
  );

  const possible = () => [...problemFields(state).slice(1), "generations", ...ownFields(state)].filter((name) => !FIELDS[name].options && name !== "sure");

  function build() {
    const part = (name) => control(name, state[name], change).node;
    const mixes = state.policy === "mix" || state.policy === "mix_labels";
    const { best_policy: policy, ...others } = VALUES;
    const options = mixes ? { ...others, best_policy: policy } : others;
    if (!(value in options)) value = "final";
    const free = (name) => name !== axes.x.field && name !== axes.y.field;
    panel.replaceChildren(
      group("Map", choice("value", "What is shown", value, options, (chosen) => (value = chosen)), axis("x", "Across"), axis("y", "Up")),
      group("Problem", ...problemFields(state).filter(free).map(part)),
      group(
        "Plan",
        part("policy"),
        make("p", { class: "hint" }, POLICIES[state.policy][1]),
        ...["generations", ...ownFields(state)].filter(free).map(part),
      ),
    );
  }

  function choice(name, label, chosen, options, act) {
    const id = `map-${name}`;
    const select = make(
      "select",
      {
        id,
        onchange: () => {
          act(select.value);
          build();
          document.getElementById(id).focus();
          ask();
        },
      },
      ...Object.entries(options).map(([key, words]) => make("option", { value: key }, words)),
    );
    select.value = chosen;
    return make("div", { class: "field choice" }, make("label", { for: id }, label), select);
  }

  function axis(which, label) {
    const told = axes[which];
    const other = axes[which === "x" ? "y" : "x"].field;
    const options = Object.fromEntries(possible().filter((name) => name !== other).map((name) => [name, FIELDS[name].label]));
    const box = (end, words) => {
      const input = make("input", {
        type: "number",
        step: "any",
        value: told[end],
        "aria-label": `${label}, ${words}`,
        "data-axis": `${which}.${end}`,
        onchange: () => {
          const number = Number(input.value);
          if (input.value === "" || !Number.isFinite(number)) {
            input.value = told[end];
            return;
          }
          told[end] = number;
          ask();
        },
      });
      return input;
    };
    const log = make("input", {
      type: "checkbox",
      id: `map-${which}-log`,
      onchange: () => {
        told.log = log.checked;
        ask();
      },
    });
    log.checked = told.log;
    return make(
      "div",
      { class: "axis" },
      choice(which, label, told.field, options, (field) => (axes[which] = startOf(field))),
      make(
        "div",
        { class: "ends" },
        box("low", "from"),
        make("span", {}, "to"),
        box("high", "to"),
        make("label", { class: "check", for: log.id }, log, "log"),
      ),
    );
  }

  function change(name, chosen) {
    state = { ...state, [name]: chosen };
    if (REBUILD.has(name)) {
      const fields = possible();
      for (const which of ["x", "y"]) {
        const other = axes[which === "x" ? "y" : "x"].field;
        if (!fields.includes(axes[which].field)) axes[which] = startOf(fields.filter((field) => field !== other).at(which === "x" ? -3 : -1));
      }
      build();
      panel.querySelector(`[data-field=${name}]`).focus();
    }
    ask();
  }

  const ask = later(() => {
    stop?.();
    remember();
    progress.textContent = "coarse map …";
    const query = {
      problem: problemTable(state),
      plan: planTable(state),
      value,
      side: SIDE,
      x: axes.x,
      y: axes.y,
    };
    stop = run("map", query, {
      map: (told) => {
        take(told);
        progress.textContent = "fine map …";
      },
      done: (told) => {
        stop = null;
        take(told);
        progress.textContent = `${told.x.values.length} × ${told.y.values.length} points`;
        say(answer.textContent);
      },
      failed: (why) => {
        stop = null;
        progress.textContent = "";
        answer.textContent = why;
        answer.classList.add("wrong");
      },
    });
  }, 80);

  function take(told) {
    found = {
      x: told.x.values,
      y: told.y.values,
      xLog: axes.x.log,
      yLog: axes.y.log,
      xName: FIELDS[axes.x.field].label,
      yName: FIELDS[axes.y.field].label,
      values: told.values.map(numbers),
      radius: told.radius?.map(numbers),
      reasons: told.reasons ?? null,
      names: told.policies ?? [],
      title: VALUES[value],
      none: value === "final" ? "infinite" : "unstable",
    };
    answer.classList.remove("wrong");
    answer.textContent = sentence(found, value);
    heat.show(found, answer.textContent);
    const some = (list) => list.map((_, at) => at).filter((at) => at % Math.ceil(list.length / 9) === 0);
    const columns = some(found.x);
    cells.replaceChildren(
      table(
        `${found.title}; across: ${found.xName}, down: ${found.yName}`,
        [found.yName, ...columns.map((at) => number(found.x[at], 3))],
        some(found.y).map((row) => [number(found.y[row], 3), ...columns.map((at) => written(found, row, at))]),
      ),
    );
  }

  function sheet() {
    if (!found) return [[], []];
    const rows = found.y.flatMap((up, row) => found.x.map((across, at) => [across, up, found.values[row][at]]));
    return [[axes.x.field, axes.y.field, value], rows.map((row) => row.map(String))];
  }

  function opened(column, row) {
    const point = { [axes.x.field]: found.x[column], [axes.y.field]: found.y[row] };
    open(exploreAddress({ ...state, ...point, generations: Math.max(state.generations, 10), ...point }));
  }

  function remember() {
    if (location.pathname !== "/map") return;
    const fields = [...problemFields(state), "policy", "generations", ...ownFields(state)];
    const query = new URLSearchParams(pick(state, fields));
    query.set("value", value);
    for (const which of ["x", "y"]) {
      const { field, low, high, log } = axes[which];
      query.set(which, field);
      query.set(`${which}.from`, low);
      query.set(`${which}.to`, high);
      if (log) query.set(`${which}.log`, "1");
    }
    history.replaceState(null, "", `/map?${query}`);
  }

  return {
    node: make("div", { class: "view" }, panel, result),
    enter(query) {
      if (known && !query.size) return remember();
      known = true;
      state = { ...START, ...FIRST, ...fromAddress(query, NAMES) };
      value = query.get("value") in VALUES ? query.get("value") : "limit";
      axes = structuredClone(AXES);
      for (const which of ["x", "y"]) {
        const [field, low, high] = [query.get(which), Number(query.get(`${which}.from`)), Number(query.get(`${which}.to`))];
        if (possible().includes(field) && high > low) axes[which] = { field, low, high, log: query.has(`${which}.log`) };
      }
      build();
      return ask();
    },
  };
}

// the whole range of a field; a logarithmic one from where it begins
function startOf(name) {
  const field = FIELDS[name];
  const log = field.scale !== "linear";
  return { field: name, low: field.from, high: name === "noise" ? 1 : field.to, log };
}

function written({ values, names, none, reasons }, row, column) {
  const value = values[row][column];
  if (reasons?.[row][column]) return "not known";
  if (names.length) return names[value] ?? "none";
  return Number.isFinite(value) ? number(value, 3) : none;
}

function sentence(found, value) {
  const known = said(found, value);
  const count = found.reasons ? found.reasons.flat().filter(Boolean).length : 0;
  return count ? `${known}; ${count} points are not known` : known;
}

function said({ x, y, values, names, none, xName, yName }, value) {
  const flat = values.flat();
  const stable = flat.filter(Number.isFinite).length;
  if (names.length) {
    const most = names.map((name, at) => ({ name, count: flat.filter((one) => one === at).length })).sort((one, other) => other.count - one.count);
    return `Best over most of the map: ${most[0].name} (${Math.round((100 * most[0].count) / flat.length)} %)`;
  }
  if (!stable) return `${none[0].toUpperCase()}${none.slice(1)} everywhere on this map`;
  const [least, at] = flat.reduce(([low, place], one, here) => (one < low ? [one, here] : [low, place]), [Infinity, 0]);
  const where = `${number(least, 3)} at ${xName.toLowerCase()} ${number(x[at % x.length], 3)}, ${yName.toLowerCase()} ${number(y[Math.floor(at / x.length)], 3)}`;
  const share = value === "growth" ? flat.filter((one) => one < 1).length : stable;
  const part = share === flat.length ? "everywhere" : `on ${Math.round((100 * share) / flat.length)} % of the map`;
  return value === "final" || value === "best_penalty" ? `Least: ${where}` : `Stable ${part}; least: ${where}`;
}

