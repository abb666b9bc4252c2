// What can be asked: every field with its label and range, and which of them a problem or a plan has.

const whole = { scale: "log", whole: true };

export const FIELDS = {
  problem: {
    label: "Inputs",
    options: { power_law: "power law", isotropic: "all directions alike" },
    start: "power_law",
  },
  dim: { label: "Directions", title: "number of features, dim", ...whole, from: 2, to: 5000, start: 300 },
  capacity: { label: "Decay of the spectrum", title: "eigenvalues fall like rank to this power", scale: "linear", from: 0, to: 4, step: 0.05, start: 1.5 },
  source: { label: "Smoothness of the truth", title: "larger is easier to learn", scale: "linear", from: 0, to: 2, step: 0.05, start: 0.5 },
  signal: { label: "Signal", title: "error of always answering zero", scale: "log", from: 0.01, to: 100, start: 1 },
  policy: { label: "Policy", options: {}, start: "replace" },
  generations: { label: "Models", title: "generations", ...whole, from: 1, to: 200, start: 10 },
  n_samples: { label: "Rows per model", title: "rows of a generation, n_samples", ...whole, from: 10, to: 20000, most: 1e6, start: 600 },
  real: { label: "Share of real labels", title: "real", scale: "linear", from: 0, to: 1, step: 0.01, start: 0.2 },
  n_real: { label: "Real rows", title: "n_real", ...whole, from: 10, to: 20000, most: 1e6, start: 300 },
  edited: { label: "Share of labels replaced", title: "edited", scale: "linear", from: 0, to: 1, step: 0.01, start: 0.2 },
  weight: { label: "Weight of rows that models label", title: "a real row has 1", scale: "log", from: 0.01, to: 10, start: 1 },
  last: { label: "Blocks in the window", title: "last", ...whole, from: 1, to: 50, most: 200, start: 3 },
  mixing: { label: "Weight of the model's labels", title: "mixing; the rest is the weight of the row's own label", scale: "linear", from: -1, to: 1.5, step: 0.05, start: 0.6 },
  design: { label: "New blocks have", options: { fresh: "new inputs", same: "the first block's inputs" }, start: "fresh" },
  loss: { label: "Loss", options: { logistic: "logistic", squared: "squared", squared_hinge: "squared hinge" }, start: "logistic" },
  labels: { label: "A model's label is", options: { hard: "its class", sampled: "a class by chance", soft: "its probability" }, start: "hard" },
  sure: { label: "Keep labels surer than", title: "rows on which the labeler's value is nearer to zero are left out", scale: "linear", from: 0, to: 5, step: 0.05, start: 0 },
  noise: { label: "Label noise", title: "standard deviation, sigma", scale: "linear", from: 0, to: 2, step: 0.01, most: 1e6, start: 0.5 },
  chosen: { label: "Penalty is chosen", options: { once: "once, below", anew: "anew for every model" }, start: "once" },
  intercept: { label: "Models have", options: { none: "no intercept", free: "an intercept" }, start: "none" },
  penalty: { label: "Penalty", title: "lambda", scale: "log0", from: 1e-6, to: 10, most: 1e6, start: 0 },
  trials: { label: "Runs", title: "trials", ...whole, from: 10, to: 10000, start: 500 },
  each: { label: "Rows per model", title: "rows that a model is trained on, n_samples", scale: "none", whole: true, from: 1, to: 1e6, start: 100 },
  added: { label: "Noise on a model's labels", title: "standard deviation, in units of the target", scale: "none", from: 0, to: 1e12, start: 0 },
  seed: { label: "Seed", scale: "none", whole: true, from: 0, to: 2 ** 53, start: 0 },
};

export const POLICIES = {
  replace: ["Replace", "Every model is trained on new rows that the one before labelled.", []],
  mix: ["Some real rows", "A share of every generation's rows has real labels.", ["real"]],
  mix_labels: ["Mixed labels", "Every row's label is an average of a real one and a model's.", ["real"]],
  accumulate: ["Keep all rows", "Every generation adds a block and refits to all rows so far.", ["design"]],
  subsample: ["Keep all, fit to some", "As many rows as a block has, drawn from all rows so far.", ["design"]],
  same_design: ["Label the same rows anew", "The first inputs, labelled by the model before.", []],
  anchored: ["Real rows that stay", "One real data set, and the newest synthetic rows beside it.", ["n_real", "weight"]],
  window: ["The last blocks", "The newest blocks of rows, with the labels they have.", ["last"]],
  distill: ["Self-distillation", "The first rows again, their labels mixed with the last model's.", ["mixing"]],
  self_train: ["Self-training", "Classes: real rows, and new ones that the last model labels.", ["n_real", "loss", "labels", "sure"]],
  edit: ["Some labels replaced", "The rows stay; the last model replaces a share of their labels, drawn anew.", ["edited"]],
  ppi: ["Prediction-powered", "The last model labels many rows, and new real ones take its mistakes away.", ["n_real", "weight"]],
};
FIELDS.policy.options = Object.fromEntries(Object.entries(POLICIES).map(([name, [label]]) => [name, label]));

// fields on which it depends what others there are
export const REBUILD = new Set(["problem", "policy", "chosen"]);

const OF_PROBLEM = { power_law: ["dim", "capacity", "source"], isotropic: ["dim", "signal"] };

export const START = Object.fromEntries(Object.entries(FIELDS).map(([name, field]) => [name, field.start]));

export const problemFields = (state) => ["problem", ...OF_PROBLEM[state.problem]];

// by leave-one-out, which self-training does not offer
const anew = ({ policy, chosen }) => policy !== "self_train" && chosen === "anew";

export function ownFields(state) {
  const once = ["chosen", "penalty", "intercept"]; // which leave-one-out and losses of classes do not know
  const choice = state.policy === "self_train" ? ["penalty"] : anew(state) ? ["chosen"] : once;
  return ["n_samples", ...POLICIES[state.policy][2], "noise", ...choice];
}

// the tables of a plan file
export function problemTable(state) {
  return { preset: state.problem, ...pick(state, OF_PROBLEM[state.problem]) };
}

export function planTable(state) {
  const { chosen, sure, intercept, ...told } = pick(state, ownFields(state));
  const count = { [state.policy === "distill" ? "rounds" : "generations"]: state.generations };
  const soft = state.policy === "self_train" && state.labels === "soft" ? { real_labels: "hard" } : {};
  const kept = sure > 0 ? { keep: { kind: "confident", threshold: sure } } : {};
  const how = { ...(anew(state) ? { penalty: "cv" } : {}), ...(intercept === "free" ? { intercept: true } : {}) };
  return { preset: state.policy, ...count, ...told, ...soft, ...kept, ...how };
}

export const pick = (state, names) => Object.fromEntries(names.map((name) => [name, state[name]]));

// a value as the field allows it, or null
export function read(name, text) {
  const field = FIELDS[name];
  if (field.options) return text in field.options ? text : null;
  const value = Number(text);
  if (text === "" || text === null || !Number.isFinite(value)) return null;
  if (field.whole && !Number.isInteger(value)) return null;
  const least = field.scale === "log0" ? 0 : field.scale === "linear" ? Math.min(field.from, 0) : field.whole ? Math.min(field.from, 1) : 0;
  return value >= least && value <= (field.most ?? field.to) ? value : null;
}

// a state that the address tells, by names with an ending such as ".2"
export function fromAddress(query, names, ending = "") {
  const state = {};
  for (const name of names) {
    const value = query.has(name + ending) ? read(name, query.get(name + ending)) : null;
    if (value !== null) state[name] = value;
  }
  return state;
}
