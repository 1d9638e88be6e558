// What profiles, rules, synonyms and experiments have in common: the list of what is live, drafts, a preview on real queries, history, undo.

import { compared, sideBySide } from "../compare.js";
import { element } from "../element.js";
import { action, labelled, linesOf } from "../forms.js";
import { Trouble, fetchJson, send } from "../requests.js";
import { moment, section, table } from "../views/page.js";
import { capitalised, changedInWords } from "../words.js";
import { bench, lookOnly } from "./bench.js";

const FROM_LOG = 20;

/**
 * A page of one kind of definition.
 * @param kind `profiles`, `rules`, `synonyms` or `experiments`; `one` is the word for one of them, `scope` of who may change them.
 * @param describe gives the words for a definition, a text or several parts; `queries` the queries that it speaks of.
 * @param form gives the form for one, from a definition, its name, `save(name, definition, note)` and what `more` loads,
 * given what is live.
 * @param views gives what both sides of a preview have, from the draft; `sides` what they are called.
 * @param publish the words for what makes a draft live, and for what is then said of it.
 * @param showLive shows what is live, given that, what `more` loaded, what the page may, and what changes a definition.
 */
export function definitionsPage({ kind, one, describe, queries, form, scope = "merchandise", more = () => null, views = () => [{}, {}], sides = ["Now", "With this draft"], publish = ["Publish", "is live"], showLive = null }) {
  const asked = new URLSearchParams(location.search).get("for");
  let edited = { name: "", definition: null, query: asked ?? "" };

  const parts = (definition) => [describe(definition)].flat();

  bench(load, draw);

  async function load() {
    const [live, drafts, changes] = await Promise.all([fetchJson(`/${kind}`), fetchJson("/drafts"), fetchJson("/changes", new URLSearchParams({ kind: one }))]);
    return { live, drafts: drafts.filter((draft) => draft.kind === kind), changes, extra: await more(live) };
  }

  function draw({ live, drafts, changes, extra }, look) {
    const mayChange = look.may(scope);
    const edit = async (name, definition) => {
      edited = { name, definition, query: "" };
      await look.again();
      document.querySelector("#edit textarea, #edit input, #edit select")?.focus();
    };
    const save = async (name, definition, note) => {
      await send("PUT", `/drafts/${kind}/${encodeURIComponent(name)}`, { definition, note });
      edited = { name: "", definition: null, query: "" };
      await look.again(`The draft ${name} is saved. Nothing that shoppers see has changed yet.`);
    };
    const end = (name) => save(name, null, "");
    return [
      ...(showLive?.(live, extra, look, mayChange && edit) ?? []),
      drafts.length > 0 && section("Drafts", ...drafts.map((draft) => draftEntry(draft, look, mayChange, edit))),
      mayChange
        ? element("div", { id: "edit" }, section(edited.name ? `Change ${edited.name}` : `Draft ${withArticle(one)}`, form(edited, save, extra)))
        : lookOnly(`To draft ${kind}, log in as ${scope === "admin" ? "an admin" : "a merchandiser"}.`),
      !showLive && section(capitalised(`Published ${kind}`), liveTable(live, changes, mayChange, { edit, end })),
      section("History", history(live, changes, look, mayChange)),
    ];
  }

  function liveTable(live, changes, mayChange, { edit, end }) {
    const names = Object.keys(live);
    if (names.length === 0) return element("p", { class: "note" }, `There are no ${kind} yet.`);
    const last = (name) => changes.find((change) => change.name === name);
    return stacked(
      `Live ${kind}`,
      ["name", "what it says", "when", "by", ""],
      names.map((name) => [
        name,
        element("span", { class: "value" }, ...parts(live[name]), live[name].note ? element("span", { class: "meta" }, ` (${live[name].note})`) : ""),
        when(live[name]),
        last(name) ? element("span", {}, last(name).author, " ", moment(last(name).at)) : "",
        mayChange && element("div", { class: "ways" }, link("change", name, () => edit(name, live[name])), link("draft its end", name, () => end(name))),
      ]),
    );
  }

  function draftEntry(draft, look, mayChange, edit) {
    const said = element("p", { class: "said", role: "status" });
    const shown = element("div", { class: "part" });
    const words = draft.definition === null ? ["It shall be no more: ", ...parts(draft.before ?? {})] : parts(draft.definition);
    const goLive = async () => {
      await send("POST", `/drafts/${kind}/${encodeURIComponent(draft.name)}/publish`);
      const [query] = queries(draft.definition ?? draft.before ?? {});
      await look.again(...published(draft, publish[1], query));
    };
    const discard = async () => {
      await send("DELETE", `/drafts/${kind}/${encodeURIComponent(draft.name)}`);
      await look.again(`The draft ${draft.name} is discarded.`);
    };
    return element(
      "article",
      { class: "draft", "aria-label": `Draft ${draft.name}` },
      element("h3", {}, draft.name),
      element("p", { class: "value" }, ...words),
      element("p", { class: "meta" }, `By ${draft.author}, `, moment(draft.at), draft.note ? `: ${draft.note}` : "", scheduled(draft.definition)),
      !draft.is_current && element("p", { class: "warning" }, "What is live was changed since this draft was begun: it cannot be published. Discard it and draft it again."),
      previewForm(draft, shown),
      mayChange &&
        element(
          "div",
          { class: "ends" },
          action(publish[0], said, goLive, { class: "main", disabled: !draft.is_current }),
          draft.definition !== null && element("button", { type: "button", onclick: () => edit(draft.name, { ...draft.definition, note: draft.note }) }, "Change"),
          action("Discard", said, discard, { class: "harm" }),
        ),
      said,
      shown,
    );
  }

  function previewForm(draft, shown) {
    const own = queries(draft.definition ?? draft.before ?? {});
    const typed = element("textarea", { rows: "3", maxlength: "4000" }, own.join("\n"));
    const fromLog = element("input", { type: "checkbox" });
    const at = element("input", { type: "datetime-local", value: draft.definition?.starts ? localTime(draft.definition.starts) : "" });
    const said = element("p", { class: "said", role: "status" });
    const preview = async () => {
      const asked = [...new Set([...linesOf(typed.value), ...(fromLog.checked ? await queriesOfTheLog() : [])])];
      if (asked.length === 0) return "Write a query to look at.";
      const time = at.value ? { at: new Date(at.value).toISOString() } : {};
      const [now, then] = views(draft);
      const ways = { before: { ...now, ...time }, after: { ...then, ...time, drafts: [`${kind}/${draft.name}`] } };
      const rows = await compared(asked, ways, (sofar) => {
        said.textContent = `${sofar.length} of ${asked.length} queries.`;
        return true;
      });
      const changed = rows.filter((row) => row.changed || row.problem);
      const same = rows.filter((row) => !row.changed && !row.problem);
      shown.replaceChildren(
        ...changed.map((row) => sideBySide(row, sides)),
        ...(same.length > 0 ? [element("p", { class: "note" }, `Does not change: ${same.map((row) => row.query).join(", ")}.`)] : []),
      );
      return changedInWords(changed.length, rows.length);
    };
    return element(
      "details",
      { open: true, class: "preview" },
      element("summary", {}, "Preview"),
      labelled("Queries, one a line", typed),
      element("label", {}, fromLog, ` and the ${FROM_LOG} most searched of the log`),
      labelled("As it would be at", at, "Empty: now."),
      element("div", { class: "ends" }, action("Preview", said, preview)),
      said,
    );
  }

  function history(live, changes, look, mayChange) {
    if (changes.length === 0) return element("p", { class: "note" }, "Nothing was changed yet.");
    const said = element("p", { class: "said", role: "status" });
    const newest = new Set();
    const rows = changes.map((change) => {
      const isNewest = !newest.has(change.name);
      newest.add(change.name);
      const restore = async () => {
        const path = `/${kind}/${encodeURIComponent(change.name)}`;
        if (change.before === null) await send("DELETE", path);
        else await send("PUT", path, given(change.before));
        await look.again(`${change.name} is as it was before.`);
      };
      const what = change.after === null ? ["ended: ", ...parts(change.before)] : [change.before === null ? "new: " : "changed: ", ...parts(change.after)];
      const undo = mayChange && isNewest && action("undo", said, restore, { "aria-label": `Undo the change of ${change.name}` });
      return [change.name, moment(change.at), change.author, element("span", { class: "value" }, ...what), undo];
    });
    return element("div", { class: "part stacked" }, table(`Changes of ${kind}`, ["name", "when", "by", "what", ""], rows), said);
  }
}

/** What is said of a draft that was published: one whose time has not come changes nothing yet. */
function published({ name, definition }, does, query) {
  const stage = definition === null ? null : stageOf(definition);
  if (stage === "scheduled") return [`${name} is scheduled: it begins `, moment(definition.starts), ". Nothing that shoppers see has changed yet."];
  if (stage === "over") return [`${name} is kept, but its time is over: it changes nothing.`];
  const said = `${name} ${definition === null ? "has ended" : does}.`;
  if (!query) return [said];
  return [`${said} `, element("a", { href: `/?${new URLSearchParams({ q: query })}` }, `What “${query}” finds now`), "."];
}

/** Whether the time of a definition is yet to come, now, or over. */
function stageOf({ starts, ends }) {
  const now = Date.now();
  if (starts && Date.parse(starts) > now) return "scheduled";
  return ends && Date.parse(ends) <= now ? "over" : "live";
}

/** A table whose rows are read one below the other where the page is narrow. */
const stacked = (...asTable) => element("div", { class: "stacked" }, table(...asTable));

/** A definition without what says nothing. */
export function given(definition) {
  const says = ([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(definition).filter(says));
}

async function queriesOfTheLog() {
  try {
    return (await fetchJson("/analytics/queries", new URLSearchParams({ of: "top", limit: String(FROM_LOG) }))).rows.map((row) => row.query);
  } catch (error) {
    if (error instanceof Trouble) return [];
    throw error;
  }
}

const withArticle = (word) => `${/^[aeiou]/.test(word) ? "an" : "a"} ${word}`;

export function link(words, name, onclick) {
  return element("button", { type: "button", class: "plain", "aria-label": `${words} ${name}`, onclick }, words);
}

function when(definition) {
  const { starts, ends } = definition;
  if (!starts && !ends) return "always";
  const stage = { scheduled: "scheduled: ", over: "over: ", live: "" }[stageOf(definition)];
  return element("span", {}, stage, starts ? element("span", {}, "from ", moment(starts)) : "", ends ? element("span", {}, " until ", moment(ends)) : "");
}

function scheduled(definition) {
  return definition && (definition.starts || definition.ends) ? element("span", {}, "; ", when(definition)) : "";
}

/** The fields of a schedule, and what they say. */
export function schedule(definition) {
  const [starts, ends] = ["starts", "ends"].map((end) => element("input", { type: "datetime-local", value: definition?.[end] ? localTime(definition[end]) : "" }));
  const moments = () => Object.fromEntries([["starts", starts], ["ends", ends]].filter(([, input]) => input.value).map(([end, input]) => [end, new Date(input.value).toISOString()]));
  return { fields: element("div", { class: "two" }, labelled("From", starts, "Empty: at once."), labelled("Until", ends, "Empty: for good.")), moments };
}

function localTime(text) {
  const when = new Date(text);
  return new Date(when.getTime() - when.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** A name for a definition that was given none: some of its words, and something that no other has. */
export function nameFrom(words) {
  const plain = words.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  return `${plain ? `${plain}-` : ""}${Date.now().toString(36)}`;
}
