// The list under the search box: a combobox with a listbox, as the ARIA practices describe it.

import { element } from "./element.js";
import { Latest, fetchJson } from "./requests.js";

/** The text of a suggestion, with what was typed in bold. */
function marked({ text, highlights }) {
  const characters = [...text]; // positions count whole characters, as the service does
  const parts = [];
  let at = 0;
  for (const [start, end] of highlights) {
    parts.push(characters.slice(at, start).join(""), element("b", {}, characters.slice(start, end).join("")));
    at = end;
  }
  return [...parts, characters.slice(at).join("")];
}

export function suggest(input, list, onChoose) {
  const latest = new Latest();
  let active = -1;
  let awaited = null; // the text whose suggestions may still open the list

  const close = () => {
    list.hidden = true;
    active = -1;
    awaited = null;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (text) => {
    input.value = text;
    close();
    onChoose();
  };
  const option = (suggestion, index) =>
    element("li", { id: `suggestion-${index}`, role: "option", "aria-selected": "false", "data-text": suggestion.text, onmousedown: (event) => {
      event.preventDefault();
      choose(suggestion.text);
    } }, ...marked(suggestion), element("span", { class: "kind" }, suggestion.kind === "query" ? "" : suggestion.kind));
  const mark = (index) => {
    const options = [...list.children];
    active = (index + options.length) % options.length;
    options.forEach((one, number) => one.setAttribute("aria-selected", String(number === active)));
    input.setAttribute("aria-activedescendant", `suggestion-${active}`);
  };

  const unmark = () => {
    active = -1;
    for (const one of list.children) one.setAttribute("aria-selected", "false");
    input.removeAttribute("aria-activedescendant");
  };

  input.addEventListener("input", () => {
    unmark();
    awaited = input.value;
    latest.run(async () => {
      const text = input.value;
      const found = text.trim() ? await fetchJson("/suggest", new URLSearchParams({ q: text })).catch(() => null) : null;
      const suggestions = found?.suggestions ?? [];
      // A list never changes under an option that somebody has marked, nor opens again once it was closed.
      if (awaited !== text || active >= 0) return;
      list.replaceChildren(...suggestions.map(option));
      list.hidden = suggestions.length === 0;
      input.setAttribute("aria-expanded", String(suggestions.length > 0));
    });
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? list.children.length - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) choose(list.children[active].dataset.text);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  return close;
}
