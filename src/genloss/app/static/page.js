// Small pieces that every view is made of.

export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export const button = (words, act, properties = {}) => make("button", { type: "button", onclick: act, ...properties }, words);

// for those who do not see the page
export function say(words) {
  document.getElementById("said").textContent = words;
}

export function table(caption, headings, rows) {
  return make(
    "div",
    { class: "wide", role: "region", tabindex: "0", "aria-label": caption },
    make(
      "table",
      {},
      make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, ...headings.map((heading) => make("th", { scope: "col" }, heading)))),
      make(
        "tbody",
        {},
        ...rows.map((row) =>
          make("tr", {}, ...row.map((cell, place) => (place ? make("td", {}, cell) : make("th", { scope: "row" }, cell)))),
        ),
      ),
    ),
  );
}

// panels of which one is shown
export function tabs(label, panels) {
  const id = `tabs-${label.replaceAll(" ", "-")}`;
  const heads = [];
  const bodies = [];
  const show = (chosen, focus) => {
    heads.forEach((head, place) => {
      head.setAttribute("aria-selected", place === chosen);
      head.tabIndex = place === chosen ? 0 : -1;
      bodies[place].hidden = place !== chosen;
    });
    if (focus) heads[chosen].focus();
  };
  Object.entries(panels).forEach(([name, panel], place) => {
    heads.push(
      button(name, () => show(place), {
        role: "tab",
        id: `${id}-head-${place}`,
        "aria-controls": `${id}-${place}`,
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (step) show((place + step + heads.length) % heads.length, true);
        },
      }),
    );
    bodies.push(make("div", { role: "tabpanel", id: `${id}-${place}`, "aria-labelledby": `${id}-head-${place}` }, panel));
  });
  show(0);
  return make("div", { class: "tabs" }, make("div", { role: "tablist", "aria-label": label }, ...heads), ...bodies);
}

// code with a button that copies it, and one that keeps it as a file
export function recipe(name, keep) {
  const text = make("code");
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      copy.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text);
      copy.textContent = "Selected";
    }
    say(`${name}: ${copy.textContent}`);
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  const node = make(
    "div",
    { class: "recipe" },
    make("div", { class: "tools" }, copy, button("Download", () => keep(text.textContent))),
    make("pre", { tabindex: "0", "aria-label": name }, text),
  );
  return { node, set: (words) => (text.textContent = words), get: () => text.textContent };
}

// the newest of many calls, a while after the last
export function later(act, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}
