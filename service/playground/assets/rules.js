// Merchandising rules of one search: what they say, and what to change so that an item stands elsewhere.

import { fetchJson, send } from "./requests.js";

/** Words as the service compares them. */
const plain = (text) => text.toLowerCase().split(/\s+/).filter(Boolean).join(" ");

/** The rules that speak about a search with these words, those for every search among them. */
export function rulesAbout(rules, query) {
  const words = plain(query);
  return Object.entries(rules).filter(([, rule]) => rule.query == null || plain(rule.query) === words);
}

/** Rules of one item for these words alone: what the page may change without touching anything else. */
function ofItem(rules, query, action) {
  return rulesAbout(rules, query).filter(
    ([, rule]) => rule.action === action && rule.query != null && rule.category == null && rule.item_ids.length === 1,
  );
}

const itemOf = ([, rule]) => rule.item_ids[0];
const positionOf = ([, rule]) => rule.position ?? 0;

/** Changes are pairs of a name and the rule it shall have, null for none. */
export function pinning(rules, query, itemId, position) {
  const pins = ofItem(rules, query, "pin");
  const own = pins.find((pin) => itemOf(pin) === itemId);
  const changes = releasing(rules, query, itemId, "bury");
  changes.push([own?.[0] ?? newName("pin"), { action: "pin", item_ids: [itemId], query, position }]);
  // Who stood there moves one down, and so do those who stand in the way of that.
  let at = position;
  for (let moved = holder(at); moved; moved = holder(at)) {
    at += 1;
    changes.push([moved[0], { ...moved[1], position: at }]);
  }
  return changes;

  function holder(place) {
    return pins.find((pin) => pin !== own && positionOf(pin) === place);
  }
}

export function burying(rules, query, itemId) {
  const changes = releasing(rules, query, itemId, "pin");
  if (ofItem(rules, query, "bury").some((bury) => itemOf(bury) === itemId)) return changes;
  return [...changes, [newName("bury"), { action: "bury", item_ids: [itemId], query }]];
}

export function releasing(rules, query, itemId, action) {
  return ofItem(rules, query, action).filter((rule) => itemOf(rule) === itemId).map(([name]) => [name, null]);
}

function newName(action) {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `playground-${action}-${[...random].map((number) => number.toString(16).padStart(8, "0")).join("")}`;
}

/** The rules of the service, and how to take the last change back. */
export class Rules {
  #all = {};
  #undone = []; // for each change the one that reverses it, the last at the end

  get all() {
    return this.#all;
  }

  get canUndo() {
    return this.#undone.length > 0;
  }

  async load() {
    this.#all = await fetchJson("/rules");
  }

  async change(changes) {
    const reverse = [];
    this.#undone.push(reverse);
    try {
      for (const [name, rule] of changes) {
        const before = this.#all[name] ?? null;
        await this.#put(name, rule);
        reverse.unshift([name, before]);
      }
    } finally {
      if (reverse.length === 0) this.#undone.pop();
    }
  }

  async undo() {
    const reverse = this.#undone.at(-1) ?? [];
    for (const [name, rule] of reverse) await this.#put(name, rule);
    this.#undone.pop();
  }

  async #put(name, rule) {
    const all = { ...this.#all };
    if (rule === null) {
      await send("DELETE", `/rules/${encodeURIComponent(name)}`);
      delete all[name];
    } else {
      all[name] = await send("PUT", `/rules/${encodeURIComponent(name)}`, rule);
    }
    this.#all = all;
  }
}
