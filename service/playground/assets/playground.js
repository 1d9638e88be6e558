// The page: one view, the answers to it, and everything that shows them.

import { arranging } from "./arrange.js";
import { byId, element } from "./element.js";
import { Facets, priceFilter, showPrice } from "./facets.js";
import { NOTHING_DRAWN, comparable, drawFrontier, frontOf, kneeOf, pointInWords } from "./frontier.js";
import { heldKey, keyForm } from "./key.js";
import { comparedWith, sentenceOf, showReceipt, verdictOf } from "./receipt.js";
import { Latest, Trouble, fetchJson } from "./requests.js";
import { showCandidate, showControl } from "./slate.js";
import { suggest } from "./suggestions.js";
import { understoodAs } from "./understood.js";
import { addressOf, lossesOf, normalised, only, sameWeights, searchParameters, subjectOf, viewOf, withShare } from "./view.js";
import { change, percent, weightsInWords } from "./words.js";

const DEPTH = 10;
const MOST_VALUES = 200;
const RETRY_SECONDS = 2;
const SPEAK_AFTER_MS = 700;

const { bundle, profiles } = JSON.parse(byId("bundle").textContent);
const NO_LOSSES = lossesOf(() => null, bundle.objectives);
const SHOWN = { ranges: bundle.ranges, attributes: bundle.facets.filter((name) => !["brand", "category"].includes(name)) };
const PURE_NAME = "Pure relevance";
const presets = {
  [PURE_NAME]: { weights: only("relevance", bundle.objectives) },
  "Bundle default": { weights: bundle.default_weights, max_relevance_loss: bundle.default_loss },
};
Object.assign(presets, profiles);

const NO_FRONTIER = { key: null, points: [], framed: null, front: [], drawn: NOTHING_DRAWN };

let view = null;
let control = null; // { key, answer, weights }
let candidate = null; // the answer that is shown, and what was asked for it: the sliders may have moved on
let frontier = NO_FRONTIER;
let subject = null; // what the answers that are shown, or asked for, are about
const troubles = new Map(); // by what failed, so that one part that works does not hide another that does not
const titles = new Map(); // of the items that were shown
let pending = 0;
let retry = null;
let speaking = null;

const candidates = new Latest();
const controls = new Latest();
const frontiers = new Latest();

// --- asking

/** What is known of the slates holds no more, as where a rule was changed. */
function refreshAll() {
  control = null;
  frontier = { ...frontier, key: null };
  if (view.q.trim()) refresh();
}

/** Answers about something else go at once: nothing old stands under a new query, whatever becomes of it. */
function forget() {
  [control, candidate, frontier] = [null, null, NO_FRONTIER];
  for (const id of ["control-slate", "candidate-slate", "changes", "plot", "understood"]) byId(id).replaceChildren();
  for (const id of ["sentence", "verdict", "walk_shown", "looked-at", "outside"]) byId(id).textContent = "";
  for (const name of bundle.objectives) byId(`effective_${name}`).textContent = "";
  byId("verdict").className = "verdict";
  byId("understood").hidden = byId("nothing").hidden = true;
  byId("slates").classList.remove("is-empty");
  byId("walk").disabled = byId("knee").disabled = true;
}

function refresh({ push = false } = {}) {
  const address = addressOf(view, bundle);
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", view.q || location.search ? address : "/");
  if (subject !== subjectOf(view)) {
    if (subject === null || JSON.parse(subject)[0] !== view.q.trim()) facets.clear();
    forget();
    subject = subjectOf(view);
  }
  showControls();
  if (!view.q.trim()) return showNothing("Look for something, move a weight, and see what it buys.", bundle.examples);
  candidates.run(() => attempt("candidate", askCandidate));
  controls.run(() => attempt("control", askControl));
  frontiers.run(() => attempt("frontier", askFrontier));
}

async function attempt(name, ask) {
  pending += 1;
  byId("slates").setAttribute("aria-busy", "true");
  try {
    await ask();
    troubles.delete(name);
  } catch (trouble) {
    if (!(trouble instanceof Trouble)) throw trouble;
    troubles.set(name, trouble);
  } finally {
    pending -= 1;
    if (pending === 0) byId("slates").removeAttribute("aria-busy");
    showTrouble();
  }
}

async function askCandidate() {
  const asked = { weights: normalised(view.weights), losses: view.losses, subject };
  const parameters = searchParameters(view, view.weights);
  parameters.set("k", DEPTH);
  const answer = await fetchJson("/playground/search", parameters);
  if (answer.bundle !== bundle.id) {
    throw new Trouble(`The service now serves bundle ${answer.bundle}. Start afresh to steer by its objectives.`);
  }
  if (asked.subject !== subject) return;
  candidate = { ...answer, asked };
  showSlates();
}

async function askControl() {
  const [about, asked] = [subject, view.control];
  const parameters = searchParameters(view, asked, NO_LOSSES);
  parameters.set("k", DEPTH);
  if (bundle.facets.length > 0) parameters.set("facets", bundle.facets.join(","));
  parameters.set("facet_limit", MOST_VALUES);
  const key = String(parameters);
  if (control?.key === key) return;
  const answer = await fetchJson("/playground/search", parameters);
  if (about !== subject) return;
  control = { key, answer, weights: asked };
  facets.show(answer.facets, answer.facet_details, view.filters);
  showSlates();
}

async function askFrontier() {
  const about = subject;
  const parameters = searchParameters(view, {}, NO_LOSSES);
  parameters.set("k", DEPTH);
  const key = String(parameters);
  if (frontier.key !== key) {
    const answer = await fetchJson("/frontier", parameters);
    if (about !== subject) return;
    frontier = { ...frontier, key, ...comparable(answer) };
  }
  showFrontier();
}

// --- showing

function showControls() {
  const shares = normalised(view.weights);
  for (const name of bundle.objectives) {
    const slider = byId(`w_${name}`);
    if (document.activeElement !== slider || Number(slider.value) !== view.weights[name]) slider.value = view.weights[name];
    byId(`share_${name}`).textContent = percent(shares[name], 0);
    slider.setAttribute("aria-valuetext", `${percent(shares[name], 0)} of the weight`);
  }
  const chosen = nameOf(view.weights);
  for (const button of byId("presets").children) {
    button.setAttribute("aria-pressed", String(button.dataset.preset === chosen));
  }
  for (const [name, loss] of Object.entries(view.losses)) {
    byId(`guarded_${name}`).checked = loss != null;
    byId(`loss_${name}`).disabled = loss == null;
    if (loss != null) showOnSlider(byId(`loss_${name}`), loss);
    byId(`loss_shown_${name}`).textContent = percent(Number(byId(`loss_${name}`).value));
  }
  byId("clear").hidden = view.filters.length === 0;
  if (bundle.has_prices) showPrice(byId("price_low"), byId("price_high"), view.filters);
  for (const box of byId("facets").querySelectorAll("input")) box.checked = view.filters.includes(box.dataset.filter);
  showControlChoice();
  const parameters = searchParameters(view, view.weights);
  byId("curl").textContent = `curl '${location.origin}/search?${String(parameters).replaceAll("'", "%27")}'`;
  if (document.activeElement !== byId("q")) byId("q").value = view.q;
}

// A bundle's default, or a link, may allow more than the slider shows by itself.
function showOnSlider(slider, value) {
  slider.max = Math.max(slider.max, value);
  slider.value = value;
}

function showPresets() {
  const button = ([name, preset]) =>
    element("button", { type: "button", "data-preset": name, "aria-pressed": "false", onclick: () =>
      steer(preset.weights, boundsOf(preset)) }, name);
  byId("presets").replaceChildren(...Object.entries(presets).map(button));
}

/** The bounds that a preset sets, and elsewhere those that hold. */
function boundsOf(preset) {
  const own = Object.entries(lossesOf((name) => preset[name], bundle.objectives)).filter(([, loss]) => loss !== null);
  return { ...view.losses, ...Object.fromEntries(own) };
}

/** What the weights are called, if anything. */
const nameOf = (weights) => Object.keys(presets).find((name) => sameWeights(presets[name].weights, weights));

function showControlChoice() {
  const select = byId("control");
  const names = Object.keys(presets);
  const current = nameOf(view.control);
  const options = names.map((name) => element("option", { value: name }, name));
  if (!current) options.push(element("option", { value: "" }, `Held: ${weightsInWords(normalised(view.control))}`));
  select.replaceChildren(...options);
  select.value = current ?? "";
}

function showUnderstood() {
  const parts = understoodAs(candidate.understood, (changes) => {
    view = { ...view, ...changes };
    refresh({ push: true });
  });
  byId("understood").replaceChildren(...parts);
  byId("understood").hidden = parts.length === 0;
}

function showSlates() {
  if (!candidate || !control) return;
  showUnderstood();
  if (candidate.hits.length === 0) {
    const words = `Nothing matches \u201c${candidate.query}\u201d`;
    return view.filters.length ? showNothing(`${words} with these filters.`, []) : showNothing(`${words}.`, bundle.examples, remedies(candidate.query));
  }
  for (const hit of [...candidate.hits, ...control.answer.hits]) titles.set(hit.item_id, hit.title);
  byId("nothing").hidden = true;
  byId("tradeoffs").hidden = false;
  byId("slates").classList.remove("is-empty");
  const ids = (answer) => answer.hits.map((hit) => hit.item_id);
  arrange.obeyed(candidate);
  showControl(byId("control-slate"), control.answer, ids(candidate), SHOWN);
  showCandidate(byId("candidate-slate"), candidate, ids(control.answer), SHOWN, arrange.decorate);
  const name = nameOf(control.weights);
  const isPure = name === PURE_NAME;
  const receipt = comparedWith(candidate, control.answer);
  const against = isPure ? "pure relevance" : `the control (${name ?? "as held"})`;
  showReceipt(byId("sentence"), byId("changes"), receipt, against, isPure ? { relevance: candidate.asked.losses.relevance } : NO_LOSSES);
  showGuardrail();
  moveMarker();
  speak(`${candidate.hits.length} of ${candidate.n_candidates} candidates. ${sentenceOf(receipt, against)}`);
}

function showGuardrail() {
  const { weights: asked, losses } = candidate.asked;
  const { words, kind } = verdictOf(candidate, asked, losses.relevance);
  byId("verdict").textContent = words;
  byId("verdict").className = `verdict ${kind}`;
  for (const name of bundle.objectives) {
    const moved = Math.abs(asked[name] - candidate.weights[name]) > 0.005;
    byId(`effective_${name}`).textContent = moved ? `used: ${percent(candidate.weights[name], 0)}` : "";
  }
}

function showFrontier() {
  const { points, framed } = frontier;
  frontier.front = frontOf(points, view.axis);
  const isWhole = byId("whole").getAttribute("aria-pressed") === "true";
  frontier.drawn = drawFrontier(byId("plot"), points, { axis: view.axis, framed, loss: view.losses.relevance, isWhole, onChoose: choosePoint, onLook: lookAt });
  lookAt(null);
  const walk = byId("walk");
  walk.max = Math.max(frontier.front.length - 1, 0);
  walk.disabled = frontier.front.length < 2;
  byId("knee").disabled = points.length === 0;
  for (const button of byId("axes").children) button.setAttribute("aria-pressed", String(button.dataset.axis === view.axis));
  showWalk();
  moveMarker();
}

function lookAt(point) {
  const knee = kneeOf(frontier.front, view.axis);
  byId("looked-at").textContent = point ? pointInWords(point) : knee ? `The knee. ${pointInWords(knee)}` : "";
}

function showWalk() {
  const chosen = frontier.front.findIndex((point) => sameWeights(point.weights, view.weights));
  const walk = byId("walk");
  if (chosen >= 0) walk.value = chosen;
  const words = chosen < 0 ? "not on a dot" : changesInWords(frontier.front[chosen]);
  byId("walk_shown").textContent = words;
  walk.setAttribute("aria-valuetext", words);
}

function changesInWords(point) {
  return ["relevance", view.axis].map((name) => `${name} ${change(point.change[name])}`).join(", ");
}

function moveMarker() {
  const changes = candidate?.hits.length && frontier.framed
    ? Object.fromEntries(Object.entries(candidate.receipt).map(([name, line]) => [name, frontier.framed(name, line.change)]))
    : null;
  const isInside = frontier.drawn.move(changes);
  const { outside } = frontier.drawn;
  const words = outside ? [`${outside} of ${frontier.points.length} slates lie below the drawing.`] : [];
  if (!isInside) words.push(`The one that is shown lies outside of it: relevance ${change(changes.relevance)}, ${view.axis} ${change(changes[view.axis])}.`);
  byId("outside").textContent = words.join(" ");
}

/** What can be done about a query that finds nothing. */
function remedies(query) {
  const link = (page, words) => element("a", { href: `/workbench/${page}?${new URLSearchParams({ for: query })}` }, words);
  return [element("p", { class: "ways" }, link("synonyms", "add a synonym"), " ", link("rules", "make a rule"))];
}

function showNothing(words, examples, ways = []) {
  byId("slates").classList.add("is-empty");
  const links = examples.map((text) => element("button", { type: "button", onclick: () => lookFor(text) }, text));
  const offered = links.length ? [element("p", { class: "note" }, "What this shop has:"), element("div", { class: "examples" }, ...links)] : [];
  byId("nothing").replaceChildren(element("p", {}, words), ...ways, ...offered);
  byId("nothing").hidden = false;
  for (const id of ["control-slate", "candidate-slate", "changes"]) byId(id).replaceChildren();
  byId("verdict").textContent = "";
  byId("tradeoffs").hidden = true;
  speak(words);
}

function showTrouble() {
  clearTimeout(retry);
  const [trouble] = troubles.values();
  const box = byId("trouble");
  box.hidden = trouble === undefined;
  if (trouble === undefined || box.dataset.words === trouble.message) return planRetry(trouble);
  const key = trouble.needsKey && keyForm("Key", useKey);
  const again = element("button", { type: "button", onclick: () => refresh() }, "Try again");
  const afresh = element("button", { type: "button", onclick: () => location.assign("/") }, "Start afresh");
  box.replaceChildren(element("p", {}, trouble.message), key || (trouble.mayPass ? again : afresh));
  box.dataset.words = trouble.message;
  planRetry(trouble);
}

function planRetry(trouble) {
  if (trouble?.mayPass) retry = setTimeout(refresh, RETRY_SECONDS * 1000);
}

/** Read out what changed, once the slider rests. */
function speak(words) {
  clearTimeout(speaking);
  speaking = setTimeout(() => (byId("status").textContent = words), SPEAK_AFTER_MS);
}

// --- acting

function steer(weights, losses = view.losses) {
  view = { ...view, weights: normalised({ ...only("", bundle.objectives), ...weights }), losses };
  refresh();
  showWalk();
}

function choosePoint(point) {
  steer(point.weights);
}

function lookFor(text) {
  troubles.clear();
  byId("q").value = text;
  view = { ...view, q: text.trim(), exact: false };
  refresh({ push: true });
  arrange.refresh();
}

/** A page is opened without a key; what only a key shows is asked for once there is one. */
async function useKey() {
  refreshAll();
  if (heldKey()) await askProfiles();
}

async function askProfiles() {
  // A key that may only search is not shown the profiles.
  Object.assign(presets, await fetchJson("/profiles").catch(() => ({})));
  showPresets();
  showControls();
  showSlates();
}

function filterBy(filters) {
  view = { ...view, filters };
  refresh();
}

function changePrice() {
  const others = view.filters.filter((one) => !one.startsWith("price:"));
  const price = priceFilter(byId("price_low"), byId("price_high"));
  filterBy(price ? [...others, price] : others);
}

async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = words;
  } catch {
    byId("copied").textContent = "The browser does not let the page copy; select the text below.";
  }
}

// --- wiring

const facets = new Facets(byId("facets"), filterBy);
const arrange = arranging({
  panel: byId("arrange"),
  toggle: byId("arrange-toggle"),
  query: () => view.q,
  titleOf: (itemId) => titles.get(itemId) ?? `#${itemId}`,
  onKey: useKey,
  onChange: refreshAll,
  speak: (words) => (byId("arranged").textContent = words),
});

for (const name of bundle.objectives) {
  byId(`w_${name}`).addEventListener("input", (event) => steer(withShare(view.weights, name, Number(event.target.value))));
  const bound = (isOn) => steer(view.weights, { ...view.losses, [name]: isOn ? Number(byId(`loss_${name}`).value) : null });
  byId(`guarded_${name}`).addEventListener("change", (event) => bound(event.target.checked));
  byId(`loss_${name}`).addEventListener("input", () => bound(true));
}
showPresets();
byId("axes").append(
  ...bundle.objectives.slice(1).map((name) =>
    element("button", { type: "button", "data-axis": name, "aria-pressed": "false", onclick: () => {
      view = { ...view, axis: name };
      refresh();
    } }, name),
  ),
);
byId("axes").hidden = bundle.objectives.length < 3;
byId("clear").addEventListener("click", () => filterBy([]));
byId("price_low")?.addEventListener("change", changePrice);
byId("price_high")?.addEventListener("change", changePrice);
byId("control").addEventListener("change", (event) => {
  const preset = presets[event.target.value];
  if (preset) view = { ...view, control: { ...only("", bundle.objectives), ...preset.weights } };
  refresh();
});
byId("hold").addEventListener("click", () => {
  if (!candidate) return;
  view = { ...view, control: { ...candidate.weights } };
  refresh();
});
byId("walk").addEventListener("input", (event) => choosePoint(frontier.front[Number(event.target.value)]));
byId("whole").addEventListener("click", (event) => {
  const isWhole = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(isWhole));
  showFrontier();
});
byId("knee").addEventListener("click", () => choosePoint(kneeOf(frontier.front, view.axis)));
byId("copy-link").addEventListener("click", () => copy(location.href, "Link copied."));
byId("copy-curl").addEventListener("click", () => copy(byId("curl").textContent, "Command copied."));
const closeSuggestions = suggest(byId("q"), byId("suggestions"), () => lookFor(byId("q").value));
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  closeSuggestions();
  lookFor(byId("q").value);
});
addEventListener("popstate", openAddress);
openAddress();
if (heldKey()) askProfiles();

/** Show what the address asks for. */
function openAddress() {
  const asked = viewOf(location.search, bundle);
  view = asked.view;
  troubles.clear();
  if (asked.unknown.length) {
    const names = asked.unknown.join(", ");
    troubles.set("link", new Trouble(`This link steers by ${names}, which this bundle does not have; it was left out.`));
  }
  byId("q").value = view.q;
  refresh();
  arrange.refresh();
  showTrouble();
}
