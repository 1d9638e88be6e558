// Filters that the facets offer: check boxes with counts, and a price range.

import { element } from "./element.js";

const N_SHOWN = 6;
const N_SEARCHED = 12; // With more values than this one would rather type than look.

/** The facets of an answer: six values of each, more on demand, and a field to look among many. */
export class Facets {
  #open = new Map(); // what is looked for, by the fields that show more
  #drawn = null;

  /** @param onToggle is given the filters that are to hold. */
  constructor(box, onToggle) {
    this.box = box;
    this.onToggle = onToggle;
  }

  /** The facets in the answer's order; `details` has their names for people. */
  show(facets, details, filters) {
    this.#drawn = { facets, details, filters };
    const focused = keyOf(document.activeElement);
    const sets = Object.entries(facets).map(([field, counts]) => this.#facet(field, details[field], counts, filters));
    this.box.replaceChildren(...sets.filter(Boolean));
    if (focused) [...this.box.querySelectorAll("input, button")].find((one) => keyOf(one) === focused)?.focus();
  }

  clear() {
    this.box.replaceChildren();
  }

  #facet(field, detail, counts, filters) {
    const own = filters.filter((filter) => filter.startsWith(`${field}:`));
    const chosen = own.map((filter) => filter.slice(field.length + 1));
    const all = [...new Set([...Object.keys(counts), ...chosen])];
    if (all.length === 0) return null;
    const isOpen = this.#open.has(field);
    const wanted = (this.#open.get(field) ?? "").toLowerCase();
    const found = all.filter((name) => name.toLowerCase().includes(wanted));
    const shown = isOpen ? found : [...new Set([...all.slice(0, N_SHOWN), ...chosen])];
    const words = (name) => (detail.ranges.length > 0 ? name.replace("..", " to ") : name);
    const toggle = (filter, on) => this.onToggle(on ? [...filters, filter] : filters.filter((one) => one !== filter));
    return element(
      "fieldset",
      { class: "facet" },
      element("legend", {}, detail.label),
      own.length > 0 && this.#button(field, "clear", "Clear", detail.label, () => this.onToggle(filters.filter((one) => !own.includes(one)))),
      isOpen && all.length > N_SEARCHED && this.#lookFor(field, detail.label),
      ...shown.map((name) => choice(`${field}:${name}`, words(name), counts[name] ?? 0, chosen.includes(name), toggle)),
      isOpen && detail.n_values > all.length && element("p", { class: "note" }, `The ${all.length} most frequent of ${detail.n_values.toLocaleString("en")} values.`),
      all.length > shown.length || isOpen ? this.#button(field, "more", isOpen ? "Fewer" : `More (${all.length - shown.length})`, detail.label, () => this.#fold(field)) : null,
    );
  }

  #button(field, act, words, label, onclick) {
    return element("button", { type: "button", class: `plain ${act}`, "data-key": `${act}:${field}`, "aria-label": `${words}: ${label}`, onclick }, words);
  }

  #lookFor(field, label) {
    const input = element("input", { type: "search", class: "within", "data-key": `within:${field}`, "aria-label": `Look among: ${label}`, placeholder: "Look among these", oninput: () => {
      this.#open.set(field, input.value);
      this.#again();
    } });
    input.value = this.#open.get(field);
    return input;
  }

  #fold(field) {
    if (this.#open.has(field)) this.#open.delete(field);
    else this.#open.set(field, "");
    this.#again();
  }

  #again() {
    const { facets, details, filters } = this.#drawn;
    this.show(facets, details, filters);
  }
}

/** What an element is known by when the facets are drawn anew. */
const keyOf = (node) => node?.dataset?.filter ?? node?.dataset?.key;

function choice(filter, name, count, checked, onToggle) {
  const input = element("input", { type: "checkbox", "data-filter": filter, onchange: () => onToggle(filter, input.checked) });
  input.checked = checked;
  return element(
    "label",
    { class: "choice" },
    input,
    element("span", { class: "name" }, name),
    element("span", { class: "count" }, count.toLocaleString("en")),
  );
}

/** `price:LOW..HIGH` of two inputs, one of which may be left open; none where both are. */
export function priceFilter(low, high) {
  return low.value === "" && high.value === "" ? null : `price:${low.value}..${high.value}`;
}

export function showPrice(low, high, filters) {
  const range = filters.find((filter) => filter.startsWith("price:"))?.slice("price:".length).split("..") ?? ["", ""];
  [low.value, high.value] = [range[0], range[1] ?? ""];
}
