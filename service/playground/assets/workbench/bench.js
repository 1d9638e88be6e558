// What the pages of the workbench share: who is logged in, what they may do, and showing a page again after a change.

import { byId, element } from "../element.js";
import { forgetKey, heldKey } from "../key.js";
import { accessForm, logOut, session } from "../session.js";
import { open } from "../views/page.js";

/**
 * Show a page of the workbench.
 * @param load gives its data; @param draw its elements, given the data. Both are given what the page may: `may(scope)`,
 * `again(words)` to show the page anew and say something, `say(words)`.
 */
export async function bench(load, draw) {
  const look = { may: () => false, again, say };
  const show = () => open(learnAndLoad, (data) => draw(data, look));

  async function learnAndLoad() {
    const who = await session();
    look.may = (scope) => heldKey() !== null || (who !== null && (who.scopes.includes(scope) || who.scopes.includes("admin")));
    showWho(who, show);
    return load(look);
  }

  async function again(...words) {
    await show();
    if (words.length > 0) say(...words);
    if (document.activeElement === document.body) byId("content").focus({ preventScroll: true });
  }

  await show();
}

/** Say something at the head of the page, of words and elements. */
export function say(...words) {
  byId("said").replaceChildren(...words);
}

function showWho(who, onChange) {
  const leave = async () => {
    forgetKey();
    if (who !== null) await logOut();
    say("");
    await onChange();
  };
  const out = element("button", { type: "button", onclick: leave }, who === null ? "Forget the key" : "Log out");
  if (heldKey()) byId("who").replaceChildren(element("p", {}, "With a key"), out);
  else if (who !== null) byId("who").replaceChildren(element("p", {}, `${who.name}, ${who.role}`), out);
  else byId("who").replaceChildren(element("details", {}, element("summary", {}, "Log in"), accessForm("or a key", onChange)));
}

/** What is said to those who may only look. */
export const lookOnly = (words) => element("p", { class: "note" }, words);
