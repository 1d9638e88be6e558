// Experiments: drafted, looked at on real queries, started with a ramp or a share, watched, stopped.

import { element } from "../element.js";
import { action, choice, ending, form, labelled, nameField } from "../forms.js";
import { Trouble, fetchJson, send } from "../requests.js";
import { experiment, servedIn } from "../views/experiment.js";
import { entry } from "../views/page.js";
import { percent } from "../words.js";
import { definitionsPage, given, link } from "./definitions.js";

const STEPS = [0.01, 0.05, 0.25, 0.5, 1];

definitionsPage({
  kind: "experiments",
  one: "experiment",
  scope: "admin",
  describe,
  queries: () => [],
  form: experimentForm,
  more: whatServes,
  views,
  sides: ["Control", "Treatment"],
  publish: ["Start", "runs"],
  showLive: running,
});

/** What an arm may be served by, and the results of the experiments that run. */
async function whatServes(live) {
  const results = (name) => fetchJson(`/experiments/${encodeURIComponent(name)}/results`);
  const [profiles, bundles, ...found] = await Promise.all([fetchJson("/profiles"), loadedBundles(), ...Object.keys(live).map(results)]);
  return { profiles: Object.keys(profiles), bundles, results: found };
}

/** The bundles that are loaded, beside the one that serves; none to those who may not see them. */
async function loadedBundles() {
  try {
    const { bundles } = await fetchJson("/bundles");
    return Object.keys(bundles).filter((name) => bundles[name].loaded && !bundles[name].roles.includes("active"));
  } catch (error) {
    if (error instanceof Trouble) return [];
    throw error;
  }
}

function describe({ unit = "session", arms = {}, ramp, exposure = 1 }) {
  const parts = Object.entries(arms).map(([name, arm]) => `${percent(arm.share, 0)} ${name} (${servedIn(arm) || "what serves now"})`);
  const part = ramp ? `${(ramp.steps ?? STEPS).map((step) => percent(step, 0)).join(", ")} one after the other` : percent(exposure, 0);
  return `${unit}s: ${parts.join(", ")}; who takes part: ${part}`;
}

/** The arm that others are compared with, and the first of those that rank by themselves. */
function rivals({ arms = {}, ramp }) {
  const names = Object.keys(arms).filter((name) => !arms[name].interleave).sort();
  const control = ramp?.control ?? names[0];
  return [control, names.find((name) => name !== control)];
}

function views({ definition, before }) {
  const experiment = definition ?? before ?? {};
  return rivals(experiment).map((name) => {
    const { profile, bundle } = experiment.arms?.[name] ?? {};
    return { ...(profile ? { profile } : {}), ...(bundle ? { bundle } : {}) };
  });
}

function running(live, { results }, look, edit) {
  const names = Object.keys(live);
  if (names.length === 0) return [element("p", { class: "note" }, "No experiment runs.")];
  return names.map((name, index) => entry(name, edit && controls(name, results[index], look, edit), ...experiment(results[index])));
}

function controls(name, { definition, exposure }, look, edit) {
  const said = element("p", { class: "said", role: "status" });
  const path = `/experiments/${encodeURIComponent(name)}`;
  const share = element("input", { type: "number", min: "0", max: "100", step: "any", value: String(Number((exposure * 100).toFixed(2))), "aria-label": `Percent of those who search in ${name}` });
  const expose = action("Set", said, async () => {
    await send("PUT", path, { ...definition, ramp: undefined, exposure: Number(share.value) / 100 });
    await look.again(`${share.value} % take part in ${name}.`);
  });
  const stop = async () => {
    await send("DELETE", path);
    await look.again(`${name} has ended: everybody gets what serves without it.`);
  };
  return element(
    "div",
    { class: "controls" },
    definition.ramp ? element("span", { class: "note" }, "The ramp sets who takes part.") : element("label", {}, "Takes part, %", element("span", { class: "ends" }, share, expose)),
    link("change", name, () => edit(name, definition)),
    ending("stop", "Stop it", stop, `Stop ${name}`),
    said,
  );
}

function experimentForm({ name, definition }, save, { profiles, bundles }) {
  if (definition !== null && !isShown(definition)) {
    return element("p", { class: "note" }, `${name} has arms that this page does not show: PUT /drafts/experiments/${name} takes the whole definition.`);
  }
  const [control, treatment] = definition === null ? ["control", "treatment"] : rivals(definition);
  const served = (arm) => definition?.arms[arm] ?? {};
  const options = [["", "what serves now"], ...profiles.map((one) => [`profile ${one}`, `profile ${one}`]), ...bundles.map((one) => [`bundle ${one}`, `bundle ${one}`])];
  const [of, to] = [control, treatment].map((arm) => armFields(options, served(arm), definition === null && arm === treatment));
  const called = nameField({ value: name, readonly: name !== "" });
  const unit = choice([["session", "sessions"], ["user", "users"]], definition?.unit ?? "session");
  const share = element("input", { type: "number", min: "1", max: "99", step: "any", value: String(Number(((served(treatment).share ?? 0.5) * 100).toFixed(4))), required: true });
  const way = choice([["ramp", `${STEPS.map((step) => step * 100).join(", ")} % by itself, and back where it does harm`], ["share", "a share that I set"]], definition !== null && !definition.ramp ? "share" : "ramp");
  const exposure = element("input", { type: "number", min: "0", max: "100", step: "any", value: String(Number(((definition?.exposure ?? 0.1) * 100).toFixed(4))) });
  const hours = element("input", { type: "number", min: "0", step: "any", value: String((definition?.ramp?.hold_seconds ?? 3600) / 3600) });
  const note = element("input", { maxlength: "500" });
  const ofRamp = labelled("Hours of each step, at least", hours);
  const ofShare = labelled("Percent of those who search", exposure);
  const fit = () => {
    ofRamp.hidden = way.value !== "ramp";
    ofShare.hidden = way.value !== "share";
  };
  way.addEventListener("change", fit);
  fit();
  const draft = () => {
    const treated = Number(share.value) / 100;
    const part = way.value === "ramp" ? { ramp: { ...given(definition?.ramp ?? {}), control, hold_seconds: Number(hours.value) * 3600 } } : { exposure: Number(exposure.value) / 100 };
    const arms = { [control]: { share: 1 - treated, ...of.served() }, [treatment]: { share: treated, ...to.served() } };
    return save(called.value, { ...kept(definition), unit: unit.value, arms, ...part }, note.value);
  };
  const lacks = options.length === 1 && element("p", { class: "note" }, "Nothing serves otherwise yet: ", element("a", { href: "/workbench/profiles" }, "make a profile"), " or ", element("a", { href: "/workbench/bundles" }, "load a bundle"), " to compare with.");
  return form(
    "An experiment",
    [
      lacks,
      labelled("Name", called),
      labelled("Splits", unit),
      element("div", { class: "two" }, labelled("Control", of.select), labelled("Treatment", to.select)),
      labelled("Percent in the treatment", share, "Of those who take part."),
      labelled("Who takes part", way),
      ofRamp,
      ofShare,
      labelled("Why", note),
    ],
    "Save the draft",
    draft,
  );
}

/** What an arm is served by, to choose. */
function armFields(options, { profile, bundle }, isNew) {
  const chosen = profile ? `profile ${profile}` : bundle ? `bundle ${bundle}` : isNew ? (options[1]?.[0] ?? "") : "";
  const known = options.some(([value]) => value === chosen) ? options : [...options, [chosen, `${chosen}, which is not there`]];
  const select = choice(known, chosen);
  const served = () => (select.value ? Object.fromEntries([select.value.split(" ")]) : {});
  return { select, served };
}

const isShown = ({ arms }) => Object.keys(arms).length === 2 && Object.values(arms).every((arm) => !arm.interleave && !(arm.profile && arm.bundle));

/** What the form does not show. */
function kept(definition) {
  if (definition === null) return {};
  const { unit, arms, ramp, exposure, ...others } = given(definition);
  return others;
}
