// A curve that follows a slider: its first models at once where all take long, all of them when it rests.

import { later } from "./page.js";
import { newest } from "./server.js";

const LONG = 70; // milliseconds after which a picture seems late
const SHORT = 30;
const REST = 150; // milliseconds without a move
const LEAST = 2; // models that make a curve

// show is told the answer and whether it is of all models; kind names questions that take alike
export function paced(name, kind, count, show, fail) {
  const few = new Map(); // how many models there is time for, where not for all
  let wanted = null;
  let asked = null;
  const all = newest(name, (answer, query, took) => {
    const key = kind(query);
    if (took <= LONG) few.delete(key);
    else if (!few.has(key)) few.set(key, Math.max(LEAST, Math.floor((count(query) * 0.6 * LONG) / took)));
    if (query !== wanted) return;
    asked = null; // first models that come later say less
    show(answer, true);
  }, (why, query) => {
    if (query !== wanted) return;
    asked = null;
    fail(why);
  });
  const first = newest(name, (answer, query, took) => {
    const key = kind(query);
    if (took > LONG) few.set(key, Math.max(LEAST, Math.floor(0.7 * query.models)));
    else if (took < SHORT) few.set(key, query.models + 1);
    if (query === asked) show(answer, false);
  }, (why, query) => query === asked && fail(why));
  const rest = later(() => all(wanted), REST);
  return (query) => {
    wanted = query;
    const models = few.get(kind(query)) ?? Infinity;
    if (models >= count(query)) {
      asked = null;
      all(query);
    } else {
      first((asked = { ...query, models }));
      rest();
    }
  };
}
