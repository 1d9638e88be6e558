// Rules: which items stand where, which words mean what, for some searches and some time.

import { element } from "../element.js";
import { action, choice, form, labelled, linesOf } from "../forms.js";
import { Trouble, fetchJson } from "../requests.js";
import { definitionsPage, nameFrom, schedule } from "./definitions.js";

const ACTIONS = [
  ["pin", "pin items to a rank"],
  ["boost", "boost items"],
  ["bury", "bury items behind all others"],
  ["hide", "hide items"],
  ["filter", "filter what is found"],
  ["rewrite", "search other words"],
  ["redirect", "lead the shopper elsewhere"],
  ["banner", "show a banner"],
];
const MATCHES = [["exact", "are all the words of a search"], ["contains", "are among them"], ["starts_with", "are the first"]];
const OF_ITEMS = ["pin", "boost", "bury", "hide"];

definitionsPage({ kind: "rules", one: "rule", describe, queries: ({ query }) => (query ? [query] : []), form: ruleForm });

function describe(rule) {
  const what = {
    pin: () => ["pin ", ...items(rule), ` to rank ${(rule.position ?? 0) + 1}`],
    boost: () => ["boost ", ...items(rule), rule.boost ? ` by ${rule.boost}` : ""],
    bury: () => ["bury ", ...items(rule)],
    hide: () => ["hide ", ...items(rule)],
    filter: () => [`filter ${rule.filters.join(", ")}`],
    rewrite: () => [`search ${rule.rewrite}`],
    redirect: () => [`lead to ${rule.url}`],
    banner: () => [`show “${rule.banner}”`],
  }[rule.action];
  const of = rule.query ? ` where ${{ contains: "the search has ", starts_with: "the search begins with " }[rule.matches] ?? "the search is "}“${rule.query}”` : " in every search";
  return what ? [...what(), of, rule.category ? ` in ${rule.category}` : ""] : [];
}

const items = (rule) => rule.item_ids.flatMap((id, index) => (index > 0 ? [", ", named(id)] : [named(id)]));

const titles = new Map();

/** An item by its id, with its title as soon as that is known: ids alone tell a person nothing. */
function named(id) {
  const shown = element("span", {}, element("span", { class: "meta" }, `#${id}`));
  if (!titles.has(id)) titles.set(id, titleOf(id));
  titles.get(id).then((title) => title && shown.prepend(`${title} `));
  return shown;
}

async function titleOf(id) {
  try {
    return (await fetchJson(`/items/${encodeURIComponent(id)}`)).title;
  } catch (error) {
    if (error instanceof Trouble) return null;
    throw error;
  }
}

function ruleForm({ name, definition: rule, query }, save) {
  const does = choice(ACTIONS, rule?.action ?? "pin");
  const words = element("input", { maxlength: "512", value: rule?.query ?? query });
  const matches = choice(MATCHES, rule?.matches ?? "exact");
  const category = element("input", { maxlength: "128", value: rule?.category ?? "" });
  const ids = element("textarea", { rows: "2" }, (rule?.item_ids ?? []).join("\n"));
  const rank = element("input", { type: "number", min: "1", max: "200", step: "1", value: String((rule?.position ?? 0) + 1) });
  const boost = element("input", { type: "number", min: "0.01", max: "10", step: "any", value: rule?.boost ?? "0.25" });
  const filters = element("textarea", { rows: "2" }, (rule?.filters ?? []).join("\n"));
  const rewrite = element("input", { maxlength: "512", value: rule?.rewrite ?? "" });
  const url = element("input", { maxlength: "2048", value: rule?.url ?? "" });
  const banner = element("textarea", { rows: "2", maxlength: "2000" }, rule?.banner ?? "");
  const note = element("input", { maxlength: "500", value: rule?.note ?? "" });
  const time = schedule(rule);
  const chosen = element("ul", { class: "found", "aria-label": "Items of the rule" });
  const showChosen = () => chosen.replaceChildren(...linesOf(ids.value).map((id) => element("li", {}, named(id))));
  ids.addEventListener("change", showChosen);
  showChosen();
  const only = [
    [OF_ITEMS, element("div", { class: "field" }, labelled("Items by their ids, one a line", ids), chosen)],
    [OF_ITEMS, finder(ids)],
    [["pin"], labelled("To rank", rank, "The first item; the others follow.")],
    [["boost"], labelled("By", boost, "A share of the range that scores have.")],
    [["filter"], labelled("Conditions, one a line", filters, "As in brand:Acme, price:0..20, -colour:red")],
    [["rewrite"], labelled("Words that are searched instead", rewrite)],
    [["redirect"], labelled("To the address", url)],
    [["banner"], labelled("Text", banner)],
  ];
  const fit = () => only.forEach(([actions, field]) => (field.hidden = !actions.includes(does.value)));
  does.addEventListener("change", fit);
  fit();
  const said = () => {
    const own = {
      pin: () => ({ item_ids: linesOf(ids.value), position: Number(rank.value) - 1 }),
      boost: () => ({ item_ids: linesOf(ids.value), boost: Number(boost.value) }),
      bury: () => ({ item_ids: linesOf(ids.value) }),
      hide: () => ({ item_ids: linesOf(ids.value) }),
      filter: () => ({ filters: linesOf(filters.value) }),
      rewrite: () => ({ rewrite: rewrite.value.trim() }),
      redirect: () => ({ url: url.value.trim() }),
      banner: () => ({ banner: banner.value.trim() }),
    }[does.value]();
    const where = { ...(words.value.trim() ? { query: words.value.trim(), matches: matches.value } : {}), ...(category.value.trim() ? { category: category.value.trim() } : {}) };
    return { action: does.value, ...own, ...where, ...time.moments() };
  };
  return form(
    "A rule",
    [
      labelled("What it does", does),
      labelled("In searches of these words", words, "Empty: in every search."),
      labelled("Those words", matches),
      ...only.map(([, field]) => field),
      labelled("Only where the search is filtered to the category", category),
      time.fields,
      labelled("Why", note),
    ],
    "Save the draft",
    () => save(name || nameFrom(`${does.value}-${words.value}`), said(), note.value),
  );
}

/** Finds items by words, and adds their ids. */
function finder(ids) {
  const words = element("input", { type: "search", maxlength: "512" });
  const said = element("p", { class: "said", role: "status" });
  const found = element("ul", { class: "found" });
  const add = (id) => {
    ids.value = [...new Set([...linesOf(ids.value), id])].join("\n");
    ids.dispatchEvent(new Event("change"));
  };
  const find = async () => {
    if (!words.value.trim()) return "Write some words.";
    const { hits } = await fetchJson("/playground/search", new URLSearchParams({ q: words.value, k: "10" }));
    found.replaceChildren(...hits.map((hit) => element("li", {}, element("span", {}, hit.title, element("span", { class: "meta" }, ` #${hit.item_id}`)), element("button", { type: "button", "aria-label": `Add ${hit.title}`, onclick: () => add(hit.item_id) }, "Add"))));
    return `${hits.length} found.`;
  };
  const search = action("Find", said, find);
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    search.click();
  });
  return element("div", { class: "field" }, labelled("Find items by words", words), element("div", { class: "ends" }, search), said, found);
}
