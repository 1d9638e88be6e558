// Which search an item was seen in, and at which position, so that an event names both.

const REMEMBERED = 200;
const DAY_MS = 24 * 3600 * 1000;

/** Remembers hits as they are shown, and those that were touched beyond the page. */
export class Attribution {
  #store;
  #ofHits = new WeakMap();
  #shown = new Map();

  constructor(store) {
    this.#store = store;
  }

  /** An answer whose hits are about to be shown. */
  show(answer) {
    for (const hit of answer.hits) {
      const seen = { query_id: answer.decision_id, position: hit.position };
      for (const one of [hit, ...(hit.variants ?? [])]) {
        this.#ofHits.set(one, seen);
        this.#remember(one.item_id, seen);
      }
    }
  }

  /** `{query_id, position}` of a hit, or of an item by its id as it was shown last; null of one that was not. */
  of(item) {
    const itemId = typeof item === "string" ? item : item.item_id;
    const seen = (typeof item === "string" ? null : this.#ofHits.get(item)) ?? this.#shown.get(itemId);
    if (seen) return seen;
    const touched = this.#store.read().find((one) => one.item_id === itemId && Date.now() - one.at < DAY_MS);
    return touched ? { query_id: touched.query_id, position: touched.position } : null;
  }

  /** Something was done with it, so the pages to come may ask where it was seen. */
  touch(itemId, seen) {
    const others = this.#store.read().filter((one) => one.item_id !== itemId);
    this.#store.write([...others, { item_id: itemId, ...seen, at: Date.now() }].slice(-REMEMBERED));
  }

  #remember(itemId, seen) {
    this.#shown.delete(itemId);
    this.#shown.set(itemId, seen);
    if (this.#shown.size > 10 * REMEMBERED) this.#shown.delete(this.#shown.keys().next().value);
  }
}
