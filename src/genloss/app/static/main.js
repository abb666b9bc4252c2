// Which view is shown: the address says it.

// a view is loaded when it is opened first
const VIEWS = {
  "/explore": () => import("./explore.js"),
  "/compare": () => import("./compare.js"),
  "/map": () => import("./map.js"),
  "/data": () => import("./data.js"),
};
const TITLES = { "/explore": "Explore", "/compare": "Compare", "/map": "Phase map", "/data": "Your data" };

const main = document.getElementById("view");
const made = {};

// a view keeps what it has while another is shown
async function show(focus) {
  const path = location.pathname in VIEWS ? location.pathname : "/explore";
  document.title = `genloss: ${TITLES[path]}`;
  document.getElementById("title").textContent = TITLES[path];
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  made[path] ??= VIEWS[path]().then(({ view }) => view(open));
  const shown = await made[path];
  if (document.title !== `genloss: ${TITLES[path]}`) return; // another one was opened meanwhile
  main.replaceChildren(shown.node);
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
