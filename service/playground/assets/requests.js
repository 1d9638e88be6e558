// Requests, and what went wrong with them in words.

export class Trouble extends Error {
  constructor(message, { mayPass = false } = {}) {
    super(message);
    this.mayPass = mayPass;
  }
}

export async function fetchJson(path, parameters) {
  let response;
  try {
    response = await fetch(`${path}?${parameters}`, { headers: { Accept: "application/json" } });
  } catch {
    throw new Trouble("The service does not answer. It may be starting again.", { mayPass: true });
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const words = problem.detail ?? `The service answered ${response.status} ${response.statusText}.`;
  throw new Trouble(words, { mayPass: response.status >= 500 || response.status === 429 });
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
