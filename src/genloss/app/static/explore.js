// One plan: its theory while a slider moves, its trials as they come, its code.

import { Chart } from "./chart.js";
import { control, group } from "./controls.js";
import { fromAddress, ownFields, pick, planTable, POLICIES, problemFields, problemTable, REBUILD, START } from "./fields.js";
import * as keep from "./keep.js";
import { paced } from "./pace.js";
import { button, later, make, recipe, say, table, tabs } from "./page.js";
import { ask, Refused, run } from "./server.js";
import { counted, number, numbers } from "./words.js";

const NAMES = [
  "problem", "dim", "capacity", "source", "signal", "policy", "generations", "n_samples", "real", "n_real", "weight", "last",
  "mixing", "edited", "design", "loss", "labels", "sure", "noise", "chosen", "penalty", "intercept", "trials", "seed",
];

const EXAMPLES = {
  "Least squares on noisy labels": {},
  "The same with a penalty": { penalty: 0.05 },
  "The penalty is chosen anew every time": { chosen: "anew" },
  "A fifth of the rows is real": { policy: "mix", real: 0.2, penalty: 0.01 },
  "All rows are kept": { policy: "accumulate" },
  "Real rows stay, synthetic ones are renewed": { policy: "anchored", n_real: 300, penalty: 0.01 },
  "Too few rows: it explodes": { problem: "isotropic", dim: 100, policy: "mix", n_samples: 130, real: 0.1, noise: 1 },
  "Labels without noise, fixed penalty": { noise: 0, penalty: 0.01 },
  "Classes: self-training": { policy: "self_train", problem: "isotropic", dim: 100, penalty: 0.01, noise: 0 },
};

export function view() {
  let state = { ...START };
  let known = false;
  let theory = null; // the answer of the server
  let partial = false; // whether it has the first models alone
  let before = null; // the last curve of all models, shown until the new one is there
  let end = null; // and what comes if the plan goes on for ever, null until that is known
  let trials = null; // a curve that was simulated
  let stop = null;
  let leave = null; // ends the search for what comes in the end

  // what there is to set
  const panel = make("form", { class: "panel", "aria-label": "Problem and plan", onsubmit: (event) => event.preventDefault() });
  const controls = {};
  const examples = make(
    "select",
    {
      id: "explore-example",
      onchange: () => {
        set({ ...START, ...EXAMPLES[examples.value], trials: state.trials, seed: state.seed });
        examples.selectedIndex = 0;
      },
    },
    make("option", { value: "" }, "Start from an example …"),
    ...Object.keys(EXAMPLES).map((name) => make("option", {}, name)),
  );
  const best = button("Best", findBest, { class: "quiet", title: "the penalty with the smallest error of the last model" });

  function build() {
    const part = (name, more) => (controls[name] = control(name, state[name], change, more)).node;
    panel.replaceChildren(
      make("div", { class: "field choice" }, make("label", { class: "unseen", for: examples.id }, "Example"), examples),
      group("Problem", ...problemFields(state).map((name) => part(name))),
      group(
        "Plan",
        part("policy"),
        make("p", { class: "hint" }, POLICIES[state.policy][1]),
        part("generations"),
        ...ownFields(state).map((name) => part(name, name === "penalty" ? { beside: best } : {})),
      ),
      group("Simulation", part("trials"), part("seed")),
    );
  }

  // what is shown
  const answer = make("p", { class: "answer", id: "explore-answer" }, "…");
  const aside = make("p", { class: "aside" });
  const chart = new Chart("Error of every model");
  const go = button("Simulate", () => (stop ? halt() : simulate()), { class: "main", id: "explore-run" });
  const progress = make("span", { class: "progress", id: "explore-progress" });
  const parts = make("input", { type: "checkbox", id: "explore-parts", onchange: () => draw() });
  const notes = make("ul", { class: "notes" });
  const numbersTable = make("div", { id: "explore-table" });
  const toml = recipe("Plan file", (words) => keep.text(words, "plan.toml"));
  const python = recipe("Python", (words) => keep.text(words, "plan.py"));
  const result = make(
    "section",
    { class: "result", "aria-label": "Result" },
    make("div", { class: "front" }, answer, aside, chart.node),
    make(
      "div",
      { class: "tools" },
      go,
      progress,
      make("label", { class: "check" }, parts, "bias and variance"),
      make(
        "span",
        { class: "keep" },
        button("SVG", () => keep.svg(chart.svg.node(), "genloss.svg"), { title: "keep the picture" }),
        button("PNG", () => keep.png(chart.svg.node(), "genloss.png"), { title: "keep the picture" }),
        button("CSV", () => keep.csv(...sheet(String), "genloss.csv"), { title: "keep the table" }),
      ),
    ),
    notes,
    tabs("Numbers and code", { Table: numbersTable, "Plan file": toml.node, Python: python.node }),
  );

  const follow = paced("curve", kind, () => state.generations, (told, whole) => {
    theory = told;
    partial = !whole;
    if (whole) {
      before = told.curve;
      rest();
    }
    draw();
  }, refused);
  // the curve follows the slider; what comes in the end may take longer, and waits until it rests
  const rest = later(() => {
    const tell = (told) => {
      end = told;
      draw();
    };
    leave = run("end", tables(), { done: tell, failed: () => tell({ stable: null, words: "" }) });
  }, 120);
  function predict() {
    leave?.();
    end = null;
    follow(tables());
  }
  const tables = () => ({ problem: problemTable(state), plan: planTable(state) });
  const write = later(async () => {
    const { trials: count, seed } = state;
    try {
      const said = await ask("code", { ...tables(), trials: count, seed });
      toml.set(said.toml);
      python.set(said.python);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }, 150);
  const remember = later(() => {
    if (location.pathname === "/explore" || location.pathname === "/") history.replaceState(null, "", address(state));
  }, 200);

  function refused(why) {
    theory = before = null;
    partial = false;
    answer.textContent = why;
    answer.classList.add("wrong");
    aside.textContent = "";
  }

  function change(name, value) {
    state = { ...state, [name]: value };
    if (REBUILD.has(name)) {
      before = null;
      build();
      controls[name].node.querySelector("select").focus();
    }
    if (name !== "trials" && name !== "seed") {
      forget();
      predict();
    }
    write();
    remember();
  }

  function set(values) {
    state = { ...START, ...values };
    before = null;
    build();
    forget();
    predict();
    write();
    remember();
  }

  function forget() {
    halt();
    trials = null;
    progress.textContent = "";
  }

  async function findBest() {
    best.disabled = true;
    best.textContent = "…";
    const done = () => {
      best.disabled = false;
      best.textContent = "Best";
    };
    const asked = state;
    run("best", tables(), {
      done: ({ penalty }) => {
        done();
        if (asked !== state) return;
        controls.penalty.set(penalty);
        change("penalty", penalty);
        say(`The best penalty is ${number(penalty)}`);
      },
      failed: (why) => {
        done();
        notes.replaceChildren(make("li", {}, why));
      },
    });
  }

  function simulate() {
    go.textContent = "Stop";
    const began = Date.now();
    const clock = setInterval(() => {
      if (!stop || trials) clearInterval(clock);
      else progress.textContent = `first runs under way, ${Math.round((Date.now() - began) / 1000)} s`;
    }, 1000);
    const finish = (words) => {
      stop = null;
      go.textContent = "Simulate";
      progress.textContent = words;
      say(words);
    };
    const take = (curve) => {
      trials = curve;
      draw();
    };
    progress.textContent = "starting …";
    const asked = state.trials;
    stop = run("simulate", { ...tables(), trials: state.trials, seed: state.seed }, {
      curve: (curve) => {
        take(curve);
        progress.textContent = `${counted(curve.trials)} of ${counted(asked)} runs`;
      },
      done: (curve) => {
        take(curve);
        finish(`${counted(curve.trials)} runs, ${curve.method}`);
      },
      failed: finish,
    });
  }

  function halt() {
    if (!stop) return;
    stop();
    stop = null;
    go.textContent = "Simulate";
    progress.textContent = trials ? `stopped after ${counted(trials.trials)} runs` : "stopped";
  }

  const stability = () => (end === null ? "; …" : end.stable === null ? "" : end.stable ? "; stable" : "; unstable");

  // questions that take alike
  function kind({ problem, plan }) {
    const { preset, loss, labels, design, penalty } = plan;
    return JSON.stringify([problem.preset, preset, loss, labels, design, penalty === "cv" || penalty > 0]);
  }

  const column = () => (theory?.curve?.error?.every(Number.isFinite) ? "error" : "risk");

  function sheet(write) {
    const curve = theory?.curve;
    const headings = ["model"];
    const columns = [];
    const add = (heading, list) => {
      if (!list) return;
      headings.push(heading);
      columns.push(numbers(list).map(write));
    };
    add("predicted risk", curve?.risk);
    add("bias", curve?.bias);
    add("variance", curve?.variance);
    add("predicted wrong classes", curve?.error);
    add("simulated risk", trials?.risk);
    add("standard error", trials?.stderr);
    add("simulated wrong classes", trials?.error);
    return [headings, (columns[0] ?? []).map((_, model) => [String(model), ...columns.map((list) => list[model])])];
  }

  function draw() {
    const curve = theory?.curve;
    const shown = column();
    const series = [];
    if (curve) {
      series.push({ name: `theory (${curve.method.replace(" theory", "")})`, values: numbers(curve[shown]), colour: 0 });
      if (partial && before?.[shown]) series.push({ values: numbers(before[shown]), colour: 0, faint: true });
      if (parts.checked && shown === "risk" && curve.bias) {
        series.push({ name: "bias", values: numbers(curve.bias), colour: 2, thin: true });
        series.push({ name: "variance", values: numbers(curve.variance), colour: 3, thin: true });
      }
    }
    if (trials?.[shown]) {
      const stderr = numbers(shown === "error" ? trials.error_stderr : trials.stderr);
      series.push({ name: `${counted(trials.trials)} runs ± 2 s.e.`, values: numbers(trials[shown]), stderr, colour: 1 });
    }
    answer.classList.toggle("wrong", !curve);
    if (theory) answer.textContent = theory.sentence + (curve ? stability() : "");
    aside.textContent = (curve && end?.words) || "";
    chart.show({ series, count: state.generations, y: shown === "error" ? "share of wrong classes" : "excess risk" }, answer.textContent);
    const words = [...new Set([...(curve?.warnings ?? []), ...(trials?.warnings ?? [])])];
    notes.replaceChildren(...words.map((text) => make("li", {}, text)));
    numbersTable.classList.toggle("late", partial);
    if (!partial) fill();
    tell();
  }

  const tell = later(() => say(answer.textContent), 800);
  const fill = later(() => {
    numbersTable.replaceChildren(table("Error of every model", ...sheet((value) => number(value))));
  }, 60);

  return {
    node: make("div", { class: "view" }, panel, result),
    enter(query) {
      if (known && !query.size) return remember();
      known = true;
      return set(fromAddress(query, NAMES));
    },
  };
}

// the address of a plan in this view
export function address(state) {
  const names = [...problemFields(state), "policy", "generations", ...ownFields(state), "trials", "seed"];
  return `/explore?${new URLSearchParams(pick(state, names))}`;
}
