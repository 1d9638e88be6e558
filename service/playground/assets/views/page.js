// How a view gets its data: loading, a key where one is needed, words where something is wrong or not there yet.

import { byId, element } from "../element.js";
import { Trouble } from "../requests.js";
import { accessForm } from "../session.js";

const RETRY_SECONDS = 2;

/**
 * @param load gives the data, or throws Trouble.
 * @param show gives the elements that show them.
 */
export async function open(load, show) {
  const [view, trouble] = [byId("view"), byId("trouble")];
  const again = () => open(load, show);
  view.setAttribute("aria-busy", "true");
  try {
    const parts = show(await load());
    trouble.hidden = true;
    view.replaceChildren(...[parts].flat().filter(Boolean));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    view.replaceChildren();
    trouble.hidden = false;
    const button = element("button", { type: "button", onclick: again }, "Try again");
    trouble.replaceChildren(element("p", {}, error.message), error.needsKey ? accessForm("Admin key", again) : button);
    if (error.mayPass) setTimeout(again, RETRY_SECONDS * 1000);
  } finally {
    view.removeAttribute("aria-busy");
  }
}

/** What is said where there is nothing yet, and how to get something. */
export function nothing(words, ...commands) {
  return element(
    "div",
    { class: "nothing" },
    element("p", {}, words),
    ...commands.map((command) => element("pre", { class: "curl", tabindex: "0", "aria-label": "A command" }, command)),
  );
}

export function section(title, ...parts) {
  return element("section", { class: "part" }, element("h2", {}, title), ...parts);
}

/** A section about one thing that has a name of its own. */
export function entry(name, ...parts) {
  return element("section", { class: "part" }, element("h2", { class: "named" }, name), ...parts);
}

export function table(caption, head, rows) {
  return element(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": caption },
    element(
      "table",
      {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, ...head.map((words) => (words ? element("th", { scope: "col" }, words) : element("td"))))),
      element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell, index) => element(index ? "td" : "th", index ? {} : { scope: "row" }, cell ?? ""))))),
    ),
  );
}

export function facts(pairs) {
  const fact = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element("dl", { class: "facts" }, ...pairs.filter(([, value]) => value != null).map(fact));
}

/** A moment, as the reader's own clock shows it. */
export function moment(text) {
  const when = new Date(text);
  const shown = Number.isNaN(when.getTime()) ? text : when.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  return element("time", { datetime: text }, shown);
}
