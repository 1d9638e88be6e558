// The trade-offs of a query as a plot: relevance across, another objective up, in per cent of the pure-relevance slate.

import { element, svg } from "./element.js";
import { objectiveClass } from "./objectives.js";
import { capitalised, change, weightsInWords } from "./words.js";

const WIDTH = 340;
const HEIGHT = 280;
const MARGIN = 0.35; // Of the front's span: what lies farther below it is drawn on demand.
const EDGE = { left: 46, right: 12, top: 24, bottom: 36 };

export const NOTHING_DRAWN = { outside: 0, move: () => true };

/**
 * Changes of every point against the slate of pure relevance, which is one of the points; and `framed`, by which a
 * change against the most relevant slate without rules, as receipts and limits have it, becomes one against that point.
 */
export function comparable({ points, baseline }) {
  if (points.length === 0) return { points, framed: (_, value) => value };
  const pure = points.find((point) => point.weights.relevance === 1).expected;
  const against = (name, value) => (pure[name] ? (value - pure[name]) / Math.abs(pure[name]) : 0);
  const changes = (expected) => Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, against(name, value)]));
  return {
    points: points.map((point) => ({ ...point, change: changes(point.expected) })),
    framed: (name, value) => against(name, baseline[name] + (value ?? 0) * Math.abs(baseline[name])),
  };
}

/** The upper right edge of the cloud, from most to least relevant. */
export function frontOf(points, axis) {
  const ordered = [...points].sort((a, b) => b.change.relevance - a.change.relevance || b.change[axis] - a.change[axis]);
  let best = -Infinity;
  return ordered.filter((point) => {
    const better = point.change[axis] > best + 1e-9;
    if (better) best = point.change[axis];
    return better;
  });
}

/**
 * The point of the drawn front that bulges out farthest: both axes scaled to 0..1 over the front, the largest sum
 * (Das 1999). The knee among all objectives may lie off the front that two of them show.
 */
export function kneeOf(front, axis) {
  if (front.length === 0) return null;
  const scaled = ["relevance", axis].map((name) => {
    const values = front.map((point) => point.change[name]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return values.map((value) => (high > low ? (value - low) / (high - low) : 0));
  });
  const sums = front.map((_, index) => scaled[0][index] + scaled[1][index]);
  return front[sums.indexOf(Math.max(...sums))];
}

/**
 * Draws the points near the front, or all of them.
 * @param options.framed see `comparable`.
 * @param options.onLook is given the point that is looked at, by pointer or by keyboard, or null.
 * @returns how many points lie `outside` of the drawing, and `move`, which moves the marker of the slate that is shown
 *   and says whether it lies inside.
 */
export function drawFrontier(box, points, { axis, framed, loss, isWhole, onChoose, onLook }) {
  if (points.length === 0) {
    box.replaceChildren(element("p", { class: "note" }, "No item matches, so there is nothing to trade."));
    return NOTHING_DRAWN;
  }
  const front = frontOf(points, axis);
  const knee = kneeOf(front, axis);
  const shown = isWhole ? points : front;
  const margin = isWhole ? 0 : MARGIN;
  const x = scale(shown.map((point) => point.change.relevance), EDGE.left, WIDTH - EDGE.right, margin);
  const y = scale(shown.map((point) => point.change[axis]), HEIGHT - EDGE.bottom, EDGE.top, margin);
  const at = (point) => [x.at(point.change.relevance), y.at(point.change[axis])];
  const third = Object.keys(points[0].change).find((name) => name !== "relevance" && name !== axis);
  const size = sizes(points, third);
  const path = front.map((point, index) => `${index ? "L" : "M"}${at(point).map((value) => value.toFixed(1)).join(" ")}`);
  const inside = points.filter((point) => x.holds(point.change.relevance) && y.holds(point.change[axis]));
  const dots = inside.map((point) => dot(point, at(point), size(point), front.indexOf(point), { onChoose, onLook }));
  const onFront = front.map((point) => dots[inside.indexOf(point)]);
  onFront.forEach((one, index) => one.addEventListener("keydown", (event) => moveFocus(event, onFront, index)));
  const here = svg("g", { class: "here", visibility: "hidden" }, svg("circle", { r: 8 }), svg("circle", { r: 3 }));
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": spoken(front, axis, knee) },
    loss != null && forbidden(x, framed("relevance", -loss)),
    ...x.ticks.map((tick) => label(x.at(tick), HEIGHT - EDGE.bottom + 15, tickText(tick), "middle")),
    ...y.ticks.map((tick) => rule(y.at(tick))),
    ...y.ticks.map((tick) => label(EDGE.left - 6, y.at(tick) + 3.5, tickText(tick), "end")),
    label(WIDTH - EDGE.right, HEIGHT - 3, "relevance", "end", `axis ${objectiveClass("relevance")}`),
    label(EDGE.left, 12, axis, "start", `axis ${objectiveClass(axis)}`),
    svg("path", { class: "front", d: path.join("") }),
    ...dots.filter((one) => !onFront.includes(one)),
    ...onFront, // after the others, in the order in which the keyboard walks
    kneeMark(at(knee)),
    here,
  );
  box.replaceChildren(picture);
  const move = (change) => {
    const isInside = change !== null && x.holds(change.relevance) && y.holds(change[axis]);
    here.setAttribute("visibility", isInside ? "visible" : "hidden");
    if (isInside) here.style.transform = `translate(${at({ change }).map((value) => `${value}px`).join(", ")})`;
    return isInside || change === null;
  };
  return { outside: points.length - inside.length, move };
}

/** A point's weights and what they bring against pure relevance. */
export function pointInWords(point) {
  const outcome = Object.entries(point.change).map(([name, value]) => `${name} ${change(value)}`).join(", ");
  return `${capitalised(weightsInWords(point.weights))}: ${outcome}.`;
}

/** The arrow keys go along the front, which is one stop of the tabulator. */
function moveFocus(event, dots, index) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const next = dots[index + step];
  if (next === undefined) return;
  event.preventDefault();
  dots[index].setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}

/** Radius by the objective that has no axis. */
function sizes(points, third) {
  if (third === undefined) return () => 3.5;
  const values = points.map((point) => point.change[third]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return (point) => 2.8 + (3.2 * (point.change[third] - low)) / (high - low || 1);
}

/** @param place on the front, from the most relevant; -1 for a point behind it, which only a pointer reaches. */
function dot(point, [cx, cy], radius, place, { onChoose, onLook }) {
  const at = { cx: cx.toFixed(1), cy: cy.toFixed(1), r: radius.toFixed(1) };
  const look = () => onLook(point);
  const away = () => onLook(null);
  const acts = { onclick: () => onChoose(point), onmouseenter: look, onmouseleave: away, onfocus: look, onblur: away };
  if (place < 0) return svg("circle", { class: "dot", "aria-hidden": "true", ...at, ...acts });
  const choose = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    onChoose(point);
  };
  const named = { role: "button", "aria-label": pointInWords(point), tabindex: place === 0 ? 0 : -1, onkeydown: choose };
  return svg("circle", { class: "dot on-front", ...at, ...acts, ...named });
}

/** The word stands above and to the right, where no point can lie that is beaten by none. */
function kneeMark([cx, cy]) {
  return svg(
    "g",
    { class: "knee" },
    svg("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: 7 }),
    svg("text", { x: Math.min(cx + 7, WIDTH - 30).toFixed(1), y: (cy - 9).toFixed(1) }, "knee"),
  );
}

function forbidden(x, least) {
  const edge = Math.min(Math.max(x.at(least), EDGE.left), WIDTH - EDGE.right);
  return svg(
    "g",
    { class: "forbidden" },
    svg("rect", { x: EDGE.left, y: EDGE.top, width: (edge - EDGE.left).toFixed(1), height: HEIGHT - EDGE.top - EDGE.bottom }),
    svg("line", { x1: edge, x2: edge, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }),
  );
}

function rule(y) {
  return svg("line", { class: "rule", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y.toFixed(1), y2: y.toFixed(1) });
}

function label(x, y, text, anchor, kind = "tick") {
  return svg("text", { class: kind, x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor }, text);
}

function tickText(share) {
  const whole = Math.round(share * 100);
  return whole === 0 ? "0" : `${whole > 0 ? "+" : "\u2212"}${Math.abs(whole)}\u202f%`;
}

/** A linear scale over the values, with a few round ticks. */
function scale(values, start, end, margin) {
  const [least, most] = [Math.min(...values, 0), Math.max(...values, 0)];
  const high = Math.max(most, least + 0.01);
  const low = least - margin * (high - least);
  const span = high - low;
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((one) => span / one <= 5) ?? span;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + 1e-9; tick += step) ticks.push(tick);
  const [lowest, highest] = [low - span * 0.04, high + span * 0.04];
  const at = (value) => start + ((value - lowest) / (highest - lowest)) * (end - start);
  return {
    ticks,
    at,
    holds: (value) => value >= lowest && value <= highest,
  };
}

function spoken(front, axis, knee) {
  const last = front[front.length - 1];
  const ends = `The front goes from relevance ${change(front[0].change.relevance)}, ${axis} ${change(front[0].change[axis])} `;
  const other = `to relevance ${change(last.change.relevance)}, ${axis} ${change(last.change[axis])}.`;
  const bend = ` The knee is at relevance ${change(knee.change.relevance)}, ${axis} ${change(knee.change[axis])}.`;
  return ends + other + bend;
}
