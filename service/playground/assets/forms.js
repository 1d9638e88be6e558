// Labelled controls, forms that say what became of them, buttons that do one thing.

import { element } from "./element.js";
import { Trouble } from "./requests.js";

let numbered = 0;

/** A control with its words; `note` is read with it. */
export function labelled(words, control, note) {
  numbered += 1;
  const id = control.id || `control-${numbered}`;
  control.id = id;
  if (note) control.setAttribute("aria-describedby", `${id}-note`);
  return element(
    "div",
    { class: "field" },
    element("label", { for: id }, words),
    control,
    note && element("p", { class: "note", id: `${id}-note` }, note),
  );
}

/** A field for what something is called: a key, an account, a profile, an experiment, a query set. */
export function nameField(attributes = {}) {
  return element("input", { required: true, title: "Letters, digits, dots, hyphens and underscores; no spaces.", maxlength: "64", pattern: "[A-Za-z0-9_.\\-]+", autocapitalize: "off", autocomplete: "off", spellcheck: "false", ...attributes });
}

/** @param options pairs of value and words. */
export function choice(options, chosen, attributes = {}) {
  return element("select", attributes, ...options.map(([value, words]) => element("option", { value, selected: value === chosen }, words)));
}

/**
 * A form.
 * @param parts what is in it.
 * @param save does what it is for; the sentence that it gives is said, and so is what it throws.
 */
export function form(label, parts, submit, save) {
  const said = element("p", { class: "said", role: "status" });
  const button = element("button", { type: "submit" }, submit);
  const onsubmit = async (event) => {
    event.preventDefault();
    await working(button, said, save);
  };
  return element("form", { class: "sheet", "aria-label": label, onsubmit }, ...parts, element("div", { class: "ends" }, button), said);
}

/** A button that does something, and says what became of it at `said`. */
export function action(words, said, work, attributes = {}) {
  const button = element("button", { type: "button", ...attributes, onclick: () => working(button, said, work) }, words);
  return button;
}

/**
 * What ends something for good: it is opened first, and then done by a button of its own.
 * @param label what is opened, where `words` alone do not tell it from others.
 */
export function ending(words, sure, work, label = null) {
  const said = element("span", { role: "status" });
  return element("details", {}, element("summary", { "aria-label": label }, words), action(sure, said, work, { class: "harm" }), said);
}

async function working(button, said, work) {
  button.disabled = true;
  said.classList.remove("refused");
  said.textContent = "One moment.";
  try {
    said.textContent = (await work()) ?? "";
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    refused(said, error);
  } finally {
    button.disabled = false;
  }
}

/** Say at `said` what went wrong, so that it does not look like what went well. */
export function refused(said, trouble) {
  said.classList.add("refused");
  said.textContent = trouble.message;
}

/** The lines of a text that are not empty. */
export const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
