// The receipt in a sentence and in bars, against the control that is chosen, and whether the guardrail holds.

import { element } from "./element.js";
import { objectiveClass } from "./objectives.js";
import { capitalised, change, percent, weightsInWords } from "./words.js";

const FULL_BAR = 0.25; // The change that fills half of the track.

/** What each objective is expected to bring in the candidate slate, beside what it brings in the control. */
export function comparedWith(candidate, control) {
  const lines = Object.entries(candidate.receipt).map(([name, { expected }]) => {
    const baseline = control.receipt[name].expected;
    return [name, { expected, baseline, change: baseline ? (expected - baseline) / Math.abs(baseline) : null }];
  });
  return Object.fromEntries(lines);
}

/** @param control what the control is called. */
export function sentenceOf(receipt, control) {
  const lines = Object.entries(receipt).filter(([, line]) => line.expected !== line.baseline);
  const moved = lines.filter(([, line]) => change(line.change) !== "unchanged");
  if (moved.length === 0) return `The same as ${control}.`;
  moved.sort(([, one], [, other]) => (other.change ?? 0) - (one.change ?? 0));
  return `${capitalised(moved.map(([name, line]) => `${name} ${change(line.change)}`).join(", "))} against ${control}.`;
}

/** @param losses bounds that the bars show, by objective: only against pure relevance do they say what the bounds say. */
export function showReceipt(sentence, list, receipt, control, losses) {
  sentence.textContent = sentenceOf(receipt, control);
  list.replaceChildren(...Object.entries(receipt).map(([name, line]) => receiptLine(name, line, losses[name])));
}

function receiptLine(name, line, loss) {
  const reach = Math.min(Math.abs(line.change ?? 0) / FULL_BAR, 1);
  const limit = loss != null ? Math.min(loss / FULL_BAR, 1) : null;
  return element(
    "div",
    { class: `line ${objectiveClass(name)}` },
    element("dt", {}, name),
    element(
      "dd",
      {},
      element(
        "span",
        { class: "track", "aria-hidden": "true" },
        element("span", { class: `reach ${(line.change ?? 0) < 0 ? "less" : "more"}`, "--reach": reach }),
        limit != null && element("span", { class: "limit", "--reach": limit }),
      ),
      element("span", { class: "value" }, change(line.change)),
      element("span", { class: "units" }, `${line.expected.toFixed(2)}, control ${line.baseline.toFixed(2)}`),
    ),
  );
}

/** What the guardrail did to the weights asked for. */
export function verdictOf(answer, asked, loss) {
  if (loss == null) return { words: "Off: relevance may be given up freely.", kind: "off" };
  if (answer.infeasible) {
    return { words: "Cannot hold for this query; the slate is as relevant as it can be.", kind: "broken" };
  }
  const lost = Math.max(-(answer.receipt.relevance.change ?? 0), 0);
  const isArranged = Object.keys(answer.rules.pins).length + Object.keys(answer.rules.boosts).length > 0;
  const holds = `Holds: ${percent(lost)} of ${percent(loss)} given up${isArranged ? ", by rules as well" : ""}.`;
  const moved = Object.keys(asked).some((name) => Math.abs(asked[name] - answer.weights[name]) > 0.005);
  return moved
    ? { words: `${holds} The weights were moved to ${weightsInWords(answer.weights)}.`, kind: "held" }
    : { words: `${holds} The weights are as asked.`, kind: "free" };
}
