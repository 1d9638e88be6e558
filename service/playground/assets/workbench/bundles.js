// Bundles: loaded and checked unseen, tried on a share of the traffic, activated, taken back.

import { element } from "../element.js";
import { action } from "../forms.js";
import { Trouble, fetchJson, send } from "../requests.js";
import { facts, moment, section, table } from "../views/page.js";
import { percent } from "../words.js";
import { bench, lookOnly } from "./bench.js";

const LOOK_MS = 1000;
const STAGES = {
  waiting: "waits for another one",
  checking: "is loaded in a process of its own, searched, and compared with what serves",
  loading: "is loaded by each worker, unseen",
};

const WAYS = "A loaded bundle is seen by nobody yet. In the shadow it is searched beside what serves, and what it finds is logged, not shown; as the canary it answers a share of the shoppers who are in no experiment, the same ones all the time; active, it answers all the others.";

bench(() => fetchJson("/bundles"), draw);

function draw({ bundles, plan, workers }, look) {
  const mayChange = look.may("admin");
  return [
    facts([
      ["serves", plan.active],
      ["before it", plan.previous ?? "none"],
      ["canary", plan.canary ? `${plan.canary.bundle}, ${percent(plan.canary.share, 1)} of those in no experiment` : "none"],
      ["shadow", plan.shadow ? `${plan.shadow.bundle}, ${percent(plan.shadow.share, 0)}` : "none"],
    ]),
    mayChange ? rollback(plan, look) : lookOnly("To change what serves, log in as an admin."),
    element("p", { class: "note" }, WAYS),
    ...Object.entries(bundles).map(([name, bundle]) => entryOf(name, bundle, look, mayChange)),
    section("Workers", table("Workers", ["worker", "serves", "has loaded"], workers.map((one) => [one.worker, one.serving, Object.keys(one.loaded).join(", ")]))),
  ];
}

function rollback(plan, look) {
  const said = element("p", { class: "said", role: "status" });
  const words = plan.canary ? "End the canary" : plan.previous ? `Go back to ${plan.previous}` : null;
  if (words === null) return null;
  const back = action(words, said, async () => {
    await send("POST", "/bundles/rollback");
    await look.again("The last step is taken back.");
  });
  return element("div", { class: "ends" }, back, said);
}

function entryOf(name, bundle, look, mayChange) {
  const said = element("p", { class: "said", role: "status" });
  const progress = element("progress", { hidden: true, max: String(Object.keys(STAGES).length), "aria-label": `Loading ${name}` });
  const step = (words, path, done, body) => action(words, said, async () => {
    await send("POST", `/bundles/${encodeURIComponent(name)}/${path}`, body);
    await look.again(done);
  });
  const end = (role) => action(`End the ${role}`, said, async () => {
    await send("DELETE", `/bundles/${encodeURIComponent(name)}/${role}`);
    await look.again(`${name} is ${role} no longer.`);
  });
  const share = element("input", { type: "number", min: "0.1", max: "100", step: "any", value: "5", "aria-label": `Percent of the traffic for ${name}` });
  const canary = action("Canary", said, async () => {
    await send("POST", `/bundles/${encodeURIComponent(name)}/canary`, { share: Number(share.value) / 100 });
    await look.again(`${name} answers ${share.value} % of the traffic.`);
  });
  const load = action("Load and check", said, () => loaded(name, progress, said, look));
  const is = (role) => bundle.roles.includes(role);
  const ways = bundle.loaded
    ? [
        !is("active") && step("Activate", "activate", `${name} serves.`),
        !is("active") && !is("canary") && element("span", { class: "ends" }, share, "%", canary),
        is("canary") && end("canary"),
        !is("active") && !is("shadow") && step("Shadow", "shadow", `${name} searches in the shadow.`, { share: 1 }),
        is("shadow") && end("shadow"),
        bundle.roles.length === 0 && step("Unload", "unload", `${name} is unloaded.`),
      ]
    : [load];
  return element(
    "section",
    { class: "part", "aria-label": name },
    element("h2", { class: "named" }, name),
    facts([
      ["bundle", bundle.bundle_id ?? "cannot be read"],
      ["made", bundle.created && moment(bundle.created)],
      ["items", bundle.n_items?.toLocaleString("en")],
      ["role", bundle.roles.join(", ") || (bundle.loaded ? "loaded" : "on the disk")],
      ["problem", bundle.problem],
    ]),
    mayChange && element("div", { class: "ends" }, ...ways.filter(Boolean)),
    progress,
    said,
  );
}

/** Loading is a job; its state is looked at until it ends. */
async function loaded(name, progress, said, look) {
  const path = `/bundles/${encodeURIComponent(name)}/load`;
  progress.hidden = false;
  try {
    let job = await send("POST", path);
    while (job.state === "running") {
      said.textContent = `${name} ${STAGES[job.stage] ?? "is being loaded"}.`;
      progress.value = Object.keys(STAGES).indexOf(job.stage) + 0.5;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      job = await fetchJson(path);
    }
    if (job.state === "loaded") await look.again(`${name} is loaded; nothing that is shown has changed.`);
    throw new Trouble(`It is refused: ${job.problem}.`);
  } finally {
    progress.hidden = true;
  }
}
