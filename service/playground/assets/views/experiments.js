// The experiments that run: who is in which arm, whether the split can be believed, what came of it so far and how.

import { fetchJson } from "../requests.js";
import { experiment } from "./experiment.js";
import { entry, nothing, open } from "./page.js";

open(load, (all) => {
  if (all.length === 0) {
    return nothing("No experiment runs. An experiment splits users or sessions between profiles or bundles; the workbench starts one.");
  }
  return all.map(([name, results]) => entry(name, ...experiment(results)));
});

async function load() {
  const names = Object.keys(await fetchJson("/experiments"));
  return Promise.all(names.map(async (name) => [name, await fetchJson(`/experiments/${encodeURIComponent(name)}/results`)]));
}
