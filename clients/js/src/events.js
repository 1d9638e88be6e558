// A queue of events that loses none to a page that closes, and sends none twice.
//
// Each event has an `event_id` of its own, by which the service knows one that it has had: sending again is safe. What
// is not acknowledged is in the session's storage, where the next page of the shop finds it.

const BATCH = 50; // about 12 kB: a browser lets go of 64 kB with the page
const DELAY_MS = 500;
const TRIES = 6;
const LONGEST_PAUSE_MS = 60_000;
const KEPT = 500;

/** Collects events and sends them together, a moment after the first or when the page is left. */
export class EventQueue {
  #send;
  #store;
  #onError;
  #retryMs;
  #waiting;
  #sending = new Set();
  #timer = null;
  #failures = 0;

  /** `send(events)` sends a batch; `store` has `read()` and `write(events)`; `onError` is called with what is given up. */
  constructor(send, { store, onError = () => {}, retryMs = 1000 } = {}) {
    this.#send = send;
    this.#store = store;
    this.#onError = onError;
    this.#retryMs = retryMs;
    this.#waiting = store.read();
    if (this.#waiting.length > 0) this.#schedule(DELAY_MS);
    globalThis.addEventListener?.("pagehide", () => this.flush());
    globalThis.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush();
    });
  }

  /** How many are not acknowledged. */
  get length() {
    return this.#waiting.length;
  }

  add(event) {
    this.#waiting = [...this.#waiting, { ...event, tries: 0 }].slice(-KEPT);
    this.#store.write(this.#waiting);
    this.#schedule(this.#failures > 0 ? this.#pause(null) : DELAY_MS);
  }

  /** Sends all that is not under way now; ends when each is acknowledged, given up, or waits for the next try. */
  async flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const due = this.#waiting.filter((event) => !this.#sending.has(event.event_id));
    const batches = [];
    for (let start = 0; start < due.length; start += BATCH) batches.push(due.slice(start, start + BATCH));
    await Promise.all(batches.map((batch) => this.#deliver(batch)));
  }

  async #deliver(batch) {
    for (const event of batch) this.#sending.add(event.event_id);
    try {
      await this.#send(batch.map(({ tries, ...event }) => event));
      this.#failures = 0;
      this.#settle(batch);
    } catch (error) {
      if (error.isTemporary) this.#keep(batch, error);
      else if (batch.length === 1) this.#giveUp(batch, error);
      // One that is refused refuses its batch.
      else for (const event of batch) await this.#deliver([event]);
    } finally {
      for (const event of batch) this.#sending.delete(event.event_id);
    }
  }

  #keep(batch, error) {
    this.#failures += 1;
    for (const event of batch) event.tries += 1;
    this.#giveUp(batch.filter((event) => event.tries >= TRIES), error);
    this.#store.write(this.#waiting);
    if (this.#waiting.length > 0) this.#schedule(this.#pause(error.retryAfterSeconds));
  }

  #giveUp(events, error) {
    this.#settle(events);
    for (const event of events) this.#onError(error, event);
  }

  #settle(events) {
    const done = new Set(events.map((event) => event.event_id));
    this.#waiting = this.#waiting.filter((event) => !done.has(event.event_id));
    this.#store.write(this.#waiting);
  }

  #pause(retryAfterSeconds) {
    const asked = (retryAfterSeconds ?? 0) * 1000;
    return Math.min(LONGEST_PAUSE_MS, Math.max(asked, this.#retryMs * 2 ** (this.#failures - 1)));
  }

  #schedule(ms) {
    this.#timer ??= setTimeout(() => this.flush(), ms);
  }
}
