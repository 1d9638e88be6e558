// The list under the search box: a combobox with a listbox, as the ARIA practices describe it.

import { element } from "./element.js";
import { Latest, fetchJson } from "./requests.js";

export function suggest(input, list, onChoose) {
  const latest = new Latest();
  let active = -1;

  const close = () => {
    list.hidden = true;
    active = -1;
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

  input.addEventListener("input", () =>
    latest.run(async () => {
      const text = input.value;
      const names = text.trim() ? await fetchJson("/playground/suggestions", new URLSearchParams({ q: text })).catch(() => []) : [];
      if (document.activeElement !== input || input.value !== text) return;
      list.replaceChildren(...names.map(option));
      active = -1;
      list.hidden = names.length === 0;
      input.setAttribute("aria-expanded", String(names.length > 0));
      input.removeAttribute("aria-activedescendant");
    }),
  );
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
