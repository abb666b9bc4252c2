// What the page asks its server.

// every load of the page is a tab of its own
const TAB = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export class Refused extends Error {}

async function answered(response) {
  const said = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
  if (!response.ok || said.error) throw new Refused(said.error ?? `the server answered ${response.status}`);
  return said;
}

const lost = () => {
  throw new Refused("the server is gone; start genloss app again");
};

export const ask = (name, query) =>
  fetch(`/api/${name}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(query),
  }).then(answered, lost);

const LARGEST = 100 * 2 ** 20; // as the server counts

export async function bring(file) {
  if (file.size > LARGEST) throw new Refused('it has more than 100 MB; "genloss forecast" reads larger ones');
  return fetch(`/upload?tab=${TAB}&name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  }).then(answered, lost);
}

// asks one question at a time; of those that come meanwhile only the last is asked. show is told the answer,
// the question, and how many milliseconds it took
export function newest(name, show, fail) {
  let waiting = null;
  let busy = false;
  async function next() {
    busy = true;
    while (waiting) {
      const query = waiting;
      waiting = null;
      const began = performance.now();
      try {
        const answer = await ask(name, query);
        if (!waiting) show(answer, query, performance.now() - began);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (!waiting) fail(error.message, query);
      }
    }
    busy = false;
  }
  return (query) => {
    waiting = query;
    if (!busy) next();
  };
}

// a job under way; stop() ends it on the server too
export function run(name, query, on) {
  const source = new EventSource(`/run/${name}?tab=${TAB}&q=${encodeURIComponent(JSON.stringify(query))}`);
  const stop = () => source.close();
  for (const [event, act] of Object.entries(on)) {
    source.addEventListener(event, (message) => {
      if (event === "done" || event === "failed") stop();
      act(JSON.parse(message.data));
    });
  }
  source.onerror = () => {
    stop();
    on.failed("the server is gone; start genloss app again");
  };
  return stop;
}
