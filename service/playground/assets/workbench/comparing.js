// A query set in two ways: which queries change and how, and ndcg where it was judged.

import { compared, sideBySide } from "../compare.js";
import { element } from "../element.js";
import { action, choice, labelled } from "../forms.js";
import { send } from "../requests.js";
import { facts, table } from "../views/page.js";
import { changedInWords, percent, signed } from "../words.js";

/**
 * @param ways is filled with the two views as they are chosen, for who judges what either of them shows.
 */
export function comparing(name, { set, judgments, profiles, drafts, bundles, serving }, ways) {
  const isJudged = Object.keys(judgments.judges).length > 0;
  const said = element("p", { class: "said", role: "status" });
  const shown = element("div", { class: "part" });
  let stopped = false;
  const sides = ["before", "after"].map((side) => {
    const profile = choice([["", "default weights"], ...profiles.map((one) => [one, `profile ${one}`])], "");
    const bundle = choice([["", `serving (${serving})`], ...bundles.map((one) => [one, one])], "");
    const drafted = element("input", { type: "checkbox" });
    const read = () => {
      ways[side] = {
        ...(profile.value ? { profile: profile.value } : {}),
        ...(bundle.value ? { bundle: bundle.value } : {}),
        ...(drafted.checked ? { drafts: drafts.map((draft) => `${draft.kind}/${draft.name}`) } : {}),
      };
    };
    [profile, bundle, drafted].forEach((control) => control.addEventListener("change", read));
    return element(
      "fieldset",
      { class: "sheet" },
      element("legend", {}, side === "before" ? "One" : "Other"),
      labelled("Weights", profile),
      labelled("Bundle", bundle),
      drafts.length > 0 && element("label", {}, drafted, ` with all ${drafts.length} drafts`),
    );
  });
  const run = async () => {
    stopped = false;
    stop.hidden = false;
    try {
      const rows = await compared(set.queries, { ...ways, judgedBy: isJudged ? name : null }, (sofar) => {
        said.textContent = `${sofar.length} of ${set.queries.length} queries.`;
        return !stopped;
      });
      shown.replaceChildren(summary(rows, await difference(rows)), list(rows));
      return changedInWords(rows.filter((row) => row.changed).length, rows.length);
    } finally {
      stop.hidden = true;
    }
  };
  const stop = element("button", { type: "button", hidden: true, onclick: () => (stopped = true) }, "Stop");
  return element("div", { class: "part" }, element("div", { class: "two" }, ...sides), element("div", { class: "ends" }, action("Compare", said, run, { class: "main" }), stop), said, shown);
}

/** What the judged queries differ by; null where none was judged. */
async function difference(rows) {
  const judged = rows.filter((row) => row.before?.ndcg != null);
  const values = (side) => judged.map((row) => row[side].ndcg);
  return judged.length > 0 ? send("POST", "/comparisons/difference", { before: values("before"), after: values("after") }) : null;
}

function summary(rows, judged) {
  const searched = rows.filter((row) => !row.problem);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return facts([
    ["queries", String(rows.length)],
    ["change", String(searched.filter((row) => row.changed).length)],
    ["items in both, on average", searched.length ? percent(mean(searched.map((row) => row.overlap))) : null],
    ["find nothing", `${searched.filter((row) => row.before.hits.length === 0).length}, then ${searched.filter((row) => row.after.hits.length === 0).length}`],
    ["ndcg@10 of those judged", judged && `${judged.before.toFixed(3)}, then ${judged.after.toFixed(3)} (${judged.n})`],
    ["difference of ndcg", judged && differenceInWords(judged)],
    ["better, worse", judged && `${judged.better}, ${judged.worse}`],
  ]);
}

function differenceInWords({ difference, low, high }) {
  if (low == null) return `${signed(difference)}; too few queries differ to say more`;
  const verdict = low > 0 ? "better" : high < 0 ? "worse" : "not told apart";
  return `${signed(difference)} (${signed(low)} to ${signed(high)}): ${verdict}`;
}

function list(rows) {
  const place = element("div", { class: "part", tabindex: "-1" });
  const look = (row) => {
    place.replaceChildren(sideBySide(row, ["One", "Other"]));
    place.focus();
  };
  const sorted = [...rows].sort((one, other) => one.overlap - other.overlap || Number(other.changed) - Number(one.changed));
  const number = (value) => (value == null ? "" : value.toFixed(3));
  return element(
    "div",
    { class: "part" },
    place,
    table(
      "Queries, those that change most first",
      ["query", "", "items in both", "ndcg", "then", "judged"],
      sorted.map((row) => [
        element("button", { type: "button", class: "plain value", onclick: () => look(row) }, row.query),
        row.problem ? "cannot be searched" : row.changed ? "changes" : "the same",
        row.problem ? "" : percent(row.overlap, 0),
        number(row.before?.ndcg),
        number(row.after?.ndcg),
        String(row.judged),
      ]),
    ),
  );
}
