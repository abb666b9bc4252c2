// Up to four plans of one problem: one picture, one table, and how surely they differ.

import { Chart } from "./chart.js";
import { control, group } from "./controls.js";
import { fromAddress, ownFields, pick, planTable, POLICIES, problemFields, problemTable, REBUILD, START } from "./fields.js";
import * as keep from "./keep.js";
import { button, later, make, recipe, say, table, tabs } from "./page.js";
import { ask, newest, Refused, run } from "./server.js";
import { counted, number, numbers } from "./words.js";

const SHARED = ["problem", "dim", "capacity", "source", "signal", "generations", "trials", "seed"];
const OWN = ["policy", "n_samples", "real", "n_real", "weight", "last", "mixing", "edited", "design", "loss", "labels", "sure", "noise", "chosen", "penalty", "intercept"];
const MOST = 4;
const LETTERS = "ABCD";

// differences of small problems take seconds
const SHARED_START = { ...pick(START, SHARED), dim: 100, trials: 100 };
const OWN_START = { ...pick(START, OWN), n_samples: 250 };

const FIRST = [{}, { policy: "mix" }, { policy: "accumulate" }];

export function view() {
  let shared = SHARED_START;
  let plans = [];
  let known = false;
  let theory = [];
  let measured = []; // difference of every plan from the first, with standard errors
  let stop = null;

  const panel = make("form", { class: "panel", "aria-label": "Problem", onsubmit: (event) => event.preventDefault() });
  const cards = make("div", { class: "cards" });
  const answer = make("p", { class: "answer", id: "compare-answer" }, "…");
  const chart = new Chart("Errors of the plans");
  const go = button("Measure differences", () => (stop ? halt() : measure()), { class: "main", id: "compare-run" });
  const progress = make("span", { class: "progress", id: "compare-progress" });
  const notes = make("ul", { class: "notes" });
  const numbersTable = make("div", { id: "compare-table" });
  const python = recipe("Python", (words) => keep.text(words, "plans.py"));
  const toml = recipe("Plan files", (words) => keep.text(words, "plans.txt"));
  const result = make(
    "section",
    { class: "result", "aria-label": "Result" },
    make("div", { class: "front" }, answer, chart.node),
    make(
      "div",
      { class: "tools" },
      go,
      progress,
      make(
        "span",
        { class: "keep" },
        button("SVG", () => keep.svg(chart.svg.node(), "plans.svg"), { title: "keep the picture" }),
        button("PNG", () => keep.png(chart.svg.node(), "plans.png"), { title: "keep the picture" }),
        button("CSV", () => keep.csv(...sheet(String), "plans.csv"), { title: "keep the table" }),
      ),
    ),
    notes,
    cards,
    tabs("Numbers and code", { Table: numbersTable, "Plan files": toml.node, Python: python.node }),
  );

  const whole = (plan) => ({ ...START, ...shared, ...plan });
  const tables = () => ({ problem: problemTable(whole({})), plans: plans.map((plan) => planTable(whole(plan))) });

  function build() {
    const part = (name) => control(name, shared[name], (field, value) => change(() => (shared = { ...shared, [field]: value }), field)).node;
    panel.replaceChildren(
      group("Problem", ...problemFields(shared).map(part)),
      group("All plans", part("generations")),
      group("Differences", part("trials"), part("seed")),
    );
    cards.replaceChildren(...plans.map(card));
    if (plans.length < MOST) cards.append(button("Add a plan", add, { class: "add" }));
  }

  function card(plan, place) {
    const set = (field, value) => change(() => (plans = plans.map((one, at) => (at === place ? { ...one, [field]: value } : one))), field);
    const part = (name) => control(name, plan[name], set).node;
    const drop = button("×", () => change(() => (plans = plans.filter((_, at) => at !== place)), "policy"), {
      class: "quiet",
      "aria-label": `Remove plan ${LETTERS[place]}`,
      title: "remove this plan",
    });
    const policy = part("policy").querySelector("select");
    policy.setAttribute("aria-label", `Policy of plan ${LETTERS[place]}`);
    return make(
      "section",
      { class: `card c${place}`, "aria-label": `Plan ${LETTERS[place]}` },
      make("h2", {}, make("span", {}, LETTERS[place]), policy, plans.length > 1 ? drop : null),
      ...ownFields(plan).map(part),
    );
  }

  const add = () => change(() => (plans = [...plans, { ...plans.at(-1) }]), "policy");

  const predict = newest(
    "curves",
    (told) => {
      theory = told;
      draw();
    },
    (why) => {
      theory = [];
      answer.textContent = why;
      answer.classList.add("wrong");
    },
  );
  const write = later(async () => {
    const { trials, seed } = shared;
    try {
      const said = await ask("codes", { ...tables(), trials, seed });
      toml.set(said.toml);
      python.set(said.python);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }, 200);
  const remember = later(() => {
    if (location.pathname === "/compare") history.replaceState(null, "", address());
  }, 200);

  function change(act, field) {
    act();
    if (REBUILD.has(field)) {
      const at = document.activeElement?.id ? [...result.parentNode.querySelectorAll("select")].indexOf(document.activeElement) : -1;
      build();
      result.parentNode.querySelectorAll("select")[at]?.focus();
    }
    if (field !== "trials" && field !== "seed") predict(tables());
    forget();
    write();
    remember();
  }

  function forget() {
    halt();
    measured = [];
    progress.textContent = "";
  }

  function measure() {
    go.textContent = "Stop";
    progress.textContent = "starting …";
    measured = [];
    let done = "";
    const began = Date.now();
    const clock = setInterval(() => {
      if (!stop) clearInterval(clock);
      else progress.textContent = `${done}under way, ${Math.round((Date.now() - began) / 1000)} s`;
    }, 1000);
    const end = (words) => {
      stop = null;
      go.textContent = "Measure differences";
      progress.textContent = words;
      say(words);
    };
    stop = run("differences", { ...tables(), trials: shared.trials, seed: shared.seed }, {
      pair: (pair) => {
        measured[pair.plan] = pair;
        done = `${LETTERS[pair.plan]} against A is done; `;
        draw();
      },
      done: ({ trials }) => end(`${counted(trials)} pairs of runs on common random numbers`),
      failed: end,
    });
  }

  function halt() {
    if (!stop) return;
    stop();
    stop = null;
    go.textContent = "Measure differences";
    progress.textContent = "stopped";
  }

  // wrong classes where every plan has classes, else risks
  const column = () => (theory.length && theory.every(({ curve }) => curve?.error?.every(Number.isFinite)) ? "error" : "risk");

  function sheet(write) {
    const headings = ["model"];
    const shown = column();
    const columns = [];
    theory.forEach(({ curve }, place) => {
      if (!curve) return;
      headings.push(LETTERS[place]);
      columns.push(numbers(curve[shown]).map(write));
    });
    measured.forEach((pair, place) => {
      headings.push(`${LETTERS[place]} − A${shown === "error" ? ", risk" : ""}`, "standard error");
      columns.push(numbers(pair.difference).map(write), numbers(pair.stderr).map(write));
    });
    const count = Math.max(0, ...columns.map((list) => list.length));
    return [headings, Array.from({ length: count }, (_, model) => [String(model), ...columns.map((list) => list[model])])];
  }

  function draw() {
    const shown = column();
    const series = theory.flatMap(({ curve }, place) =>
      curve ? [{ name: `${LETTERS[place]}  ${POLICIES[plans[place]?.policy ?? "replace"][0]}`, values: numbers(curve[shown]), colour: place }] : [],
    );
    const ends = theory.map(({ curve }, place) => ({ letter: LETTERS[place], risk: curve ? Number(curve[shown].at(-1)) : NaN }));
    answer.textContent = sentence(ends, shared.generations - 1);
    answer.classList.remove("wrong");
    chart.show({ series, y: shown === "error" ? "share of wrong classes" : "excess risk" }, answer.textContent);
    const missing = theory.flatMap(({ curve, sentence: why }, place) => (curve ? [] : [`${LETTERS[place]}: ${why}`]));
    const doubts = theory.flatMap(({ curve }, place) => (curve?.warnings ?? []).map((text) => `${LETTERS[place]}: ${text}`));
    notes.replaceChildren(...[...missing, ...doubts].map((text) => make("li", {}, text)));
    fill();
    tell();
  }

  const tell = later(() => say(answer.textContent), 800);
  const fill = later(() => {
    numbersTable.replaceChildren(table("Errors of the plans", ...sheet((value) => number(value))));
  }, 60);

  function address() {
    const query = new URLSearchParams(pick(shared, [...problemFields(shared), "generations", "trials", "seed"]));
    plans.forEach((plan, place) => {
      for (const name of ["policy", ...ownFields(plan)]) query.set(`${name}.${place + 1}`, plan[name]);
    });
    return `/compare?${query}`;
  }

  return {
    node: make("div", { class: "view" }, panel, result),
    enter(query) {
      if (known && !query.size) return remember();
      known = true;
      shared = { ...SHARED_START, ...fromAddress(query, SHARED) };
      const told = [1, 2, 3, 4].filter((place) => query.has(`policy.${place}`)).map((place) => fromAddress(query, OWN, `.${place}`));
      plans = (told.length ? told : FIRST).map((plan) => ({ ...OWN_START, ...plan }));
      build();
      forget();
      predict(tables());
      write();
      return remember();
    },
  };
}

// which plan ends lowest, and how far above it the others are
function sentence(ends, last) {
  const known = ends.filter(({ risk }) => !Number.isNaN(risk)).sort((one, other) => one.risk - other.risk);
  if (!known.length) return "There is no theory for these plans; measure their differences";
  const [first, ...others] = known;
  if (!Number.isFinite(first.risk)) return `model ${last}: infinite in every plan`;
  if (!others.length) return `model ${last}: ${first.letter} has ${number(first.risk, 3)}`;
  const words = others.map(({ letter, risk }) =>
    risk === first.risk ? `${letter} as much` : Number.isFinite(risk) && first.risk > 0 ? `${letter} has ${number(risk / first.risk, 2)} times that` : `${letter} ${number(risk, 3)}`,
  );
  return `model ${last}: ${first.letter} is lowest with ${number(first.risk, 3)}; ${words.join(", ")}`;
}
