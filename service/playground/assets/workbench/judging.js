// Judging the hits of a query set: four grades, by mouse or keyboard, without knowing what ranked them how.

import { compared } from "../compare.js";
import { element } from "../element.js";
import { action } from "../forms.js";
import { metaOf, pictureOf, priceOf, titleOf } from "../product.js";
import { send } from "../requests.js";

const GRADES = ["not relevant", "somewhat", "relevant", "what was looked for"];

/**
 * @param mine what one said oneself: grades by query and item.
 * @param ways the two views whose hits are judged.
 */
export function judging(name, { set, mine: earlier }, ways) {
  const mine = new Map(Object.entries(earlier));
  const desk = element("div", { class: "part" });
  const said = element("p", { class: "said", role: "status" });
  const first = set.queries.findIndex((query) => !mine.has(query));
  let at = Math.max(first, 0);

  async function open() {
    const query = set.queries[at];
    const [row] = await compared([query], ways);
    if (row.problem) {
      desk.replaceChildren(heading(query), element("p", { class: "warning" }, row.problem), ends(query, new Map()));
      return "";
    }
    const pool = new Map([...row.before.hits, ...row.after.hits].map((hit) => [hit.item_id, hit]));
    const grades = new Map(Object.entries(mine.get(query) ?? {}));
    const cards = shuffled([...pool.values()], query).map((hit) => card(hit, row.before.currency, grades));
    const list = element("ol", { class: "judged", onkeydown: (event) => byKey(event, cards) }, ...cards);
    desk.replaceChildren(heading(query), list, ends(query, grades));
    (cards[0]?.querySelector("input:checked") ?? cards[0]?.querySelector("input"))?.focus();
    return `Query ${at + 1} of ${set.queries.length}; you have judged ${mine.size}.`;
  }

  const heading = (query) => element("h3", {}, query);

  function ends(query, grades) {
    const go = (step) => async () => {
      if (grades.size > 0) {
        await send("PUT", `/query-sets/${encodeURIComponent(name)}/judgments`, { query, grades: Object.fromEntries(grades) });
        mine.set(query, Object.fromEntries(grades));
      }
      at = Math.min(Math.max(at + step, 0), set.queries.length - 1);
      return open();
    };
    return element("div", { class: "ends" }, action("Save and next", said, go(1), { class: "main" }), action("Save and back", said, go(-1)), action("Save", said, go(0)));
  }

  const begin = element("div", { class: "ends" }, action(mine.size > 0 ? "Go on judging" : "Begin judging", said, open, { class: "main" }));
  return element(
    "div",
    { class: "part" },
    element("p", { class: "note" }, "The hits of both sides above are shown in an order that says nothing. The keys 0 to 3 give a grade and go to the next item; Enter on a button saves."),
    begin,
    said,
    desk,
  );
}

function card(hit, currency, grades) {
  const option = (words, grade) => {
    const radio = element("input", { type: "radio", name: `grade-${hit.item_id}`, value: String(grade), checked: grades.get(hit.item_id) === grade });
    radio.addEventListener("change", () => grades.set(hit.item_id, grade));
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
  else cards[index].closest(".part").querySelector(".ends button").focus();
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
