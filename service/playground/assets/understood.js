// What a query was understood as, in one line.

import { element } from "./element.js";
import { fieldInWords } from "./words.js";

const quoted = (text) => `\u201c${text}\u201d`;
const listed = (texts) => texts.map(quoted).join(", ");

/** The parts of the line: texts, and elements that lead somewhere. */
export function understoodAs(understood, searchFor) {
  const { corrected, rewritten, excluded, relaxed, synonyms, attributes, redirect, banner } = understood;
  const parts = [];
  if (rewritten) parts.push([`searched for ${quoted(rewritten)} instead`]);
  if (corrected) {
    parts.push([
      `showing ${quoted(corrected)}; `,
      element("button", { type: "button", onclick: () => searchFor({ exact: true }) }, `search for ${quoted(understood.query)} as typed`),
    ]);
  }
  if (excluded.length) parts.push([`without ${listed(excluded)}`]);
  if (relaxed.length) parts.push([`no item has ${listed(relaxed)} beside the rest`]);
  for (const from of new Set(synonyms.map((one) => one.from))) {
    parts.push([`${quoted(from)} also as ${listed(synonyms.filter((one) => one.from === from).map((one) => one.to))}`]);
  }
  for (const { text, field, value, applied } of attributes) {
    parts.push([`${quoted(text)} read as ${fieldInWords(field)} ${value}${applied ? " (filtered)" : ""}`]);
  }
  if (redirect) parts.push(["a rule leads to ", element("a", { href: redirect, rel: "noreferrer" }, redirect)]);
  if (banner) parts.push([`banner: ${banner}`]);
  return parts.flatMap((part, index) => (index ? [" \u00b7 ", ...part] : part));
}
