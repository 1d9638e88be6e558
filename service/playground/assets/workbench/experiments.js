// Experiments: started with a ramp or a share, watched, stopped.

import { element } from "../element.js";
import { action, choice, form, labelled } from "../forms.js";
import { Trouble, fetchJson, send } from "../requests.js";
import { experiment } from "../views/experiment.js";
import { entry, section } from "../views/page.js";
import { bench, lookOnly } from "./bench.js";

bench(load, draw);

async function load() {
  const [experiments, profiles, bundles] = await Promise.all([fetchJson("/experiments"), fetchJson("/profiles"), loadedBundles()]);
  const names = Object.keys(experiments);
  const results = await Promise.all(names.map((name) => fetchJson(`/experiments/${encodeURIComponent(name)}/results`)));
  return { found: names.map((name, index) => [name, results[index]]), profiles: Object.keys(profiles), bundles };
}

/** The bundles that are loaded; none to those who may not see them. */
async function loadedBundles() {
  try {
    const { bundles } = await fetchJson("/bundles");
    return Object.keys(bundles).filter((name) => bundles[name].loaded);
  } catch (error) {
    if (error instanceof Trouble) return [];
    throw error;
  }
}

function draw({ found, profiles, bundles }, look) {
  const mayChange = look.may("admin");
  return [
    ...found.map(([name, results]) => entry(name, mayChange && controls(name, results, look), ...experiment(results))),
    found.length === 0 && element("p", { class: "note" }, "No experiment runs."),
    mayChange ? section("Start an experiment", startForm(profiles, bundles, look)) : lookOnly("To start or stop one, log in as an admin."),
  ];
}

function controls(name, { definition, exposure }, look) {
  const said = element("p", { class: "said", role: "status" });
  const path = `/experiments/${encodeURIComponent(name)}`;
  const share = element("input", { type: "number", min: "0", max: "100", step: "any", value: String(Number((exposure * 100).toFixed(2))), "aria-label": `Percent of those who search in ${name}` });
  const expose = action("Set", said, async () => {
    await send("PUT", path, { ...definition, ramp: undefined, exposure: Number(share.value) / 100 });
    await look.again(`${share.value} % take part in ${name}.`);
  });
  const stop = action("Stop it", said, async () => {
    await send("DELETE", path);
    await look.again(`${name} has ended: everybody gets what serves without it.`);
  }, { class: "harm" });
  return element(
    "div",
    { class: "controls" },
    definition.ramp ? element("span", { class: "note" }, "The ramp sets who takes part.") : element("label", {}, "Takes part, %", element("span", { class: "ends" }, share, expose)),
    element("details", {}, element("summary", { "aria-label": `Stop ${name}` }, "stop"), stop),
    said,
  );
}

function startForm(profiles, bundles, look) {
  const name = element("input", { required: true, maxlength: "64", pattern: "[A-Za-z0-9_.\\-]+", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
  const unit = choice([["session", "sessions"], ["user", "users"]], "session");
  const options = [["", "what serves now"], ...profiles.map((one) => [`profile ${one}`, `profile ${one}`]), ...bundles.map((one) => [`bundle ${one}`, `bundle ${one}`])];
  const [control, treatment] = [choice(options, ""), choice(options, options[1]?.[0] ?? "")];
  const share = element("input", { type: "number", min: "1", max: "99", step: "any", value: "50", required: true });
  const way = choice([["ramp", "1, 5, 25, 50, 100 % by itself, and back where it does harm"], ["share", "a share that I set"]], "ramp");
  const exposure = element("input", { type: "number", min: "0", max: "100", step: "any", value: "10" });
  const hours = element("input", { type: "number", min: "0", step: "any", value: "1" });
  const ofRamp = labelled("Hours of each step, at least", hours);
  const ofShare = labelled("Percent of those who search", exposure);
  const fit = () => {
    ofRamp.hidden = way.value !== "ramp";
    ofShare.hidden = way.value !== "share";
  };
  way.addEventListener("change", fit);
  fit();
  const served = (value) => (value ? { [value.split(" ")[0]]: value.slice(value.indexOf(" ") + 1) } : {});
  const start = async () => {
    const treated = Number(share.value) / 100;
    const definition = {
      unit: unit.value,
      arms: { control: { share: 1 - treated, ...served(control.value) }, treatment: { share: treated, ...served(treatment.value) } },
      ...(way.value === "ramp" ? { ramp: { control: "control", hold_seconds: Number(hours.value) * 3600 } } : { exposure: Number(exposure.value) / 100 }),
    };
    await send("PUT", `/experiments/${encodeURIComponent(name.value)}`, definition);
    await look.again(`${name.value} runs.`);
  };
  return form(
    "An experiment",
    [
      labelled("Name", name),
      labelled("Splits", unit),
      element("div", { class: "two" }, labelled("Control", control), labelled("Treatment", treatment)),
      labelled("Percent in the treatment", share, "Of those who take part."),
      labelled("Who takes part", way),
      ofRamp,
      ofShare,
    ],
    "Start",
    start,
  );
}
