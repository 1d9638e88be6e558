// What was searched, what was found, what came of it; each row leads to the playground and to what can be done.

import { plane } from "../chart.js";
import { byId, element } from "../element.js";
import { fetchJson } from "../requests.js";
import { money as moneyIn, percent } from "../words.js";
import { facts, open, section, table } from "./page.js";

const LISTS = {
  no_results: "Found nothing, most often",
  no_clicks: "Left without a click, most often",
  trending: "Searched more than before",
  top: "Searched most",
  corrected: "Read as other words",
  revenue: "Earned most",
};
const DAYS = new Map([["1", "the last day"], ["7", "the last week"], ["30", "the last month"], ["all", "all that is kept"]]);
const CHANNELS = new Map([["", "shoppers"], ["agent", "agents"]]);
const DAY_MS = 24 * 3600 * 1000;

const asked = readAddress();
let currency = null;
show();

function readAddress() {
  const sent = new URLSearchParams(location.search);
  const days = sent.get("days") ?? "7";
  const channel = sent.get("channel") ?? "";
  return { days: DAYS.has(days) ? days : "7", channel: CHANNELS.has(channel) ? channel : "", at: sent.get("at") ?? "" };
}

function show() {
  return open(load, draw);
}

async function load() {
  const parameters = (more = {}) => {
    const sent = new URLSearchParams(more);
    if (asked.days !== "all") sent.set("since", new Date(Date.now() - Number(asked.days) * DAY_MS).toISOString().slice(0, 16) + "Z");
    if (asked.channel) sent.set("channel", asked.channel);
    return sent;
  };
  const rows = async (path, more) => {
    const answer = await fetchJson(`/analytics/${path}`, parameters(more));
    currency = answer.currency;
    return answer.rows;
  };
  waiting(null, "");
  const [total] = await rows("overview");
  if (total.searches === 0) return { total };
  const at = asked.at && !Number.isNaN(Date.parse(asked.at)) ? new Date(asked.at).toISOString() : null;
  const parts = {
    ...Object.fromEntries(Object.keys(LISTS).map((of) => [of, () => rows("queries", { of, limit: "10" })])),
    times: () => rows("times", { every: asked.days === "1" ? "hour" : "day" }),
    ranks: () => rows("ranks"),
    categories: () => rows("categories", { limit: "15" }),
    change: async () => (at ? rows("change", { at }).catch((error) => error.message) : null),
  };
  const { times, ranks, categories, change, ...lists } = await answers(parts, (howFar) => waiting(total, howFar));
  return { total, lists, times, ranks, categories, change };
}

/** What some questions are answered, asked at once: the service answers those that wait together as far as that is quick. */
async function answers(questions, says) {
  const named = Object.entries(questions);
  let done = 0;
  const step = () => says(`: ${done++} of ${named.length} parts`);
  step();
  return Object.fromEntries(await Promise.all(named.map(async ([name, ask]) => [name, await ask().finally(step)])));
}

/** What is known already, and that the rest is on its way: a long log takes a while for each part. */
function waiting(total, howFar) {
  const said = element("p", { class: "note", role: "status" }, `Reading the log${howFar}.`);
  byId("view").replaceChildren(...[controls(), total && overview(total), said].filter(Boolean));
}

function draw({ total, lists, times, ranks, categories, change }) {
  if (total.searches === 0) {
    return [controls(), element("p", { class: "nothing" }, `Nothing was searched by ${CHANNELS.get(asked.channel)} in ${DAYS.get(asked.days)}.`)];
  }
  return [
    controls(),
    overview(total),
    ...Object.entries(LISTS).map(([of, title]) => section(title, queries(of, title, lists[of]))),
    element("div", { class: "pair" }, section("Searches over time", overTime(times)), section("What is chosen by rank", byRank(ranks))),
    section("Categories", categoryTable(categories)),
    section("Before and after", changeForm(change)),
    element("p", { class: "note" }, "Rows are of what several people did. Rates are shares of searches; the category is that of the first item shown."),
  ];
}

function controls() {
  const choice = (label, name, options) =>
    element(
      "label",
      {},
      label,
      element(
        "select",
        { onchange: (event) => go({ [name]: event.target.value }) },
        ...Array.from(options, ([value, words]) => element("option", { value, selected: value === asked[name] }, words)),
      ),
    );
  return element("div", { class: "controls" }, choice("Time", "days", DAYS), choice("Searches of", "channel", CHANNELS));
}

function go(changes) {
  Object.assign(asked, changes);
  const sent = new URLSearchParams({ days: asked.days });
  if (asked.channel) sent.set("channel", asked.channel);
  if (asked.at) sent.set("at", asked.at);
  history.replaceState(null, "", `?${sent}`);
  show();
}

const count = (number) => number.toLocaleString("en");
const share = (value) => (value == null ? "" : percent(value));
const money = (value) => (value == null ? "" : moneyIn(value, currency));
const rank = (value) => (value == null ? "" : value.toFixed(1));

function overview(total) {
  return facts([
    ["searches", count(total.searches)],
    ["users", count(total.users)],
    ["clicked", share(total.click_rate)],
    ["bought", share(total.purchase_rate)],
    ["revenue", money(total.revenue)],
    ["rank of the first click", total.clicked_rank == null ? "none" : rank(total.clicked_rank)],
    ["found nothing", share(total.no_result_rate)],
    ["read as other words", count(total.corrected)],
  ]);
}

function queries(of, title, rows) {
  if (rows.length === 0) return element("p", { class: "note" }, "None that several people searched.");
  const own = { no_results: ["found nothing", (row) => count(row.no_results)], no_clicks: ["without a click", (row) => count(row.no_clicks)], corrected: ["read as", (row) => row.corrected_to ?? ""], trending: ["before", (row) => count(row.searches_before)] }[of];
  const measures = of === "trending" ? [] : [["clicked", (row) => share(row.click_rate)], ["bought", (row) => share(row.purchase_rate)], ["revenue", (row) => money(row.revenue)], ["first click", (row) => rank(row.clicked_rank)]];
  const columns = [["searches", (row) => count(row.searches)], ["users", (row) => count(row.users)], ...(own ? [own] : []), ...measures];
  return table(
    title,
    ["query", ...columns.map(([name]) => name), "what can be done"],
    rows.map((row) => [element("a", { class: "value", href: row.playground }, row.query), ...columns.map(([, of]) => of(row)), next(row)]),
  );
}

/** What can be done about a query: a synonym, a rule, a judgment for the next build. */
function next(row) {
  const words = { synonym: ["synonyms", "add a synonym"], rule: ["rules", "make a rule"], judgment: ["queries", "judge its hits"] };
  const ways = row.next.map((way) => {
    const [page, said] = words[way];
    return element("a", { href: `/workbench/${page}?${new URLSearchParams({ for: row.query })}` }, said);
  });
  return element("div", { class: "ways" }, ...ways);
}

function overTime(times) {
  const moments = times.map((row) => ({ ...row, x: Date.parse(row.period) }));
  const day = (ms) => new Date(ms).toLocaleString("en-GB", asked.days === "1" ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" });
  const series = [{ name: "searches", kind: "line", points: moments.map((row) => ({ x: row.x, y: row.searches, words: `${day(row.x)}, ${count(row.searches)}` })) }];
  return element(
    "div",
    {},
    moments.length > 1 ? plane(series, { x: { name: "", format: day }, y: { name: "searches", format: count, zero: true }, label: `Searches over time, ${count(moments[0].searches)} at first, ${count(moments.at(-1).searches)} at last` }) : null,
    table("Searches over time", ["when", "searches", "users", "clicked", "bought", "revenue"], moments.slice(-14).reverse().map((row) => [day(row.x), count(row.searches), count(row.users), share(row.click_rate), share(row.purchase_rate), money(row.revenue)])),
  );
}

function byRank(ranks) {
  const series = ["click_rate", "purchase_rate"].map((name) => ({ name: { click_rate: "clicked", purchase_rate: "bought" }[name], kind: "line", points: ranks.slice(0, 20).map((row) => ({ x: row.rank, y: row[name], words: `rank ${row.rank}, ${percent(row[name])}` })) }));
  return element(
    "div",
    {},
    plane(series, { x: { name: "rank", format: (at) => (Number.isInteger(at) ? String(at) : "") }, y: { name: "share of what was shown there", format: (value) => percent(value, 1), zero: true }, label: `Clicked and bought by rank; at the first rank ${share(ranks[0]?.click_rate)} clicked` }),
    element("p", { class: "note" }, "What stands high is also what is better: how much of this is the place, an experiment says."),
  );
}

function categoryTable(rows) {
  if (rows.length === 0) return element("p", { class: "note" }, "None that several people searched.");
  return table(
    "Categories",
    ["category", "searches", "users", "clicked", "bought", "revenue", "first click"],
    rows.map((row) => [element("a", { class: "value", href: row.playground }, row.category), count(row.searches), count(row.users), share(row.click_rate), share(row.purchase_rate), money(row.revenue), rank(row.clicked_rank)]),
  );
}

function changeForm(change) {
  const input = element("input", { type: "datetime-local", value: asked.at, required: true });
  const form = element(
    "form",
    { class: "controls", onsubmit: (event) => {
      event.preventDefault();
      go({ at: input.value });
    } },
    element("label", {}, "What changed at ", input),
    element("button", { type: "submit" }, "Compare"),
  );
  if (change === null) return form;
  if (typeof change === "string") return element("div", {}, form, element("p", { class: "warning" }, change));
  const rows = change.map((row) => [row.side, count(row.searches), count(row.users), share(row.click_rate), share(row.purchase_rate), money(row.revenue_per_search), rank(row.clicked_rank), share(row.no_result_rate)]);
  const lacking = ["before", "after"].filter((side) => !change.some((row) => row.side === side));
  return element(
    "div",
    {},
    form,
    ...lacking.map((side) => element("p", {}, `Nothing was searched ${side} that moment, of what is looked at.`)),
    table("Before and after", ["", "searches", "users", "clicked", "bought", "revenue a search", "first click", "found nothing"], rows),
    element("p", { class: "note" }, "What differs need not come of the change: weeks differ too. An experiment tells them apart."),
  );
}
