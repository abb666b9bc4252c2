// Your own table: what it holds, a forecast of it, or the weight of synthetic rows beside it.

import { control, group } from "./controls.js";
import { read } from "./fields.js";
import * as keep from "./keep.js";
import { button, make, say, table } from "./page.js";
import { bring, Refused, run } from "./server.js";
import { counted } from "./words.js";

const CHOICES = {
  model: {
    label: "Model",
    options: {
      linear: "linear ridge",
      rbf: "kernel ridge, RBF",
      logistic: "logistic regression, of classes",
      forest: "random forest",
      boosting: "gradient boosting",
    },
  },
  holds: { label: "It holds", options: { auto: "numbers, or classes if it is text", classes: "classes", numbers: "numbers" } },
  penalty: { label: "Penalty", options: { best: "best for the first model", cv: "chosen anew for every model" } },
  missing: { label: "Missing values", options: { error: "refuse them", drop: "drop their rows", mean: "fill in the mean" } },
  made_from: {
    label: "The synthetic rows were made from",
    options: { unknown: "I do not know", elsewhere: "other rows", "these rows": "these real rows" },
  },
  log: { label: "Predict", options: { no: "the target", yes: "its logarithm" } },
};
const HOLDS = { auto: null, classes: true, numbers: false };
const OF_RIDGE = ["penalty", "log"];
const OF = { forecast: ["holds", "model", ...OF_RIDGE, "missing"], weigh: ["holds", "model", "made_from", "missing"] };
const NUMBERS = ["generations", "each", "added", "real"];
const START = { model: "linear", holds: "auto", penalty: "best", missing: "error", made_from: "unknown", log: "no", generations: 10, added: 0, real: 0, target: "" };

export function view() {
  const tables = { real: null, synthetic: null };
  const settings = { ...START };
  let stop = null;
  let known = false;

  const answer = make("p", { class: "answer", id: "data-answer" }, "Drop a table to forecast what retraining does to a model of it");
  const aside = make(
    "p",
    { class: "aside" },
    "CSV or Parquet, up to 100 MB, one row a sample. It stays on the machine that runs the app. With a second table of synthetic rows you learn how much weight they deserve.",
  );
  const drops = { real: place("real", "Your table", "real rows"), synthetic: place("synthetic", "Synthetic rows", "optional") };
  const panel = make("form", { class: "panel", "aria-label": "What to do", onsubmit: (event) => event.preventDefault() });
  const shown = make("div", { id: "data-table" });
  const go = button("Forecast", () => (stop ? halt() : start()), { class: "main", id: "data-run" });
  const steps = make("ol", { class: "steps", id: "data-steps" });
  const report = make("div", { class: "report" });
  const result = make("section", { class: "result", "aria-label": "Result" }, answer, aside, make("div", { class: "drops" }, drops.real.node, drops.synthetic.node), shown, steps, report);

  const verb = () => (tables.synthetic ? "weigh" : "forecast");
  const ridge = () => settings.model === "linear" || settings.model === "rbf";

  function place(which, title, hint) {
    const words = make("span", { class: "hint" }, hint);
    const input = make("input", { type: "file", accept: ".csv,.tsv,.txt,.parquet", class: "unseen", id: `data-${which}`, onchange: () => take(input.files[0]) });
    const clear = button("×", () => change(null), { class: "quiet", "aria-label": `Remove ${title.toLowerCase()}`, hidden: true });
    const label = make("label", { for: input.id }, make("b", {}, title), words, make("span", { class: "choose" }, "drop a file here or choose one"));
    const node = make("div", { class: "drop" }, input, label, clear);
    for (const name of ["dragenter", "dragover"])
      node.addEventListener(name, (event) => {
        event.preventDefault();
        node.classList.add("over");
      });
    for (const name of ["dragleave", "drop"]) node.addEventListener(name, () => node.classList.remove("over"));
    node.addEventListener("drop", (event) => {
      event.preventDefault();
      const files = [...event.dataTransfer.files];
      take(files[0]);
      if (files[1] && which === "real") drops.synthetic.take(files[1]);
    });
    function change(told, why = "") {
      tables[which] = told;
      clear.hidden = !told;
      node.classList.toggle("full", Boolean(told));
      node.classList.toggle("wrong", Boolean(why));
      words.textContent = why || (told ? `${told.name}: ${counted(told.rows)} rows, ${counted(told.columns.length + told.more)} columns` : hint);
      say(words.textContent);
      input.value = "";
      arrived();
    }
    async function take(file) {
      if (!file) return;
      words.textContent = `reading ${file.name} …`;
      try {
        change(await bring(file));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        change(null, `${file.name}: ${error.message}`);
      }
    }
    return { node, take };
  }

  function arrived() {
    halt();
    report.replaceChildren();
    steps.replaceChildren();
    const { real } = tables;
    const names = real?.columns.map(({ name }) => name) ?? [];
    if (!names.includes(settings.target)) {
      const numeric = real?.columns.filter(({ kind }) => kind === "number") ?? [];
      settings.target = numeric.at(-1)?.name ?? names.at(-1) ?? "";
    }
    preview();
    build();
  }

  function preview() {
    const { real } = tables;
    if (!real) {
      shown.replaceChildren();
      return;
    }
    const kinds = real.columns.map(({ kind, missing }) => (missing ? `${kind}, ${counted(missing)} missing` : kind));
    const count = Math.max(...real.columns.map(({ first }) => first.length));
    const rows = Array.from({ length: count }, (_, row) => [String(row + 1), ...real.columns.map(({ first }) => first[row])]);
    const node = table(`First rows of ${real.name}`, ["row", ...real.columns.map(({ name }) => name)], [["kind", ...kinds], ...rows]);
    [...node.querySelectorAll("tr")].forEach((line) =>
      [...line.children].forEach((cell, at) => cell.classList.toggle("target", at > 0 && real.columns[at - 1].name === settings.target)),
    );
    node.classList.add("preview");
    const more = real.more ? `and ${counted(real.more)} more columns` : null;
    shown.replaceChildren(node, ...[more, ...real.warnings].filter(Boolean).map((text) => make("p", { class: "hint" }, text)));
  }

  function build() {
    const { real } = tables;
    go.textContent = verb() === "weigh" ? "Weigh" : "Forecast";
    go.disabled = !real;
    if (!real) {
      panel.replaceChildren(make("p", { class: "hint" }, "What can be set appears here, once there is a table."), go);
      return;
    }
    const target = select("target", "Target", Object.fromEntries(real.columns.map(({ name, kind }) => [name, `${name} (${kind})`])));
    const choices = OF[verb()].filter((name) => ridge() || !OF_RIDGE.includes(name));
    const held = { ...settings, each: settings.each ?? real.each };
    const more = verb() === "forecast" ? NUMBERS.map((name) => control(name, held[name], set).node) : [];
    panel.replaceChildren(
      group(verb() === "weigh" ? "Weigh synthetic rows" : "Forecast", target, ...choices.map((name) => select(name, CHOICES[name].label, CHOICES[name].options)), ...more),
      go,
    );
  }

  function select(name, label, options) {
    const id = `data-set-${name}`;
    const allowed = verb() === "weigh" && name === "missing" ? { error: options.error, drop: options.drop } : options;
    if (!(settings[name] in allowed)) settings[name] = Object.keys(allowed)[0];
    const node = make("select", { id, onchange: () => set(name, node.value) }, ...Object.entries(allowed).map(([key, words]) => make("option", { value: key }, words)));
    node.value = settings[name];
    return make("div", { class: "field choice" }, make("label", { for: id }, label), node);
  }

  function set(name, value) {
    settings[name] = value;
    if (name === "target") preview();
    if (name === "model" && !stop) {
      build();
      document.getElementById("data-set-model").focus();
    }
    remember();
  }

  function question() {
    const { model, holds, missing, target, made_from: from } = settings;
    const common = { tables: [tables.real.key], model, target, classes: HOLDS[holds], missing };
    if (verb() === "weigh") return { ...common, tables: [tables.real.key, tables.synthetic.key], made_from: from };
    const { generations, each, added, real } = settings;
    return {
      ...common,
      generations,
      n_samples: each ?? null, // as many as the forecast finds right
      noise: added || null,
      real: real || null,
      penalty: ridge() && settings.penalty === "cv" ? "cv" : null,
      log: ridge() && settings.log === "yes",
    };
  }

  function start() {
    steps.replaceChildren();
    report.replaceChildren();
    steps.classList.remove("wrong");
    go.textContent = "Stop";
    stop = run(verb(), question(), {
      step: (words) => {
        steps.append(make("li", {}, words));
        say(words);
      },
      done: (told) => {
        finish();
        show(told);
      },
      failed: (why) => {
        finish();
        steps.classList.add("wrong");
        steps.append(make("li", {}, why));
        say(why);
      },
    });
  }

  function finish() {
    stop = null;
    build();
  }

  function halt() {
    if (!stop) return;
    stop();
    finish();
    steps.append(make("li", {}, "stopped"));
  }

  function show({ answer: words, address, markdown }) {
    answer.textContent = words;
    aside.textContent = "";
    const name = tables.real.name.replace(/\.[^.]*$/, "");
    const frame = make("iframe", { src: address, title: "Report", sandbox: "allow-same-origin", id: "data-report" });
    const fit = () => {
      const page = frame.contentDocument?.body;
      if (page) frame.style.height = `${page.offsetHeight + 2}px`;
    };
    frame.addEventListener("load", () => {
      fit();
      new ResizeObserver(fit).observe(frame);
    });
    report.replaceChildren(
      make(
        "div",
        { class: "tools" },
        make("a", { class: "button", href: address, download: `${name}-report.html` }, "Download the report"),
        button("As Markdown", () => keep.text(markdown, `${name}-report.md`, "text/markdown")),
      ),
      frame,
    );
    say(words);
  }

  function remember() {
    if (location.pathname !== "/data") return;
    const { target, ...rest } = settings;
    history.replaceState(null, "", `/data?${new URLSearchParams(target ? { ...rest, target } : rest)}`);
  }

  return {
    node: make("div", { class: "view data" }, panel, result),
    enter(query) {
      if (!known) {
        known = true;
        for (const [name, value] of query) {
          if (name === "target" || value in (CHOICES[name]?.options ?? {})) settings[name] = value;
          else if (NUMBERS.includes(name)) settings[name] = read(name, value) ?? START[name];
        }
        build();
      }
      remember();
    },
  };
}
