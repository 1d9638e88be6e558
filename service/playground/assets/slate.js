// A slate as cards: where each stands, how far it moved, and what its score is made of.

import { element } from "./element.js";
import { objectiveClass } from "./objectives.js";
import { metaOf, pictureOf, priceOf, titleOf, variantsOf } from "./product.js";

/** What each objective adds to an item's score; diversity belongs to the slate and is no part of it. */
export function contributions(hit, weights, ranges) {
  return Object.entries(hit.objectives).map(([name, gain]) => [name, (weights[name] * gain) / ranges[name]]);
}

/** @param shown what all cards need: `ranges` of the objectives, and `attributes` that the shop filters by. */
export function showControl(list, answer, candidateIds, shown) {
  const kept = new Set(candidateIds);
  const leaves = { sign: "leaves", kind: "out", spoken: "not in the candidate slate" };
  show(list, answer, shown, { mark: (hit) => (kept.has(hit.item_id) ? null : leaves) });
}

/** @param decorate adds to a card what can be done with it; it is given the card, the hit, its place and the last place. */
export function showCandidate(list, answer, controlIds, shown, decorate) {
  const rankOf = new Map(controlIds.map((id, index) => [id, index]));
  const mark = (hit, index) => moveOf(rankOf.get(hit.item_id), index, controlIds.length);
  const isControl = answer.hits.every((hit, index) => hit.item_id === controlIds[index]);
  show(list, answer, shown, { mark, why: isControl ? ordered : reason, decorate });
}

function moveOf(before, index, depth) {
  if (before === undefined) return { sign: "new", kind: "new", spoken: `was below rank ${depth}` };
  const places = before - index;
  if (places === 0) return null;
  const [arrow, way] = places > 0 ? ["▲", "up"] : ["▼", "down"];
  return { sign: `${arrow} ${Math.abs(places)}`, kind: way, spoken: `${way} ${Math.abs(places)}, from rank ${before + 1}` };
}

function show(list, answer, { ranges, attributes }, { mark, why = () => null, decorate = () => {} }) {
  const before = new Map([...list.children].map((card) => [card.dataset.item, card.getBoundingClientRect().top]));
  const focused = focusIn(list);
  const parts = answer.hits.map((hit) => contributions(hit, answer.weights, ranges));
  const largest = Math.max(...answer.hits.map((hit) => hit.score), 1e-9);
  const asked = answer.understood.attributes.map((one) => one.field);
  const context = { largest, currency: answer.currency, attributes: [...new Set([...asked, ...attributes])] };
  const cards = answer.hits.map((hit, index) =>
    card(hit, index, { move: mark(hit, index), parts: parts[index], why: why(answer, parts, index) }, context));
  cards.forEach((one, index) => decorate(one, answer.hits[index], index, cards.length - 1));
  list.replaceChildren(...cards);
  restoreFocus(list, focused);
  glide(cards, before);
}

/** The button of a card that has the focus, by its item, its place and what it does. */
function focusIn(list) {
  const [button, cards] = [document.activeElement, [...list.children]];
  const index = cards.findIndex((one) => one.contains(button));
  return index < 0 ? null : { index, item: cards[index].dataset.item, act: button.dataset.act };
}

/** Who works by keyboard goes on with the same item, or, where it is gone, at the same place. */
function restoreFocus(list, focused) {
  if (focused === null) return;
  const cards = [...list.children];
  const own = cards.find((one) => one.dataset.item === focused.item) ?? cards[Math.min(focused.index, cards.length - 1)];
  const buttons = [...(own?.querySelectorAll("button:not(:disabled)") ?? [])];
  (buttons.find((button) => button.dataset.act === focused.act) ?? buttons[0])?.focus();
}

function card(hit, index, { move, parts, why }, { largest, currency, attributes }) {
  const bars = parts.map(([name, value]) =>
    element("span", { class: `part ${objectiveClass(name)}`, "--share": Math.max(value, 0) / largest }),
  );
  const spoken = parts.map(([name, value]) => `${name} ${value.toFixed(2)}`).join(", ");
  return element(
    "li",
    { class: `card ${move ? `is-${move.kind}` : ""}`, "data-item": hit.item_id },
    element("span", { class: "rank", "aria-hidden": "true" }, String(index + 1)),
    pictureOf(hit),
    element(
      "div",
      { class: "what" },
      titleOf(hit),
      metaOf(hit, attributes),
      element("div", { class: "bar", "aria-hidden": "true" }, ...bars),
      element("span", { class: "hidden" }, `Score ${hit.score.toFixed(2)}: ${spoken}.`),
      variantsOf(hit, currency),
    ),
    element(
      "div",
      { class: "side" },
      priceOf(hit, currency),
      move && element("span", { class: `move ${move.kind}`, "aria-hidden": "true" }, move.sign),
      move && element("span", { class: "hidden" }, move.spoken),
      why && element("span", { class: "why" }, why),
    ),
  );
}

/** A rule that put it there. */
function ordered({ hits, rules }, _, index) {
  const { item_id: item } = hits[index];
  if (Object.values(rules.pins).includes(item)) return "pinned";
  const boost = rules.boosts[item];
  return boost ? (boost > 0 ? "boosted" : "buried") : null;
}

/**
 * A rule that put it there; that variety put it before better scores; or the objective in which it stands out most.
 * Where a pin stands nobody chose, so pins say nothing about the others.
 */
function reason(answer, parts, index) {
  const byRule = ordered(answer, parts, index);
  if (byRule) return byRule;
  const { hits, rules, weights } = answer;
  const pinned = new Set(Object.values(rules.pins));
  const hit = hits[index];
  const passed = (other) => !pinned.has(other.item_id) && other.score > hit.score + 1e-6;
  if (weights.diversity > 0 && hits.slice(index + 1).some(passed)) return "for variety";
  let most = { name: "", excess: 0 };
  parts[index].forEach(([name, value], number) => {
    const mean = parts.reduce((sum, other) => sum + other[number][1], 0) / parts.length;
    if (value - mean > most.excess) most = { name, excess: value - mean };
  });
  return most.name && `for ${most.name}`;
}

/** Let each card travel from where it stood, so that the eye can follow. */
function glide(cards, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const tops = cards.map((card) => card.getBoundingClientRect().top);
  cards.forEach((card, index) => {
    const from = before.get(card.dataset.item);
    if (from === undefined) {
      if (before.size) card.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 160, easing: "ease-out" });
    } else if (from !== tops[index]) {
      const start = { transform: `translateY(${from - tops[index]}px)` };
      card.animate([start, { transform: "none" }], { duration: 180, easing: "cubic-bezier(.2,.7,.2,1)" });
    }
  });
}
