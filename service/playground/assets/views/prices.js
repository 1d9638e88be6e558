// Followed pages: what each costs now, how it got there, and what the last visits said.

import { plane } from "../chart.js";
import { element } from "../element.js";
import { fetchJson } from "../requests.js";
import { entry, facts, moment, nothing, open, table } from "./page.js";

const N_VISITS = 8;

open(load, (pages) => {
  if (pages.length === 0) {
    return nothing(
      "No page is followed yet. The first visit of a page with a price makes it followed.",
      `python -c 'import json; print(json.dumps({"url": "https://shop.example/p/1", "html": open("page.html").read()}))' | curl ${location.origin}/tracked -H "Authorization: Bearer $TRIMTAB_ADMIN_KEY" -d @-`,
    );
  }
  return pages.map((page) => entry(page.url, ...followed(page)));
});

async function load() {
  const pages = await fetchJson("/tracked");
  const history = (page) => fetchJson("/tracked/history", new URLSearchParams({ url: page.url }));
  return Promise.all(pages.map(async (page) => ({ ...page, visits: await history(page) })));
}

const money = (price, currency) => (price == null ? null : `${price}${currency ? ` ${currency}` : ""}`);

function followed({ price, currency, status, pending, n_visits: visits, last_visit: last, visits: history }) {
  const words = status === "available" ? "available" : "unavailable";
  return [
    facts([
      ["price", money(price, currency) ?? "none now"],
      ["state", element("span", { class: status === "available" ? "state-good" : "state-alarm" }, words)],
      ["seen once, not yet believed", pending === "gone" ? "no price" : money(pending, currency)],
      ["visits", visits.toLocaleString("en")],
      ["last visit", moment(last)],
    ]),
    course(history, currency),
    table("Last visits", ["when", "price", "what it was", "said by", "change"], history.slice(-N_VISITS).reverse().map(visitRow)),
  ];
}

function visitRow(visit) {
  const changed = visit.alert ? `from ${money(visit.previous, visit.currency) ?? "no price"}` : "";
  return [moment(visit.timestamp), money(visit.price, visit.currency) ?? "none", visit.role, visit.signals.join(", "), changed];
}

/** The price at each visit that saw one, as steps: it holds until the next visit. */
function course(history, currency) {
  const seen = history.filter((visit) => visit.price != null);
  if (seen.length < 2) return element("p", { class: "note" }, "A second visit begins the course of the price.");
  const points = seen.map((visit) => ({
    x: Date.parse(visit.timestamp),
    y: Number(visit.price),
    words: `${visit.timestamp}: ${money(visit.price, visit.currency)}`,
  }));
  const [first, last] = [seen[0], seen.at(-1)];
  const span = points.at(-1).x - points[0].x;
  return plane([{ name: "price", kind: "steps", points }], {
    x: { name: "visit", format: (when) => dated(when, span) },
    y: { name: currency ?? "price", format: (value) => value.toFixed(2) },
    label: `Price over ${seen.length} visits, from ${money(first.price, first.currency)} to ${money(last.price, last.currency)}`,
  });
}

function dated(when, span) {
  const date = new Date(when);
  const isLong = span > 2 * 24 * 3600 * 1000;
  if (isLong) return date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}
