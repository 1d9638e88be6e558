// One replay: what other weights would have done, and how far the log can be believed about it.

import { intervals, plane } from "../chart.js";
import { byId, element } from "../element.js";
import { fetchJson } from "../requests.js";
import { change, percent, signed, weightsInWords } from "../words.js";
import { facts, open, section, table } from "./page.js";

const NAME = byId("view").dataset.name;

open(() => fetchJson(`/replays/${encodeURIComponent(NAME)}`), (report) => {
  const metrics = Object.keys(report.estimator).filter((metric) => metric in report.log);
  return [
    ...report.warnings.map((words) => element("p", { class: "warning" }, element("b", {}, "Warning: "), `${words}.`)),
    ...report.verdicts.map(verdict),
    facts([
      ["impressions replayed", `${count(report.log.n_replayed)} of ${count(report.log.n_read)}`],
      ["groups of users", count(report.log.n_user_groups)],
      ["intervals", percent(report.confidence, 0)],
      ["bundle", report.bundle],
    ]),
    section("Change against what was served", changes(report, metrics)),
    element("div", { class: "pair" }, section("Where they stand", standing(report, metrics)), section("Overlap with the log", overlap(report))),
    section("Policies", policies(report, metrics)),
    section("By segment", segments(report)),
  ];
});

/** A verdict: what would change, smaller what that rests on, and what follows. */
function verdict(words) {
  const [first, ...others] = words.split(/(?<=\.) (?=[A-Z])/);
  const last = others.pop();
  const basis = others.length > 0 && element("small", {}, `${others.join(" ")} `);
  return element("p", { class: "sentence" }, `${first} `, basis, last ?? "");
}

const count = (number) => number.toLocaleString("en");
const fixed = (number) => number.toFixed(4).replace("-", "\u2212");

function cell(one, form = fixed) {
  if (one.value == null) return "no number";
  return one.low == null ? form(one.value) : `${form(one.value)} (${form(one.low)} to ${form(one.high)})`;
}

/** What the metrics are that are measured on slates: their names and, below the panels, their words. */
const MEASURED = {
  alpha_ndcg: ["alpha-nDCG", "diversity of the slate as a share of the most that this search allows"],
  ild: ["intra-list distance", "in what share of type and brand two items of a slate differ"],
  categories: ["categories shown", "different categories on a slate"],
  ndcg: ["nDCG, judged", "order of the items against the judgments"],
  ndcg_filled: ["nDCG, filled", "the same if items without a judgment are as good as those with one"],
};
const nameOf = (metric) => MEASURED[metric]?.[0] ?? metric;

/** Relative to what the log brought. */
function relative(one, before) {
  const share = (value) => (value == null || !before ? null : value / before);
  return { value: share(one.value), low: share(one.low), high: share(one.high) };
}

function inWords({ value, low, high }) {
  if (value == null) return "no number";
  if (low == null || change(low) === change(high)) return change(value);
  return `${change(value)} (${change(low)} to ${change(high)})`;
}

function changes(report, metrics) {
  return element(
    "div",
    { class: "panels" },
    ...metrics.map((metric) => {
      const rows = Object.keys(report.policies).map((policy) => {
        const one = relative(report.differences[`${policy} - logged`][metric], report.log[metric].value);
        return { name: policy, ...one, words: inWords(one) };
      });
      return element("div", { class: `objective-${metric}` }, element("h3", {}, nameOf(metric)), intervals(rows, `Change of ${nameOf(metric)}`));
    }),
    ...metrics.filter((metric) => metric in MEASURED).map((metric) => element("p", { class: "note" }, `${nameOf(metric)}: ${MEASURED[metric][1]}.`)),
  );
}

function standing(report, metrics) {
  const [across, up] = metrics;
  const all = { logged: report.log, ...report.policies };
  const known = Object.entries(all).filter(([, one]) => one[across].low != null && one[up].low != null);
  const series = known.map(([policy, one], index) => ({
    name: policy,
    kind: "crosses",
    tone: index - 1, // a policy has one colour on the page
    points: [{ x: one[across].value, left: one[across].low, right: one[across].high, y: one[up].value, low: one[up].low, high: one[up].high, words: `${across} ${cell(one[across])}, ${up} ${cell(one[up])}` }],
  }));
  const label = `${up} against ${across}, a search: ${known.map(([policy, one]) => `${policy} ${cell(one[across])} and ${cell(one[up])}`).join("; ")}`;
  const short = (number) => String(Number(number.toPrecision(3)));
  return plane(series, { x: { name: `${across} a search`, format: short }, y: { name: `${up} a search`, format: short }, label });
}

function overlap(report) {
  const series = Object.entries(report.overlap).map(([policy, sizes]) => ({
    name: policy,
    kind: "line",
    points: sizes.map((size, index) => ({ x: index + 1, y: size / report.log.n_replayed, words: `rank ${index + 1}, ${percent(size / report.log.n_replayed)}` })),
  }));
  const ends = series.map((one) => `${one.name} ${percent(one.points.at(-1)?.y ?? 0)}`).join(", ");
  return element(
    "div",
    {},
    plane(series, {
      x: { name: "rank", format: (rank) => (Number.isInteger(rank) ? String(rank) : "") },
      y: { name: "effective share of the log", format: (share) => percent(share, 0), zero: true },
      label: `Effective share of the log by rank; at the last rank ${ends}`,
    }),
    element("p", { class: "note" }, "A share of 100 % shows what the log shows; near 0 the log says little about that rank."),
  );
}

function policies(report, metrics) {
  const logged = ["logged", "", ...metrics.map((metric) => cell(report.log[metric])), "", ""];
  const rows = Object.entries(report.policies).map(([policy, one]) => [
    policy,
    weightsInWords(report.weights[policy]),
    ...metrics.map((metric) => cell(one[metric])),
    count(Math.round(one.relevance.ess)),
    percent(one.relevance.support, 0),
  ]);
  return table("Policies", ["policy", "weights", ...metrics.map(nameOf), "effective sample", "support"], [logged, ...rows]);
}

function segments(report) {
  const parts = Object.entries(report.segments);
  const metrics = Object.keys(Object.values(parts[0]?.[1].differences ?? {})[0] ?? {});
  const rows = parts.flatMap(([segment, part]) =>
    Object.entries(part.differences).map(([difference, one]) => [
      segment,
      percent(part.share, 0),
      difference,
      ...metrics.map((metric) => cell(one[metric], (number) => signed(number, 4))),
    ]),
  );
  return table("By segment", ["segment", "searches", "difference", ...metrics.map(nameOf)], rows);
}
