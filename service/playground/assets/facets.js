// Filters that the facets offer: check boxes with counts, and a price range.

import { element } from "./element.js";
import { capitalised } from "./words.js";

export const FIELDS = ["category", "brand"];
const N_SHOWN = 6;

export function showFacets(box, facets, filters, onToggle) {
  const focused = document.activeElement?.dataset?.filter;
  box.replaceChildren(...FIELDS.map((field) => facet(field, facets[field] ?? {}, filters, onToggle)).filter(Boolean));
  if (focused) [...box.querySelectorAll("input")].find((input) => input.dataset.filter === focused)?.focus();
}

function facet(field, counts, filters, onToggle) {
  const chosen = filters.filter((filter) => filter.startsWith(`${field}:`)).map((filter) => filter.slice(field.length + 1));
  const offered = Object.keys(counts).slice(0, N_SHOWN);
  const names = [...new Set([...offered, ...chosen])];
  if (names.length === 0) return null;
  const choices = names.map((name) => choice(`${field}:${name}`, name, counts[name] ?? 0, chosen.includes(name), onToggle));
  return element("fieldset", { class: "facet" }, element("legend", {}, capitalised(field)), ...choices);
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
