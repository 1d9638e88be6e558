// Filters that the facets offer: check boxes with counts, and a price range.

import { element } from "./element.js";

const N_SHOWN = 6;

/** The facets of an answer, in its order; `details` has their names for people. */
export function showFacets(box, facets, details, filters, onToggle) {
  const focused = document.activeElement?.dataset?.filter;
  const sets = Object.entries(facets).map(([field, counts]) => facet(field, details[field], counts, filters, onToggle));
  box.replaceChildren(...sets.filter(Boolean));
  if (focused) [...box.querySelectorAll("input")].find((input) => input.dataset.filter === focused)?.focus();
}

function facet(field, detail, counts, filters, onToggle) {
  const chosen = filters.filter((filter) => filter.startsWith(`${field}:`)).map((filter) => filter.slice(field.length + 1));
  const offered = Object.keys(counts).slice(0, N_SHOWN);
  const names = [...new Set([...offered, ...chosen])];
  if (names.length === 0) return null;
  const shown = (name) => (detail.ranges.length > 0 ? name.replace("..", " to ") : name);
  const choices = names.map((name) => choice(`${field}:${name}`, shown(name), counts[name] ?? 0, chosen.includes(name), onToggle));
  return element("fieldset", { class: "facet" }, element("legend", {}, detail.label), ...choices);
}

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
