// The receipt in a sentence and in bars, and whether the guardrail holds.

import { element } from "./element.js";
import { capitalised, change, percent, weightsInWords } from "./words.js";

const FULL_BAR = 0.25; // The change that fills half of the track.

export function sentenceOf(answer) {
  const lines = Object.entries(answer.receipt);
  const moved = lines.filter(([, line]) => change(line.change) !== "unchanged");
  if (moved.length === 0) return "The same as pure relevance.";
  moved.sort(([, one], [, other]) => (other.change ?? 0) - (one.change ?? 0));
  return `${capitalised(moved.map(([name, line]) => `${name} ${change(line.change)}`).join(", "))} against pure relevance.`;
}

export function showReceipt(sentence, list, answer, loss) {
  sentence.textContent = sentenceOf(answer);
  list.replaceChildren(...Object.entries(answer.receipt).map(([name, line]) => receiptLine(name, line, loss)));
}

function receiptLine(name, line, loss) {
  const reach = Math.min(Math.abs(line.change ?? 0) / FULL_BAR, 1);
  const limit = name === "relevance" && loss != null ? Math.min(loss / FULL_BAR, 1) : null;
  return element(
    "div",
    { class: `line objective-${name}` },
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
      element("span", { class: "units" }, `${line.expected.toFixed(2)} of ${line.baseline.toFixed(2)}`),
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
  const holds = `Holds: ${percent(lost)} of ${percent(loss)} given up.`;
  const moved = Object.keys(asked).some((name) => Math.abs(asked[name] - answer.weights[name]) > 0.005);
  return moved
    ? { words: `${holds} The weights were moved to ${weightsInWords(answer.weights)}.`, kind: "held" }
    : { words: `${holds} The weights are as asked.`, kind: "free" };
}
