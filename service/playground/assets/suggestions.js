// The list under the search box: a combobox with a listbox, as the ARIA practices describe it.

import { element } from "./element.js";
import { Latest, fetchJson } from "./requests.js";

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
  const option = (text, index) =>
    element("li", { id: `suggestion-${index}`, role: "option", "aria-selected": "false", onmousedown: (event) => {
      event.preventDefault();
      choose(text);
    } }, text);
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
      const names = text.trim() ? await fetchJson("/playground/suggestions", new URLSearchParams({ q: text })).catch(() => []) : [];
      // A list never changes under an option that somebody has marked, nor opens again once it was closed.
      if (awaited !== text || active >= 0) return;
      list.replaceChildren(...names.map(option));
      list.hidden = names.length === 0;
      input.setAttribute("aria-expanded", String(names.length > 0));
    });
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active < 0 ? list.children.length - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) choose(list.children[active].textContent);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  return close;
}
