// Pin and bury, by drag or by the buttons of each card. What is changed are rules of the service, which shoppers see.

import { element } from "./element.js";
import { forgetKey, heldKey } from "./key.js";
import { Trouble, fetchJson } from "./requests.js";
import { Rules, burying, pinning, releasing, rulesAbout } from "./rules.js";
import { accessForm, session } from "./session.js";

const DRAGGED = "text/x-trimtab-item";
const ASK_AGAIN_MS = 300;
const MOST_ASKED = 5; // Another worker knows a rule within a second.

/**
 * @param options.panel where the key, the rules and what went wrong are shown.
 * @param options.toggle the button that starts and ends arranging.
 * @param options.query, options.titleOf what is searched for; an item's title.
 * @param options.onKey is told of a key that opens the rules.
 * @param options.onChange asks for the slates anew.
 */
export function arranging({ panel, toggle, query, titleOf, onKey, onChange, speak }) {
  const rules = new Rules();
  let isOn = false;
  let isUnlocked = false;
  let trouble = null;
  let awaited = null; // { itemId, kind, asked }: what the last change should have made of an item
  let pins = {}; // item by position, as the slate that is shown obeys them

  toggle.addEventListener("click", async () => {
    isOn = !isOn;
    trouble = null;
    if (isOn && (heldKey() || (await session()))) unlock();
    show();
    onChange();
  });

  async function unlock() {
    await attempt(async () => {
      if (heldKey()) await fetchJson("/keys"); // Only an admin may see them; who is logged in says so by a role.
      await rules.load();
      isUnlocked = true;
    });
    if (isUnlocked) onKey();
  }

  async function attempt(work) {
    trouble = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      trouble = error;
      if (error.needsKey) isUnlocked = false;
    }
    show();
  }

  async function change(changes, itemId, kind, words) {
    await attempt(async () => {
      await rules.change(changes);
      awaited = { itemId, kind, asked: 0 };
      speak(words);
    });
    onChange();
  }

  const pin = (itemId, position) =>
    change(pinning(rules.all, query(), itemId, position), itemId, "pin", `${titleOf(itemId)} is pinned to rank ${position + 1}.`);
  const bury = (itemId) => change(burying(rules.all, query(), itemId), itemId, "bury", `${titleOf(itemId)} is buried.`);
  const release = (itemId) =>
    change(releasing(rules.all, query(), itemId, "pin"), itemId, null, `${titleOf(itemId)} is pinned no more.`);

  function show() {
    toggle.setAttribute("aria-pressed", String(isOn));
    panel.hidden = !isOn;
    const words = trouble && element("p", { class: "trouble", role: "alert" }, trouble.message);
    const parts = isUnlocked ? tools() : [accessForm("Admin key", unlock)];
    panel.replaceChildren(...[words, ...parts].filter(Boolean));
  }

  function tools() {
    const about = rulesAbout(rules.all, query());
    const undo = element("button", { type: "button", disabled: !rules.canUndo, onclick: () => attempt(async () => {
      await rules.undo();
      awaited = null;
      speak("Taken back.");
    }).then(onChange) }, "Undo");
    const leave = element("button", { type: "button", onclick: () => {
      forgetKey();
      isUnlocked = false;
      show();
      onChange();
    } }, "Forget the key");
    const grave = element("p", { class: "grave" }, "Drop here to bury");
    acceptDrops(grave, bury);
    return [
      element("p", { class: "note" }, "Drag a card to the rank it shall keep, or use its buttons. Every shopper who searches for these words sees it."),
      grave,
      about.length > 0 && element("ul", { class: "rules", "aria-label": "Rules for this search" }, ...about.map(ruleLine)),
      element("div", { class: "takeaway" }, undo, heldKey() && leave),
    ];
  }

  function ruleLine([name, rule]) {
    const items = rule.item_ids.map(titleOf).join(", ");
    const remove = element("button", { type: "button", "aria-label": `Remove the rule: ${inWords(rule)} ${items}`, onclick: () =>
      change([[name, null]], null, null, "The rule is removed.") }, "Remove");
    return element("li", {}, element("span", { class: "said", title: name }, element("b", {}, inWords(rule)), ` ${items}`), remove);
  }

  /** Give a card of the candidate slate its buttons and let it be dragged. */
  function decorate(card, hit, index, last) {
    if (!isOn || !isUnlocked) return;
    const id = hit.item_id;
    const isPinned = Object.values(pins).includes(id);
    const button = (act, label, text, onclick, disabled = false) =>
      element("button", { type: "button", "data-act": act, "aria-label": `${label}: ${hit.title}`, disabled, onclick }, text);
    card.draggable = true;
    card.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(DRAGGED, id);
      event.dataTransfer.effectAllowed = "move";
    });
    acceptDrops(card, (dropped) => dropped !== id && pin(dropped, index));
    card.append(
      element(
        "div",
        { class: "tools" },
        isPinned ? button("pin", "Unpin", "Unpin", () => release(id)) : button("pin", `Pin to rank ${index + 1}`, "Pin", () => pin(id, index)),
        button("up", `Pin to rank ${index}`, "Higher", () => pin(id, index - 1), index === 0),
        button("down", `Pin to rank ${index + 2}`, "Lower", () => pin(id, index + 1), index === last),
        button("bury", "Bury", "Bury", () => bury(id)),
      ),
    );
  }

  /** Before a slate is drawn: what the service says it obeys. */
  function obeyed(answer) {
    pins = answer.rules.pins;
    if (!awaited) return;
    const { itemId, kind } = awaited;
    const rank = Object.entries(pins).find(([, pinned]) => pinned === itemId)?.[0];
    const now = rank !== undefined ? "pin" : answer.rules.boosts[itemId] < 0 ? "bury" : null;
    if (itemId !== null && now !== kind && awaited.asked < MOST_ASKED) {
      awaited.asked += 1;
      setTimeout(onChange, ASK_AGAIN_MS);
    } else {
      awaited = null;
    }
  }

  return { decorate, obeyed, refresh: () => isOn && show() };
}

function inWords(rule) {
  const where = rule.query == null ? ", every search" : "";
  const position = (rule.position ?? 0) + 1;
  const words = { pin: `Pinned to rank ${position}`, boost: "Boosted", bury: "Buried", hide: "Hidden" }[rule.action];
  return `${words}${where}:`;
}

function acceptDrops(target, onDrop) {
  target.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes(DRAGGED)) return;
    event.preventDefault();
    target.classList.add("is-over");
  });
  target.addEventListener("dragleave", () => target.classList.remove("is-over"));
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    target.classList.remove("is-over");
    onDrop(event.dataTransfer.getData(DRAGGED));
  });
}
