// One experiment: who is in which arm, whether the split can be believed, what came of it so far and how.

import { intervals, plane } from "../chart.js";
import { element } from "../element.js";
import { change, percent } from "../words.js";
import { facts, moment, table } from "./page.js";

const RATES = ["errors", "slow", "empty"]; // Shares of the searches, of which fewer are better.
const RELATIVE = ["revenue", "purchases"]; // Shown as a share of the control's.
const METRICS = [...RELATIVE, ...RATES];
const LEAST_SEARCHES = 100;
const ENOUGH_UNITS = 100; // Fewer say nothing about a split, whatever their p.

/** The parts that show what GET /experiments/NAME/results says. */
export function experiment(results) {
  const { definition, units, control, now } = results;
  const total = Object.values(units).reduce((sum, count) => sum + count, 0);
  return [
    facts([
      ["split by", definition.unit],
      ["takes part", percent(results.exposure, 0)],
      [`${definition.unit}s so far`, total.toLocaleString("en")],
      ["compared with", control],
    ]),
    results.ramp && ramp(definition.ramp, results.ramp),
    split(definition.arms, units, total),
    splitVerdict(results, total),
    now.intervals.length > 0 ? soFar(now.intervals) : element("p", { class: "note" }, `Intervals begin with ${LEAST_SEARCHES} searches of each arm.`),
    overTime(results),
    stillNeeded(now.intervals),
    sums(now.arms, units),
  ];
}

function ramp(asked, { status, step, since, reason }) {
  const at = ["Since ", moment(new Date(since * 1000).toISOString())];
  if (status === "rolled_back") {
    return element("p", { class: "state-alarm" }, ...at, " nobody takes part any more: it was rolled back, ", `${reason}.`);
  }
  if (status === "complete") return element("p", {}, ...at, " the ramp is complete.");
  const where = ` step ${step + 1} of ${asked.steps.length}${reason ? `; ${reason}` : ""}.`;
  return element("p", {}, ...at, where);
}

/** What serves an arm, in words; empty for what serves without the experiment. */
export function servedIn({ profile, bundle, interleave }) {
  return [profile && `profile ${profile}`, bundle && `bundle ${bundle}`, interleave && interleave.join(" and ")].filter(Boolean).join(", ");
}

function split(arms, units, total) {
  const line = ([name, arm]) => {
    const share = total ? (units[name] ?? 0) / total : 0;
    const served = servedIn(arm);
    return element(
      "li",
      {},
      element("span", { class: "name" }, served ? `${name} (${served})` : name),
      element("span", { class: "meter", "aria-hidden": "true" }, element("span", { class: "filled", "--share": share }), element("span", { class: "meant", "--share": arm.share })),
      element("span", {}, `${(units[name] ?? 0).toLocaleString("en")}, ${percent(share)}; meant: ${percent(arm.share)}`),
    );
  };
  return element("ul", { class: "split", "aria-label": "Arms" }, ...Object.entries(arms).map(line));
}

function splitVerdict({ sample_ratio_p_value: p, sample_ratio_alarm: alarm }, total) {
  if (total === 0) return element("p", { class: "note" }, "Nobody has been seen yet.");
  if (!alarm && total < ENOUGH_UNITS) return element("p", { class: "note" }, `${total.toLocaleString("en")} seen so far: too few to tell whether the split is as meant.`);
  const chance = `p = ${p.toPrecision(2)}`;
  return alarm
    ? element("p", { class: "state-alarm" }, `The split is not the one that was meant (${chance}): do not believe the results.`)
    : element("p", { class: "note" }, `Nothing speaks against the split that was meant (${chance}).`);
}

/** Revenue and purchases as a share of the control's; a rate as it is, for a share of a share says little. */
function shown({ metric, control, difference, low, high }) {
  const unit = RELATIVE.includes(metric) ? control || 1 : 1;
  return { value: difference / unit, low: low / unit, high: high / unit };
}

const inWords = (share, metric) => (RELATIVE.includes(metric) ? change(share) : points(share));

function points(share) {
  const rounded = Number((share * 100).toFixed(2));
  return rounded === 0 ? "0" : `${rounded > 0 ? "+" : "\u2212"}${Math.abs(rounded).toFixed(2)} points`;
}

function soFar(found) {
  const panels = METRICS.map((metric) => {
    const rows = found
      .filter((one) => one.metric === metric)
      .map((one) => {
        const { value, low, high } = shown(one);
        const words = `${inWords(value, metric)} (${inWords(low, metric)} to ${inWords(high, metric)})`;
        return { name: one.arm, value, low, high, words, isBetterLow: RATES.includes(metric) };
      });
    return rows.length > 0 && element("div", { class: `objective-${metric}` }, element("h3", {}, metric), intervals(rows, `Change of ${metric}`));
  });
  return element("div", { class: "panels" }, ...panels);
}

/** The same intervals minute by minute. They hold at every look, so one may stop where one likes. */
function overTime({ history, now, definition, control }) {
  const arms = Object.keys(definition.arms).filter((arm) => arm !== control);
  const looks = [...history, now];
  const panels = METRICS.map((metric) => {
    const series = arms.map((arm) => ({ name: arm, kind: "band", points: course(looks, arm, metric) })).filter((one) => one.points.length > 1);
    if (series.length === 0) return null;
    const last = series.map((one) => `${one.name} ${one.points.at(-1).words}`).join("; ");
    return element(
      "div",
      { class: `objective-${metric}` },
      element("h3", {}, `${metric} over time`),
      plane(series, {
        x: { name: "time", format: clock },
        y: { name: RELATIVE.includes(metric) ? "against the control" : "difference in share", format: (share) => percent(share) },
        label: `Difference of ${metric} to ${control} over ${looks.length} looks, now ${last}`,
        zero: true,
      }),
    );
  });
  return panels.some(Boolean) && element("div", { class: "panels" }, ...panels.filter(Boolean));
}

function course(looks, arm, metric) {
  return looks.flatMap(({ at, intervals: found }) => {
    const one = found.find((other) => other.arm === arm && other.metric === metric);
    if (one === undefined) return [];
    const { value, low, high } = shown(one);
    return [{ x: Date.parse(at), y: value, low, high, words: `${inWords(value, metric)} (${inWords(low, metric)} to ${inWords(high, metric)})` }];
  });
}

const clock = (when) => new Date(when).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

/** How long it takes until what the guardrails allow would show, by metric. */
function stillNeeded(found) {
  const most = METRICS.map((metric) => [metric, Math.max(...found.filter((one) => one.metric === metric).map((one) => one.searches_needed), -1)]).filter(([, needed]) => needed >= 0);
  if (most.length === 0) return null;
  return facts(most.map(([metric, needed]) => [`searches still needed for ${metric}`, needed > 0 ? `about ${Number(needed.toPrecision(2)).toLocaleString("en")}` : "none"]));
}

function sums(arms, units) {
  const share = (count, of) => (of ? percent((count ?? 0) / of, 2) : "");
  const rows = Object.entries(arms).map(([arm, one]) => [
    arm,
    one.searches.toLocaleString("en"),
    share(one.clicked, one.searches),
    share(one.buyers, units[arm]),
    (one.orders ?? 0).toLocaleString("en"),
    one.searches ? (one.revenue / one.searches).toFixed(4) : "",
    ...RATES.map((rate) => share(one[rate], one.searches)),
  ]);
  const sum = table("Sums by arm", ["arm", "searches", "clicked", "units that bought", "orders", "revenue a search", ...RATES], rows);
  return element("div", { class: "part" }, sum, element("p", { class: "note" }, "Clicked: searches with a click. Units that bought: of the users or sessions seen. Errors, slow and empty: searches that failed, took longer than the experiment allows, or found nothing."));
}
