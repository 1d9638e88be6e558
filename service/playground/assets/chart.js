// Charts as elements: intervals as rows that fold with the page, and planes with two axes.

import { element, svg } from "./element.js";

const WIDTH = 360;
const HEIGHT = 230;
const EDGE = { left: 50, right: 14, top: 24, bottom: 36 };
const STEPS = [1, 2, 5, 10];

/** Round numbers from low to high, about as many as asked for. */
function ticksOf(low, high, most = 5) {
  const rough = (high - low || 1) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * STEPS.find((one) => power * one >= rough);
  const ticks = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick);
  return ticks;
}

/**
 * Values with their intervals, one a row, on one scale around 0.
 * @param rows { name, value, low, high, words, isBetterLow }; a value may be missing, which the words must say.
 */
export function intervals(rows, label) {
  const ends = rows.flatMap((row) => [row.low, row.high, row.value]).filter((value) => value != null);
  const reach = Math.max(...ends.map(Math.abs), 1e-9) * 1.05;
  const at = (value) => 0.5 + value / (2 * reach);
  return element("ul", { class: "intervals", "aria-label": label }, ...rows.map((row) => intervalRow(row, at)));
}

function intervalRow({ name, value, low, high, words, isBetterLow = false }, at) {
  const isKnown = value != null;
  const [from, to] = [low ?? value, high ?? value];
  const isSure = isKnown && low != null && (low > 0 || high < 0);
  const kind = !isSure ? "open" : value > 0 !== isBetterLow ? "good" : "bad";
  const bar = isKnown && [
    element("span", { class: "span", "--from": at(from), "--to": at(to) }),
    element("span", { class: "mean", "--at": at(value) }),
  ];
  return element(
    "li",
    { class: `interval is-${kind}` },
    element("span", { class: "name" }, name),
    element("span", { class: "lane", "aria-hidden": "true" }, ...(bar || [])),
    element("span", { class: "words" }, words),
  );
}

/**
 * A plane with one or more series.
 * @param series { name, kind, points }, kind one of line, steps, band, dots, crosses; points have x and y, bands and
 *   crosses low and high (of y), crosses left and right (of x).
 * @param label what the chart shows, for those who do not see it.
 */
export function plane(series, { x, y, label, diagonal = false, zero = false }) {
  const all = series.flatMap((one) => one.points);
  if (all.length === 0) return element("p", { class: "note" }, "There is nothing to draw yet.");
  const across = scale(all.flatMap((p) => [p.x, p.left ?? p.x, p.right ?? p.x]), EDGE.left, WIDTH - EDGE.right, x.zero);
  const up = scale([...all.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]), ...(zero ? [0] : [])], HEIGHT - EDGE.bottom, EDGE.top, y.zero);
  const ends = [Math.max(across.low, up.low), Math.min(across.high, up.high)];
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    ...up.ticks.map((tick) => line("rule", EDGE.left, up.at(tick), WIDTH - EDGE.right, up.at(tick))),
    ...distinct(up.ticks, y.format).map(([tick, words]) => text(EDGE.left - 6, up.at(tick) + 3.5, words, "end")),
    ...distinct(across.ticks, x.format).map(([tick, words]) => text(across.at(tick), HEIGHT - EDGE.bottom + 15, words, "middle")),
    text(WIDTH - EDGE.right, HEIGHT - 4, x.name, "end", "axis"),
    text(EDGE.left, 12, y.name, "start", "axis"),
    zero && line("zero", EDGE.left, up.at(0), WIDTH - EDGE.right, up.at(0)),
    diagonal && line("diagonal", across.at(ends[0]), up.at(ends[0]), across.at(ends[1]), up.at(ends[1])),
    ...series.flatMap((one, index) => drawn(one, index, across, up)),
  );
  return element("figure", { class: "chart" }, picture, series.length > 1 && legend(series));
}

/** Ticks with their words, without those that would say the same again. */
function distinct(ticks, format) {
  return ticks.map((tick) => [tick, format(tick)]).filter(([, words], index, all) => index === 0 || words !== all[index - 1][1]);
}

function drawn(one, index, x, y) {
  const { name, kind, points } = one;
  const series = colourOf(one, index);
  const at = (point) => `${x.at(point.x).toFixed(1)} ${y.at(point.y).toFixed(1)}`;
  const dots = () => points.map((point) => svg("circle", { class: `point ${series}`, cx: x.at(point.x), cy: y.at(point.y), r: point.r ?? 3.5 }, svg("title", {}, `${name}: ${point.words ?? ""}`)));
  if (kind === "dots") return dots();
  if (kind === "crosses") {
    const arms = points.flatMap((p) => [
      line(`arm ${series}`, x.at(p.left), y.at(p.y), x.at(p.right), y.at(p.y)),
      line(`arm ${series}`, x.at(p.x), y.at(p.low), x.at(p.x), y.at(p.high)),
    ]);
    return [...arms, ...dots()];
  }
  const path = points.map((point, number) => {
    if (number === 0) return `M${at(point)}`;
    return kind === "steps" ? `H${x.at(point.x).toFixed(1)}V${y.at(point.y).toFixed(1)}` : `L${at(point)}`;
  });
  const parts = [svg("path", { class: `stroke ${series}`, d: path.join("") })];
  if (kind === "band") {
    const edge = (point, value) => `${x.at(point.x).toFixed(1)} ${y.at(value).toFixed(1)}`;
    const outline = [...points.map((p) => edge(p, p.high)), ...points.toReversed().map((p) => edge(p, p.low))];
    parts.unshift(svg("path", { class: `area ${series}`, d: `M${outline.join("L")}Z` }));
  }
  return points.length < 40 ? [...parts, ...dots()] : parts;
}

/** The colour of a series: by its place, or by its `tone`, of which one below 0 stays in the background. */
function colourOf({ tone }, index) {
  const number = tone ?? index;
  return number < 0 ? "series-quiet" : `series-${number % 5}`;
}

function legend(series) {
  const entry = (one, index) => element("li", { class: colourOf(one, index) }, element("span", { class: "swatch", "aria-hidden": "true" }), one.name);
  return element("ul", { class: "legend" }, ...series.map(entry));
}

function scale(values, start, end, fromZero = false) {
  const [least, most] = [fromZero ? Math.min(0, ...values) : Math.min(...values), Math.max(...values)];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  const [low, high] = [fromZero ? least : least - room, most + room];
  return { low, high, ticks: ticksOf(low, high), at: (value) => start + ((value - low) / (high - low)) * (end - start) };
}

const line = (kind, x1, y1, x2, y2) => svg("line", { class: kind, x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1) });
const text = (x, y, words, anchor, kind = "tick") => svg("text", { class: kind, x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor }, words);
