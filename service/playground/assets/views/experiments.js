// The experiments that run: who is in which arm, whether the split can be believed, what came of it.

import { element } from "../element.js";
import { fetchJson } from "../requests.js";
import { percent } from "../words.js";
import { entry, facts, nothing, open } from "./page.js";

open(load, (states) => {
  if (states.length === 0) {
    return nothing(
      "No experiment runs. An experiment splits users or sessions between profiles.",
      `curl -X PUT ${location.origin}/experiments/bolder -H "Authorization: Bearer $TRIMTAB_ADMIN_KEY" -d '{"unit": "session", "arms": {"control": {"share": 0.5}, "bold": {"share": 0.5, "profile": "bold"}}}'`,
    );
  }
  return states.map(([name, state]) => entry(name, ...experiment(state)));
});

async function load() {
  const names = Object.keys(await fetchJson("/experiments"));
  return Promise.all(names.map(async (name) => [name, await fetchJson(`/experiments/${encodeURIComponent(name)}`)]));
}

function experiment({ definition, units, sample_ratio_p_value: p, sample_ratio_alarm: alarm }) {
  const total = Object.values(units).reduce((sum, count) => sum + count, 0);
  return [
    facts([
      ["split by", definition.unit],
      ["takes part", percent(definition.exposure, 0)],
      [`${definition.unit}s so far`, total.toLocaleString("en")],
    ]),
    split(definition.arms, units, total),
    element(
      "p",
      { class: alarm ? "state-alarm" : "note" },
      total === 0
        ? "Nobody has been seen yet."
        : alarm
          ? `The split is not the one that was meant (p = ${p.toPrecision(2)}): do not believe the results.`
          : `The split is as meant (p = ${p.toPrecision(2)}).`,
    ),
  ];
}

function split(arms, units, total) {
  const line = ([name, arm]) => {
    const share = total ? (units[name] ?? 0) / total : 0;
    return element(
      "li",
      {},
      element("span", { class: "name" }, arm.profile ? `${name} (profile ${arm.profile})` : name),
      element("span", { class: "meter", "aria-hidden": "true" }, element("span", { class: "filled", "--share": share }), element("span", { class: "meant", "--share": arm.share })),
      element("span", {}, `${(units[name] ?? 0).toLocaleString("en")}, ${percent(share)} of ${percent(arm.share)}`),
    );
  };
  return element("ul", { class: "split", "aria-label": "Arms" }, ...Object.entries(arms).map(line));
}
