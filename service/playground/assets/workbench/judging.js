// Judging the hits of a query set: four grades, by mouse or keyboard, without knowing what ranked them how.

import { compared } from "../compare.js";
import { element } from "../element.js";
import { action, refused } from "../forms.js";
import { metaOf, pictureOf, priceOf, titleOf } from "../product.js";
import { Trouble, send } from "../requests.js";

const GRADES = ["not relevant", "somewhat", "relevant", "what was looked for"];

/**
 * @param mine what one said oneself: grades by query and item.
 * @param ways the two views whose hits are judged.
 */
export function judging(name, { set, mine: earlier }, ways) {
  const mine = new Map(Object.entries(earlier));
  const desk = element("div", { class: "part" });
  const said = element("p", { class: "said", role: "status" });
  const keep = keeper(`/query-sets/${encodeURIComponent(name)}/judgments`);
  const first = set.queries.findIndex((query) => !mine.has(query));
  let at = Math.max(first, 0);

  async function open() {
    const query = set.queries[at];
    const [row] = await compared([query], ways);
    if (row.problem) {
      desk.replaceChildren(heading(query), element("p", { class: "warning" }, row.problem), ends());
      return "";
    }
    const pool = new Map([...row.before.hits, ...row.after.hits].map((hit) => [hit.item_id, hit]));
    const grades = new Map(Object.entries(mine.get(query) ?? {}));
    const graded = async (itemId, grade) => {
      grades.set(itemId, grade);
      mine.set(query, Object.fromEntries(grades));
      try {
        await keep(query, mine.get(query));
        said.classList.remove("refused");
        said.textContent = `Query ${at + 1} of ${set.queries.length}; ${grades.size} of ${pool.size} graded and saved.`;
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        refused(said, new Trouble(`Not saved yet: ${error.message}`));
      }
    };
    const cards = shuffled([...pool.values()], query).map((hit) => card(hit, row.before.currency, grades, graded));
    const list = element("ol", { class: "judged", onkeydown: (event) => byKey(event, cards) }, ...cards);
    desk.replaceChildren(heading(query), list, ends());
    (cards[0]?.querySelector("input:checked") ?? cards[0]?.querySelector("input"))?.focus();
    return `Query ${at + 1} of ${set.queries.length}; you have judged ${mine.size}.`;
  }

  const heading = (query) => element("h3", {}, query);

  function ends() {
    const go = (step) => async () => {
      await keep();
      at += step;
      return open();
    };
    const next = action("Next query", said, go(1), { class: "main" });
    const back = action("Query before", said, go(-1));
    return element("div", { class: "ends" }, at + 1 < set.queries.length ? next : element("p", { class: "note" }, "This is the last query."), at > 0 && back);
  }

  const begin = element("div", { class: "ends" }, action(mine.size > 0 ? "Go on judging" : "Begin judging", said, open, { class: "main" }));
  return element(
    "div",
    { class: "part" },
    element("p", { class: "note" }, "The hits of both sides above are shown in an order that says nothing. The keys 0 to 3 give a grade and go to the next item. Each grade is saved as it is given."),
    begin,
    said,
    desk,
  );
}

/**
 * Sends what is to be kept, one request at a time, of several that wait the newest of each query; the page is not left
 * without a warning while something waits. Called without a query it sends what an earlier attempt could not.
 */
function keeper(path) {
  const waiting = new Map();
  let sending = null;
  window.addEventListener("beforeunload", (event) => {
    if (waiting.size > 0) event.preventDefault();
  });
  async function sendAll() {
    while (waiting.size > 0) {
      const [query, grades] = waiting.entries().next().value;
      await send("PUT", path, { query, grades });
      if (waiting.get(query) === grades) waiting.delete(query);
    }
  }
  return (query = null, grades = null) => {
    if (query !== null) waiting.set(query, grades);
    sending ??= sendAll().finally(() => (sending = null));
    return sending;
  };
}

function card(hit, currency, grades, graded) {
  const option = (words, grade) => {
    const radio = element("input", { type: "radio", name: `grade-${hit.item_id}`, value: String(grade), checked: grades.get(hit.item_id) === grade });
    radio.addEventListener("change", () => graded(hit.item_id, grade));
    return element("label", {}, radio, ` ${grade} ${words}`);
  };
  return element(
    "li",
    { "data-item": hit.item_id },
    hit.image && pictureOf(hit),
    element(
      "div",
      { class: "what" },
      titleOf(hit),
      metaOf(hit, []),
      priceOf(hit, currency),
      element("fieldset", { class: "ticks" }, element("legend", { class: "hidden" }, `Grade of ${hit.title}`), ...GRADES.map(option)),
    ),
  );
}

function byKey(event, cards) {
  const grade = ["0", "1", "2", "3"].indexOf(event.key);
  const index = cards.findIndex((one) => one.contains(document.activeElement));
  if (grade < 0 || index < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const radio = cards[index].querySelectorAll("input")[grade];
  radio.checked = true;
  radio.dispatchEvent(new Event("change"));
  const next = cards[index + 1];
  if (next) (next.querySelector("input:checked") ?? next.querySelector("input")).focus();
  else cards[index].closest(".part").querySelector(".ends button")?.focus();
}

/** An order that depends on the query and the item alone, so that nobody sees which ranking put what where. */
function shuffled(hits, query) {
  return hits.map((hit) => [mixed(`${query} ${hit.item_id}`), hit]).sort(([one], [other]) => one - other).map(([, hit]) => hit);
}

function mixed(text) {
  let hash = 2166136261;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 16777619) >>> 0;
  return hash;
}
