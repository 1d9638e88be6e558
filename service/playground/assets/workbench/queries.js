// Query sets: uploaded or taken from the log; looked at in two ways at once; judged.

import { element } from "../element.js";
import { ending, form, labelled, linesOf, nameField } from "../forms.js";
import { fetchJson, fetchText, send } from "../requests.js";
import { moment, section, table } from "../views/page.js";
import { bench, lookOnly } from "./bench.js";
import { comparing } from "./comparing.js";
import { judging } from "./judging.js";

const asked = new URLSearchParams(location.search);
const chosen = asked.get("set");
const RELEASE_MS = 10_000; // The browser has begun to save by then.

bench(chosen ? loadOne : loadAll, chosen ? drawOne : drawAll);

async function loadAll() {
  return fetchJson("/query-sets");
}

function drawAll(sets, look) {
  const names = Object.keys(sets);
  const mayChange = look.may("merchandise");
  return [
    names.length > 0
      ? section("Query sets", table("Query sets", ["name", "queries", "judged", "by", "note", ""], names.map((name) => row(name, sets[name], look, mayChange))))
      : element("p", { class: "nothing" }, "There is no query set yet. Queries that matter, kept together, show what a change of weights, words or bundles does to all of them at once."),
    ...(mayChange ? [section("From the log", sampleForm()), section("By hand", uploadForm())] : [lookOnly("To make one, log in as a merchandiser.")]),
  ];
}

function row(name, set, look, mayChange) {
  const end = async () => {
    await send("DELETE", `/query-sets/${name}`);
    await look.again(`${name} and its judgments are deleted.`);
  };
  return [element("a", { class: "value", href: addressOf(name) }, name), String(set.n_queries), String(set.n_judged), element("span", {}, set.author, " ", moment(set.at)), element("span", { class: "value" }, set.note), mayChange && ending("delete", "Delete it", end, `Delete ${name}`)];
}

const addressOf = (name) => `/workbench/queries?${new URLSearchParams({ set: name })}`;

function sampleForm() {
  const name = nameField();
  const n = element("input", { type: "number", min: "1", max: "1000", step: "1", value: "200", required: true });
  return form("A set from the log", [labelled("Name", name), labelled("How many queries", n, "Each with a chance in proportion to its searches; none of a few people.")], "Take them", async () => {
    await send("POST", `/query-sets/${name.value}/sample`, { n: Number(n.value) });
    location.assign(addressOf(name.value));
  });
}

function uploadForm() {
  const name = nameField();
  const queries = element("textarea", { rows: "6", required: true }, asked.get("for") ?? "");
  const file = element("input", { type: "file", accept: ".txt,.csv,text/plain,text/csv" });
  file.addEventListener("change", async () => {
    if (file.files[0]) queries.value = await file.files[0].text();
  });
  return form("A set by hand", [labelled("Name", name), labelled("Queries, one a line", queries), labelled("or a file of them", file)], "Keep them", async () => {
    await send("PUT", `/query-sets/${name.value}`, { queries: linesOf(queries.value) });
    location.assign(addressOf(name.value));
  });
}

async function loadOne(look) {
  const path = `/query-sets/${encodeURIComponent(chosen)}`;
  const [set, judgments, mine, profiles, drafts, bundles] = await Promise.all([
    fetchJson(path),
    fetchJson(`${path}/judgments`),
    look.may("merchandise") ? fetchJson(`${path}/judgments/mine`) : null,
    fetchJson("/profiles"),
    fetchJson("/drafts"),
    fetchJson("/bundles"),
  ]);
  const loaded = Object.entries(bundles.bundles).filter(([, bundle]) => bundle.loaded);
  return { set, judgments, mine, profiles: Object.keys(profiles), drafts, bundles: loaded.map(([name]) => name), serving: bundles.plan.active };
}

function drawOne(data, look) {
  const { set, judgments } = data;
  const ways = { before: {}, after: {} };
  const judged = new Set(Object.values(judgments.judges).flatMap((queries) => Object.keys(queries)));
  return [
    element("p", {}, element("a", { href: "/workbench/queries" }, "All query sets")),
    element("h2", { class: "named" }, chosen),
    element("p", { class: "meta" }, `${set.queries.length} queries, ${judged.size} judged; by ${set.author}, `, moment(set.at), set.note && `: ${set.note}`),
    section("Compare", comparing(chosen, data, ways)),
    section("Judge", look.may("merchandise") ? judging(chosen, data, ways) : lookOnly("To judge, log in as a merchandiser.")),
    section("Judges", judges(judgments)),
  ];
}

function judges({ judges: said, agreements }) {
  const names = Object.keys(said);
  if (names.length === 0) return element("p", { class: "note" }, "Nobody has judged yet.");
  const number = (value) => (value == null ? "" : value.toFixed(2));
  return element(
    "div",
    { class: "part" },
    table("Judges", ["judge", "queries", "items"], names.map((name) => [name, String(Object.keys(said[name]).length), String(Object.values(said[name]).reduce((sum, grades) => sum + Object.keys(grades).length, 0))])),
    agreements.length > 0 && table("Agreement", ["between", "both judged", "same grade", "kappa"], agreements.map((one) => [`${one.one} and ${one.other}`, String(one.n), number(one.same), number(one.kappa)])),
    element("p", { class: "note" }, "Kappa is Cohen's with quadratic weights: 1 is full agreement, 0 is that of chance."),
    element("p", {}, element("button", { type: "button", onclick: download }, "Download the judgments"), element("span", { class: "note" }, " One grade for each query and item, the mean of the judges': the file of trimtab build --judgments.")),
  );
}

/** The file of judgments, asked for by the key or the session; a link would send no key. */
async function download() {
  const text = await fetchText(`/query-sets/${encodeURIComponent(chosen)}/judgments.csv`);
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: address, download: `${chosen}.judgments.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), RELEASE_MS);
}
