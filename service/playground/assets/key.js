// The key that requests carry. It lives as long as this tab, and in no address.

import { element } from "./element.js";

const NAME = "trimtab-key";

export const heldKey = () => sessionStorage.getItem(NAME);
const holdKey = (key) => sessionStorage.setItem(NAME, key);
export const forgetKey = () => sessionStorage.removeItem(NAME);

/** A field for a key; `onKey` is called when one was given. */
export function keyForm(label, onKey) {
  const input = element("input", { type: "password", autocomplete: "off", required: true });
  return element(
    "form",
    { class: "key", onsubmit: (event) => {
      event.preventDefault();
      holdKey(input.value.trim());
      onKey();
    } },
    element("label", {}, label, input),
    element("button", { type: "submit" }, "Use this key"),
    element("p", { class: "note" }, "It is kept until this tab is closed."),
  );
}
