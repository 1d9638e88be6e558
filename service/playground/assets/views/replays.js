// The reports of replays that are there.

import { element } from "../element.js";
import { fetchJson } from "../requests.js";
import { moment, nothing, open } from "./page.js";

open(() => fetchJson("/replays"), (replays) => {
  const names = Object.keys(replays);
  if (names.length === 0) {
    return nothing(
      "No replay has been reported yet. A replay says what other weights would have done on the log of this service, of the searches in which it explored.",
      "trimtab serve BUNDLE --explore 1%",
      "trimtab replay data --bundle BUNDLE --policy bold=w_relevance:0.6,w_revenue:0.4 --out data/reports/bold",
    );
  }
  return element("ul", { class: "reports" }, ...names.map((name) => line(name, replays[name])));
});

function line(name, replay) {
  const address = `/views/replays/${encodeURIComponent(name)}`;
  const size = replay.n_replayed == null ? null : `${replay.n_replayed.toLocaleString("en")} impressions`;
  const warned = replay.n_warnings ? element("span", { class: "warned" }, `${replay.n_warnings} warning${replay.n_warnings > 1 ? "s" : ""}`) : null;
  return element(
    "li",
    {},
    element("h2", { class: "named" }, replay.problem ? name : element("a", { href: address }, name)),
    element("p", { class: "meta" }, moment(replay.written), ...[size, replay.bundle && `bundle ${replay.bundle}`, replay.policies.join(", ")].filter(Boolean).map((words) => ` · ${words}`), warned && " · ", warned),
    replay.problem && element("p", { class: "meta" }, replay.problem),
    ...replay.verdicts.slice(0, 3).map((verdict) => element("p", { class: "verdict-line" }, verdict)),
  );
}
