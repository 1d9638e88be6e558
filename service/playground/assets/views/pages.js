// A shop's page: what is recognised on it, how surely and by what evidence. Nothing is fetched; the page is pasted or a file.

import { byId, element } from "../element.js";
import { framed, picture } from "../frame.js";
import { keyForm } from "../key.js";
import { send, Trouble } from "../requests.js";
import { entry, facts, table } from "./page.js";

const MOST_BYTES = 5_000_000;
const CHARSET = /<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,20})/i;

const markup = element("textarea", { name: "html", rows: 8, required: true, spellcheck: "false", autocomplete: "off" });
const address = element("input", { name: "url", type: "url", placeholder: "https://shop.example/p/1", autocomplete: "off" });
const file = element("input", { type: "file", accept: ".html,.htm,text/html", onchange: readFile });
const results = element("div", { class: "view" });

byId("view").replaceChildren(
  element(
    "form",
    { class: "paste", onsubmit: analyse },
    element("label", {}, "The page's HTML", markup),
    element("label", {}, "or a file", file),
    element("label", {}, "Its address, if you know it: it tells the country and the article number", address),
    element("button", { type: "submit" }, "Recognise"),
    element("p", { class: "note" }, "The service fetches nothing and keeps nothing of what is looked at here. The page is shown without scripts, pictures and network."),
  ),
  results,
);
byId("view").removeAttribute("aria-busy");

async function readFile() {
  const [chosen] = file.files;
  if (chosen === undefined) return;
  const bytes = await chosen.arrayBuffer();
  const start = new TextDecoder("latin1").decode(bytes.slice(0, 4096));
  markup.value = decoded(bytes, CHARSET.exec(start)?.[1] ?? "utf-8");
}

function decoded(bytes, charset) {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

async function analyse(event) {
  event?.preventDefault();
  const trouble = byId("trouble");
  trouble.hidden = true;
  results.setAttribute("aria-busy", "true");
  try {
    if (new Blob([markup.value]).size > MOST_BYTES) throw new Trouble("The page has more than 5 MB.");
    const body = { html: markup.value, keep: false, ...(address.value ? { url: address.value } : {}) };
    const { page } = await send("POST", "/pages", body);
    results.replaceChildren(...recognised(page, markup.value));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    results.replaceChildren();
    trouble.hidden = false;
    trouble.replaceChildren(element("p", {}, error.message), error.needsKey ? keyForm("Admin key", () => analyse()) : "");
  } finally {
    results.removeAttribute("aria-busy");
  }
}

function recognised(page, html) {
  const fields = page.forms.flatMap((form) => (form.fields ?? []).filter((field) => field.type !== "other"));
  const elements = Object.entries(page.elements);
  const abstained = Object.entries(page.abstained);
  const marks = [
    ...elements.map(([name, found]) => ({ path: found.path, words: `${named(name)} ${sure(found)}`, kind: "element" })),
    ...fields.map((field) => ({ path: field.path, words: `${field.type} ${sure(field)}`, kind: "field" })),
  ];
  return [
    facts([
      ["kind", page.kind],
      ["chance of a product page", sure(page)],
      ["read to the level of", page.level],
      ["cut", page.truncated ? "the page is larger than what is read" : null],
    ]),
    elements.length > 0 &&
      entry("Elements", table("Elements", ["element", "value", "confidence", "evidence", "where"], elements.map(elementRow))),
    abstained.length > 0 && entry("Left out", table("Left out", ["element", "why"], abstained.map(([name, why]) => [named(name), element("span", { class: "value" }, why)]))),
    fields.length > 0 &&
      entry("Fields", table("Fields", ["field", "section", "confidence", "seen by a shopper", "where"], fields.map(fieldRow))),
    entry("The page", framed(picture(html, marks.filter((mark) => mark.path)), "The page, its elements outlined")),
  ].filter(Boolean);
}

function elementRow([name, found]) {
  const value = [found.value, found.currency].filter(Boolean).join(" ");
  return [named(name), element("span", { class: "value" }, value), sure(found), found.evidence.join(", "), found.path || "in no element"];
}

const fieldRow = (field) => [field.type, field.section, sure(field), field.sight, field.path];
const named = (name) => name.replaceAll("_", " ");
const sure = ({ confidence }) => confidence.toFixed(2);
