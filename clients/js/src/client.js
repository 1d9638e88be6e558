// A shop front's side of the service.

import { Attribution } from "./attribution.js";
import { EventQueue } from "./events.js";
import { Requests } from "./requests.js";
import { storedList, tabStorage } from "./stored.js";

/** Searches, suggests, and sends what shoppers did with what they were shown. */
export class Trimtab {
  #requests;
  #attribution;
  #session;
  #events;

  /** See `TrimtabOptions` in index.d.ts. */
  constructor({ url, key, userToken, sessionId, storage = tabStorage(), onError, retryMs } = {}) {
    if (!url) throw new TypeError("Trimtab needs the url of the service");
    this.#requests = new Requests({ url, key, userToken });
    const stored = (name) => storedList(storage, `trimtab:${name}:${url}`);
    this.#attribution = new Attribution(stored("seen"));
    this.#session = sessionId ?? sessionOf(stored("session"));
    this.#events = new EventQueue((events) => this.#post(events), { store: stored("events"), onError, retryMs });
  }

  /** The id of this visit, which the service's pages of one query and its experiments keep to. */
  get sessionId() {
    return this.#session;
  }

  /** The queue of what is not acknowledged yet. */
  get events() {
    return this.#events;
  }

  /** `GET /search`: its parameters by their names; `weights: {revenue: 0.3}` is `w_revenue=0.3`. */
  async search({ weights = {}, ...parameters } = {}, options = {}) {
    const sent = new URLSearchParams({ session_id: this.#session });
    for (const [name, value] of Object.entries(parameters)) append(sent, name, value);
    for (const [objective, weight] of Object.entries(weights)) append(sent, `w_${objective}`, weight);
    const answer = await this.#requests.get("/search", sent, options);
    this.#attribution.show(answer);
    return answer;
  }

  /** `GET /suggest`: what the beginning of a query may become. */
  suggest(q, { k, ...options } = {}) {
    const sent = new URLSearchParams({ q });
    append(sent, "k", k);
    return this.#requests.get("/suggest", sent, options);
  }

  /** A shopper chose an item: a hit, a variant of one, or the id of either. */
  click(item, details) {
    return this.#note("click", item, details);
  }

  /** A shopper put an item in the cart. */
  cart(item, details) {
    return this.#note("cart", item, details);
  }

  /** A shopper bought an item; `value` is what was paid, left out the item's price times `quantity`. */
  purchase(item, details) {
    return this.#note("purchase", item, details);
  }

  /** Queues an event; returns it, or null where the item was in no search of this visit and there is nothing to say. */
  #note(action, item, { quantity, value } = {}) {
    const itemId = typeof item === "string" ? item : item.item_id;
    const seen = this.#attribution.of(item);
    if (seen === null) return null;
    this.#attribution.touch(itemId, seen);
    const event = {
      event_id: crypto.randomUUID?.() ?? randomName(),
      action_name: action,
      query_id: seen.query_id,
      item_id: itemId,
      position: seen.position,
      ...(quantity === undefined ? {} : { quantity }),
      ...(value === undefined ? {} : { value }),
    };
    this.#events.add(event);
    return event;
  }

  #post(events) {
    return this.#requests.post("/events", (token) => ({
      events: token ? events.map((event) => ({ ...event, user_token: token })) : events,
    }));
  }
}

function append(sent, name, value) {
  if (value === undefined || value === null || value === "") return;
  for (const one of Array.isArray(value) ? value : [value]) sent.append(name, String(one));
}

function sessionOf(store) {
  const [known] = store.read();
  const session = typeof known === "string" ? known : randomName();
  store.write([session]);
  return session;
}

// `crypto.randomUUID` is there on secure pages only.
function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
