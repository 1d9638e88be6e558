// Two ways to answer the same queries: asked a few at a time, shown side by side.

import { element } from "./element.js";
import { priceOf } from "./product.js";
import { Trouble, send } from "./requests.js";
import { percent } from "./words.js";

const AT_ONCE = 10;
const TRIES = 5;
const PAUSE_MS = 2000;

/**
 * The rows of POST /comparisons for any number of queries.
 * @param onProgress is given the rows so far; it returns false to stop.
 */
export async function compared(queries, { before = {}, after = {}, k = 10, judgedBy = null }, onProgress = () => true) {
  const rows = [];
  for (let from = 0; from < queries.length; from += AT_ONCE) {
    const asked = { queries: queries.slice(from, from + AT_ONCE), before, after, k };
    if (judgedBy) asked.judged_by = judgedBy;
    rows.push(...(await patient(() => send("POST", "/comparisons", asked))).rows);
    if (onProgress(rows) === false) break;
  }
  return rows;
}

/** What an attempt gives; where shoppers' searches go first it is tried again. */
async function patient(attempt) {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Trouble) || !error.mayPass || left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** One query in both ways. */
export function sideBySide(row, [before, after]) {
  if (row.problem) return element("section", { class: "compared" }, element("h3", {}, row.query), element("p", { class: "warning" }, row.problem));
  return element(
    "section",
    { class: "compared" },
    element("h3", {}, row.query),
    element("p", { class: "meta" }, inWords(row)),
    element("div", { class: "sides" }, side(before, row.before, row.after, false), side(after, row.after, row.before, true)),
  );
}

function inWords(row) {
  const said = [row.changed ? `${percent(row.overlap, 0)} of the items are in both` : "The same in both"];
  if (row.before.ndcg != null) said.push(`ndcg ${row.before.ndcg.toFixed(3)}, then ${row.after.ndcg.toFixed(3)}`);
  return `${said.join("; ")}.`;
}

function side(title, { hits, currency, n_matches: matches, understood }, other, isAfter) {
  const rankOf = new Map(other.hits.map((hit, index) => [hit.item_id, index]));
  const cards = hits.map((hit, index) => card(hit, currency, index, mark(rankOf.get(hit.item_id), index, isAfter)));
  return element(
    "div",
    { class: "side-of" },
    element("h4", {}, title),
    element("p", { class: "meta" }, [`${matches.toLocaleString("en")} match`, ...readAs(understood)].join("; ")),
    hits.length > 0 ? element("ol", { class: "hits" }, ...cards) : element("p", { class: "note" }, "Nothing is found."),
  );
}

/** What the words were understood as, where that differs from what was typed. */
function readAs({ corrected, synonyms = [], rewritten, redirect, banner }) {
  return [
    rewritten && `rewritten as ${rewritten}`,
    corrected && `read as ${corrected}`,
    ...synonyms.map(({ from, to }) => `${from} finds ${to} too`),
    redirect && `leads to ${redirect}`,
    banner && `says ${banner}`,
  ].filter(Boolean);
}

function mark(before, index, isAfter) {
  if (before === undefined) return isAfter ? ["new", "new"] : ["leaves", "out"];
  if (!isAfter || before === index) return null;
  const places = before - index;
  return places > 0 ? [`▲ ${places}`, "up", `up ${places}`] : [`▼ ${-places}`, "down", `down ${-places}`];
}

function card(hit, currency, index, marked) {
  return element(
    "li",
    { "data-item": hit.item_id, class: marked ? `is-${marked[1]}` : "" },
    element("span", { class: "rank", "aria-hidden": "true" }, String(index + 1)),
    element("span", { class: "what" }, hit.title, element("span", { class: "meta" }, ` #${hit.item_id}`)),
    priceOf(hit, currency),
    marked && element("span", { class: `move ${marked[1]}`, "aria-hidden": marked[2] ? "true" : null }, marked[0]),
    marked?.[2] && element("span", { class: "hidden" }, marked[2]),
  );
}
