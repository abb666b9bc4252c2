// A field as a slider with a number box, or as a choice.

import { FIELDS, read } from "./fields.js";
import { make } from "./page.js";

const STEPS = 1000;
const ZERO = 20; // steps of a logarithmic slider that are zero

function valueAt(field, place) {
  const share = place / STEPS;
  if (field.scale === "linear") {
    const value = field.from + share * (field.to - field.from);
    return Number((Math.round(value / field.step) * field.step).toFixed(6));
  }
  if (field.scale === "log0") {
    if (place < ZERO) return 0;
    return Number(geometric(field, (place - ZERO) / (STEPS - ZERO)).toPrecision(3));
  }
  const value = geometric(field, share);
  return field.whole ? Number(Math.round(value).toPrecision(3)) : Number(value.toPrecision(3));
}

const geometric = (field, share) => field.from * (field.to / field.from) ** share;

function placeOf(field, value) {
  const held = Math.min(Math.max(value, field.from), field.to);
  if (field.scale === "linear") return Math.round((STEPS * (held - field.from)) / (field.to - field.from));
  const share = Math.log(held / field.from) / Math.log(field.to / field.from);
  if (field.scale === "log0") return value < field.from ? 0 : Math.round(ZERO + share * (STEPS - ZERO));
  return Math.round(STEPS * share);
}

let made = 0;

export function control(name, value, changed, { label, beside } = {}) {
  const field = FIELDS[name];
  const id = `field-${name}-${(made += 1)}`;
  const words = label ?? field.label;
  if (field.options) return choice(id, name, words, field, value, changed);
  const box = make("input", { id, type: "number", inputmode: "decimal", step: "any", title: field.title, "data-field": name });
  const slider =
    field.scale === "none" ? null : make("input", { type: "range", min: 0, max: STEPS, "aria-label": `${words}, slider` });
  const show = (number) => {
    if (document.activeElement !== box) box.value = number;
    box.removeAttribute("aria-invalid");
    if (slider) {
      slider.value = placeOf(field, number);
      slider.setAttribute("aria-valuetext", number);
    }
  };
  box.addEventListener("input", () => {
    const number = read(name, box.value);
    if (number === null) {
      box.setAttribute("aria-invalid", "true");
      return;
    }
    show(number);
    changed(name, number);
  });
  box.addEventListener("change", () => {
    if (read(name, box.value) === null) {
      box.value = valueAt(field, Number(slider?.value ?? 0));
      box.removeAttribute("aria-invalid");
    }
  });
  const moved = () => {
    const number = valueAt(field, Number(slider.value));
    box.value = number;
    slider.setAttribute("aria-valuetext", number);
    changed(name, number);
  };
  slider?.addEventListener("input", moved);
  // a key moves to the next value, also where several places of the slider have the same
  slider?.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const before = Number(box.value);
    let place = placeOf(field, before);
    do place += step;
    while (place > 0 && place < STEPS && step * (valueAt(field, place) - before) <= 0);
    slider.value = place;
    moved();
  });
  show(value);
  const head = make("span", { class: "head" }, make("label", { for: id, title: field.title }, words), beside, box);
  return { node: make("div", { class: "field" }, head, slider), set: show };
}

function choice(id, name, words, field, value, changed) {
  const select = make(
    "select",
    { id, "data-field": name, onchange: () => changed(name, select.value) },
    ...Object.entries(field.options).map(([key, text]) => make("option", { value: key }, text)),
  );
  select.value = value;
  const node = make("div", { class: "field choice" }, make("label", { for: id }, words), select);
  return { node, set: (key) => (select.value = key) };
}

// fields under a heading
export function group(title, ...parts) {
  return make("fieldset", {}, make("legend", {}, title), ...parts);
}
