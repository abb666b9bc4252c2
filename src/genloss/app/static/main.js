// Which view is shown: the address says it.

import { compare } from "./compare.js";
import { data } from "./data.js";
import { explore } from "./explore.js";
import { map } from "./map.js";

const VIEWS = { "/explore": explore, "/compare": compare, "/map": map, "/data": data };
const TITLES = { "/explore": "Explore", "/compare": "Compare", "/map": "Phase map", "/data": "Your data" };

const main = document.getElementById("view");
const made = {};
let shown = null;

// a view keeps what it has while another is shown
function show(focus) {
  const path = location.pathname in VIEWS ? location.pathname : "/explore";
  shown?.leave?.();
  made[path] ??= VIEWS[path](open);
  shown = made[path];
  main.replaceChildren(shown.node);
  document.title = `genloss: ${TITLES[path]}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  shown.enter(new URLSearchParams(location.search));
  if (focus) main.focus({ preventScroll: true });
}

function open(address) {
  history.pushState(null, "", address);
  show(true);
  scrollTo(0, 0);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("header a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  open(link.getAttribute("href"));
});
addEventListener("popstate", () => show(false));
show(false);
