// Requests, and what went wrong with them in words.

import { heldKey } from "./key.js";
import { csrfHeaders } from "./session.js";

const NO_SUCH_PATH = "about:blank";

export class Trouble extends Error {
  constructor(message, { mayPass = false, needsKey = false } = {}) {
    super(message);
    this.mayPass = mayPass;
    this.needsKey = needsKey;
  }
}

export const fetchJson = (path, parameters) => send("GET", parameters ? `${path}?${parameters}` : path);

/** What the service answers to a request by the key that is held, or by who is logged in; null where it answers nothing. */
export async function send(method, address, body) {
  const response = await answered(method, address, body);
  return response.status === 204 ? null : response.json();
}

/** A file that the service answers with. */
export const fetchText = async (path) => (await answered("GET", path)).text();

async function answered(method, address, body) {
  const key = heldKey();
  const headers = { Accept: "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  else if (method !== "GET") Object.assign(headers, await csrfHeaders());
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    const why = navigator.onLine ? ". It may be starting again." : ": this device is offline.";
    throw new Trouble(`The service does not answer${why}`, { mayPass: true });
  }
  if (response.ok) return response;
  if (response.status === 401) {
    throw new Trouble(key ? "The service does not know this key." : "The service asks here for a key, or for somebody who is logged in.", { needsKey: true });
  }
  const problem = await response.json().catch(() => ({}));
  if (response.status === 404 && problem.type === NO_SUCH_PATH) {
    throw new Trouble("This is not offered here. Where the service has an admin port, open this page there.");
  }
  // A definition as a whole is the body of its request: to who filled in a form that name says nothing.
  const words = problem.detail?.replace(/^body: /, "") ?? `The service answered ${response.status} ${response.statusText}.`;
  throw new Trouble(words, { mayPass: response.status >= 500 || response.status === 429, needsKey: response.status === 403 });
}

/** One at a time, and of those asked for meanwhile only the last: a slider asks faster than anyone can look. */
export class Latest {
  #running = false;
  #next = null;

  async run(task) {
    if (this.#running) {
      this.#next = task;
      return;
    }
    this.#running = true;
    try {
      for (let now = task; now !== null; now = this.#next) {
        this.#next = null;
        await now();
        if (this.#next === null) break;
      }
    } finally {
      this.#running = false;
    }
  }
}
