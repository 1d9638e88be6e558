// Profiles: named weights of a kind of traffic, and what they may give up; looked at on real queries before they are live.

import { element } from "../element.js";
import { form, labelled, nameField } from "../forms.js";
import { fetchJson } from "../requests.js";
import { percent, weightsInWords } from "../words.js";
import { definitionsPage } from "./definitions.js";

definitionsPage({ kind: "profiles", one: "profile", scope: "admin", describe, queries: () => [], form: profileForm, more: objectives, views });

/** What the bundle that serves can weigh, with its own weights. */
async function objectives() {
  return (await fetchJson("/playground/bundle")).default_weights;
}

/** A profile is asked for by its name, where there is one; without, what serves is looked at. */
function views({ name, before, definition }) {
  const named = { profile: name };
  return [before === null ? {} : named, definition === null ? {} : named];
}

function describe({ weights = {}, ...bounds }) {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0) || 1;
  const shares = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight / total]));
  const losses = Object.entries(bounds).filter(([name, loss]) => name.startsWith("max_") && loss != null);
  const limits = losses.map(([name, loss]) => `at most ${percent(loss)} of ${name.slice("max_".length, -"_loss".length)} given up`);
  return [weightsInWords(shares), ...limits].join("; ");
}

function profileForm({ name, definition }, save, defaults) {
  const called = nameField({ value: name, readonly: name !== "" });
  const weights = definition?.weights ?? defaults;
  const names = [...new Set([...Object.keys(defaults), "diversity", ...Object.keys(weights)])];
  const inputs = names.map((one) => [one, element("input", { type: "number", min: "0", step: "any", required: true, inputmode: "decimal", value: String(weights[one] ?? 0) })]);
  const loss = definition?.max_relevance_loss;
  const bound = element("input", { type: "number", min: "0", max: "100", step: "any", inputmode: "decimal", value: loss == null ? "" : String(Number((loss * 100).toFixed(4))) });
  const note = element("input", { maxlength: "500", value: definition?.note ?? "" });
  const others = Object.fromEntries(Object.entries(definition ?? {}).filter(([field, value]) => field.startsWith("max_") && field !== "max_relevance_loss" && value != null));
  const draft = () => {
    const asked = Object.fromEntries(inputs.map(([one, input]) => [one, Number(input.value)]).filter(([, weight]) => weight > 0));
    const limit = bound.value === "" ? {} : { max_relevance_loss: Number(bound.value) / 100 };
    return save(called.value, { weights: asked, ...limit, ...others }, note.value);
  };
  return form(
    "A profile",
    [
      labelled("Name", called, "default serves whoever names none."),
      element("div", { class: "two" }, ...inputs.map(([one, input]) => labelled(`Weight of ${one}`, input))),
      labelled("Percent of relevance that may be given up", bound, "Empty: what the bundle allows."),
      labelled("Why", note),
    ],
    "Save the draft",
    draft,
  );
}
