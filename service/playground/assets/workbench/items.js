// Items: found by words, looked at as they are now, changed while they are searched.

import { element } from "../element.js";
import { ending, form, labelled, linesOf } from "../forms.js";
import { fetchJson, send } from "../requests.js";
import { entry, section } from "../views/page.js";
import { fieldInWords } from "../words.js";
import { bench, lookOnly } from "./bench.js";

const asked = new URLSearchParams(location.search);
let words = asked.get("q") ?? "";
let chosen = asked.get("item") ?? "";

bench(load, draw);

async function load() {
  const hits = words ? (await fetchJson("/playground/search", new URLSearchParams({ q: words, k: "20" }))).hits : [];
  const item = chosen ? await fetchJson(`/items/${encodeURIComponent(chosen)}`) : null;
  return { hits, item };
}

function draw({ hits, item }, look) {
  const go = async (changes) => {
    ({ words = words, chosen = chosen } = changes);
    history.replaceState(null, "", `?${new URLSearchParams({ ...(words ? { q: words } : {}), ...(chosen ? { item: chosen } : {}) })}`);
    await look.again();
  };
  return [
    section("Find", findForm(go), words && found(hits, go)),
    item && entry(item.title || item.item_id, look.may("ingest") ? itemForm(item, look) : viewed(item), deletion(item, look, go)),
  ];
}

function findForm(go) {
  const by = element("input", { type: "search", maxlength: "512", value: words });
  const id = element("input", { maxlength: "128", value: chosen, autocapitalize: "off", spellcheck: "false" });
  return form("Find an item", [labelled("By words", by), labelled("or by its id", id)], "Find", () => go({ words: by.value.trim(), chosen: id.value.trim() }));
}

function found(hits, go) {
  if (hits.length === 0) return element("p", { class: "note" }, "Nothing is found.");
  const line = (hit) =>
    element("li", {}, element("button", { type: "button", class: "plain value", onclick: () => go({ chosen: hit.item_id }) }, hit.title || hit.item_id), element("span", { class: "meta" }, ` #${hit.item_id}`));
  return element("ul", { class: "found", "aria-label": "Items found" }, ...hits.map(line));
}

function viewed(item) {
  const line = ([name, value]) => element("div", {}, element("dt", {}, fieldInWords(name)), element("dd", {}, written(value)));
  return element("div", { class: "part" }, element("dl", { class: "facts" }, ...Object.entries(item).map(line)), lookOnly("To change items, log in as a merchandiser."));
}

/** A field for each value; those that were changed are sent. */
function itemForm(item, look) {
  const fields = Object.entries(item).filter(([name]) => name !== "item_id").map(([name, value]) => [name, value, control(value)]);
  const save = async () => {
    const changed = fields.filter(([, value, input]) => read(input) !== written(value));
    if (changed.length === 0) return "Nothing was changed.";
    const change = Object.fromEntries(changed.map(([name, value, input]) => [name, parsed(read(input), value)]));
    await send("PATCH", "/items", { item_id: item.item_id, ...change });
    await look.again(`${Object.keys(change).join(", ")} of ${item.item_id} ${changed.length > 1 ? "are" : "is"} changed; searches see it.`);
  };
  return form(`Item ${item.item_id}`, [element("p", { class: "meta" }, `#${item.item_id}`), ...fields.map(([name, value, input]) => labelled(named(name), input, noteOn(name, value, item)))], "Save", save);
}

const NOTES = {
  popularity: "How much it is bought: 0 or more, on any scale.",
  discount: "Share off the regular price, 0 to 1: 0.2 where 10.00 is now 8.00.",
  purchase_rate: "Share of the customers who buy it, 0 to 1.",
  attributes: "Words that find it and are not shown.",
};

/** What stands below a field: which of two of one name shoppers filter by, scales, how several values are written. */
function noteOn(name, value, item) {
  const isFilteredBy = name.startsWith("attr_") && name.slice("attr_".length) in item;
  const price = "sale_price" in item ? "The regular one: in a sale, sale_price is what shoppers pay." : "What shoppers pay now; where that is reduced, discount says by how much.";
  return [name === "price" ? price : NOTES[name], isFilteredBy && "Shoppers filter by this one.", Array.isArray(value) && "One a line."].filter(Boolean).join(" ") || null;
}

/** What a field is called; the catalogue's own attributes are told from the columns that every item has. */
const named = (name) => (name.startsWith("attr_") ? `${fieldInWords(name)} (attribute)` : name === "attributes" ? "other words that find it" : fieldInWords(name));

function control(value) {
  if (typeof value === "boolean") return element("select", {}, ...[["true", "yes"], ["false", "no"]].map(([one, words]) => element("option", { value: one, selected: one === String(value) }, words)));
  const text = written(value);
  return text.length > 80 || Array.isArray(value) ? element("textarea", { rows: "4" }, text) : element("input", { value: text, inputmode: typeof value === "number" ? "decimal" : null });
}

const written = (value) => (value === null ? "" : Array.isArray(value) ? value.join("\n") : typeof value === "object" ? JSON.stringify(value) : String(value));
const read = (input) => input.value;

/** What is sent: an empty field is what an empty cell of a feed is. */
function parsed(text, before) {
  if (text === "") return null;
  if (typeof before === "boolean") return text === "true";
  if (Array.isArray(before)) return linesOf(text);
  if (typeof before === "object" && before !== null) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

function deletion(item, look, go) {
  if (!look.may("ingest")) return null;
  const end = async () => {
    await send("DELETE", `/items/${encodeURIComponent(item.item_id)}`);
    await go({ chosen: "" });
    look.say(`${item.item_id} is deleted.`);
  };
  return ending("Delete this item", "Delete it", end);
}
