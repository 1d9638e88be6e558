// The bundle that serves: how it was measured, whether its predictions hold, what it retrieves.

import { plane } from "../chart.js";
import { element } from "../element.js";
import { heldKey } from "../key.js";
import { Trouble, fetchJson } from "../requests.js";
import { fieldInWords, percent, weightsInWords } from "../words.js";
import { facts, moment, open, section, table } from "./page.js";

const [LITTLE, MUCH] = [0.1, 0.25];
const N_DRIFTS = 12;
const METHODS = { cold_start: "by rules: it had neither judgments nor a log to learn from" };

open(load, ({ bundle, others }) => {
  const measured = bundle.training.test ?? bundle.training.cross_validation ?? {};
  return [
    facts([
      ["bundle", bundle.bundle_id],
      ["made", moment(bundle.created)],
      ["source", bundle.source.split(/[\\/]/).at(-1)],
      ["items", bundle.catalogue.n_items.toLocaleString("en")],
      ["weights where a search names none", weightsInWords(bundle.default_weights)],
    ]),
    section("Training", training(bundle.training, measured)),
    section("Calibration", calibration(measured)),
    section("Drift", drift(bundle.drift)),
    section("Retrieval", retrieval(bundle.retrieval)),
    section("Objectives", objectives(bundle.objectives)),
    others && section("Bundles that are there", there(others)),
  ];
});

/** The other bundles are for admins; who may not see them sees the one that serves. */
async function load() {
  const bundle = await fetchJson("/playground/bundle");
  if (!heldKey()) return { bundle, others: null };
  const others = await fetchJson("/bundles").catch((error) => {
    if (error instanceof Trouble) return null;
    throw error;
  });
  return { bundle, others };
}

function training(report, measured) {
  const rows = Object.entries(measured)
    .filter(([, one]) => one?.low !== undefined)
    .map(([metric, one]) => [fieldInWords(metric), one.value.toFixed(3), `${one.low.toFixed(3)} to ${one.high.toFixed(3)}`, String(one.n_queries)]);
  const where = report.test ? "on later weeks" : report.cross_validation ? "on folds it was not fitted on" : null;
  return element(
    "div",
    { class: "part" },
    facts([
      ["how it ranks", METHODS[report.method] ?? report.method],
      ["trained on", report.trained_on?.join(", ")],
      ["lists", report.n_lists?.toLocaleString("en")],
      ["measured", where],
    ]),
    report.statement && element("p", {}, report.statement),
    rows.length > 0 && table("Figures on held-out data", ["metric", "value", "95 % interval", "queries"], rows),
  );
}

function calibration(measured) {
  const heads = Object.entries(measured.calibration_curve ?? {});
  if (heads.length === 0) return element("p", { class: "note" }, "This bundle kept no calibration curve.");
  return element("div", { class: "panels" }, ...heads.map(([head, bins]) => curve(head, bins, measured.calibration_error?.[head])));
}

function curve(head, bins, error) {
  const points = bins.map(([predicted, observed, n]) => ({
    x: predicted,
    y: observed,
    words: `predicted ${predicted.toFixed(3)}, came true ${observed.toFixed(3)}, ${n} values`,
  }));
  const short = (number) => String(Number(number.toPrecision(2)));
  const last = bins.at(-1);
  return element(
    "div",
    { class: `objective-${head}` },
    element("h3", {}, head),
    plane([{ name: head, kind: "line", points }], {
      x: { name: "predicted", format: short, zero: true },
      y: { name: "came true", format: short, zero: true },
      label: `Calibration of ${head} in ${bins.length} bins; in the highest ${last[0].toFixed(3)} was predicted and ${last[1].toFixed(3)} came true`,
      diagonal: true,
    }),
    element("p", { class: "note" }, `On the dashed line what is predicted comes true.${error == null ? "" : ` Mean gap ${error.toFixed(4)}.`}`),
  );
}

/** The population stability index of live candidates against those of training; its usual marks are 0.1 and 0.25. */
function drift({ features, gains }) {
  const told = [...Object.entries(gains).map(([name, psi]) => [`predicted ${name}`, psi]), ...Object.entries(features)];
  const known = told.filter(([, psi]) => psi != null).sort(([, one], [, other]) => other - one);
  if (known.length === 0) {
    return element("p", { class: "note" }, "Not enough searches have been answered since the start to tell drift from chance, or the bundle kept no distributions.");
  }
  const most = Math.max(MUCH * 1.2, known[0][1]);
  const line = ([name, psi]) =>
    element(
      "li",
      {},
      element("span", { class: "name" }, name),
      element("span", { class: "meter", "aria-hidden": "true" }, element("span", { class: "filled", "--share": psi / most }), element("span", { class: "meant", "--share": MUCH / most })),
      element("span", { class: psi > MUCH ? "state-alarm" : "" }, psi.toFixed(3)),
    );
  return element(
    "div",
    { class: "part" },
    element("p", { class: "note" }, `Of the candidates of live searches against those of training, as the population stability index: below ${LITTLE} is steady, above ${MUCH} (the mark) is another population. What users bought is compared in searches of users whom the bundle knows. Of the worker that answers.`),
    element("ul", { class: "split", "aria-label": "Drift" }, ...known.slice(0, N_DRIFTS).map(line)),
  );
}

function retrieval(report) {
  const recall = report["recall@100_against_exact"];
  return facts([
    ["encoder", report.encoder],
    ["index", report.index],
    ["vectors", report.n_vectors?.toLocaleString("en")],
    ["recall of the first 100 against exact search", recall == null ? null : percent(recall)],
    ["measured with", report.n_recall_queries == null ? null : `${report.n_recall_queries} queries`],
  ]);
}

function objectives(list) {
  const rows = list.map((one) => [one.name, one.unit, one.value, String(Number(one.range.toPrecision(3)))]);
  return table("Objectives", ["objective", "unit", "what one item is worth", "between the best and the worst item of a query"], rows);
}

function there({ bundles, plan }) {
  const role = (name, roles) => roles.map((one) => (plan[one]?.share ? `${one} (${percent(plan[one].share, 0)})` : one)).join(", ");
  const rows = Object.entries(bundles).map(([name, one]) => [
    name,
    one.bundle_id ?? "cannot be read",
    one.created ? moment(one.created) : "",
    role(name, one.roles) || (one.loaded ? "loaded" : ""),
    one.problem ?? "",
  ]);
  return table("Bundles that are there", ["name", "bundle", "made", "role", "problem"], rows);
}
