// A shop front: what is looked for is in the address, the page follows it. The address may name another service and its
// key: ?url=https://search.shop.example&key=trimtab_...

import { Trimtab } from "../../clients/js/src/index.js";

const PER_PAGE = 24;
const FACETS = ["category", "brand"];
const address = new URLSearchParams(location.search);
const shop = new Trimtab({
  url: address.get("url") ?? document.body.dataset.url,
  key: address.get("key") ?? document.body.dataset.key,
});
const at = (id) => document.getElementById(id);
const asked = { q: "", filter: [], sort: "", page: 0 };
let pending = new AbortController();
let shown = null;

function element(name, properties = {}, ...children) {
  const { dataset = {}, ...others } = properties;
  const made = Object.assign(document.createElement(name), others);
  Object.assign(made.dataset, dataset);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function readAddress() {
  const sent = new URLSearchParams(location.search);
  Object.assign(asked, {
    q: sent.get("q") ?? "",
    filter: sent.getAll("filter"),
    sort: sent.get("sort") ?? "",
    page: Math.max(0, Number.parseInt(sent.get("page") ?? "1", 10) - 1 || 0),
  });
  at("q").value = asked.q;
  at("sort").value = asked.sort;
}

function go(changes) {
  Object.assign(asked, { page: 0 }, changes);
  const sent = new URLSearchParams();
  for (const name of ["url", "key"]) if (address.has(name)) sent.set(name, address.get(name));
  if (asked.q) sent.set("q", asked.q);
  for (const one of asked.filter) sent.append("filter", one);
  if (asked.sort) sent.set("sort", asked.sort);
  if (asked.page > 0) sent.set("page", asked.page + 1);
  history.pushState(null, "", `?${sent}`);
  show();
}

async function show() {
  pending.abort();
  pending = new AbortController();
  const { signal } = pending;
  shown = location.search;
  readAddress();
  at("hits").classList.add("is-waiting");
  const { q, filter, sort, page } = asked;
  try {
    const words = q || (filter.length > 0 || sort ? "" : "*");
    showAnswer(await shop.search({ q: words, filter, sort, k: PER_PAGE, offset: page * PER_PAGE, facets: FACETS }, { signal }));
  } catch (error) {
    if (error.name === "AbortError") return;
    at("hits").replaceChildren();
    at("pages").hidden = true;
    at("said").textContent = `The search did not work: ${error.message}`;
  }
  at("hits").classList.remove("is-waiting");
}

function showAnswer(answer) {
  const { redirect, banner, corrected } = answer.understood;
  if (redirect) return location.assign(redirect);
  const count = `${answer.n_matches_exact ? "" : "at least "}${answer.n_matches} found`;
  at("said").textContent = [banner, corrected && `Showing results for ${corrected}`, count].filter(Boolean).join(". ");
  at("hits").replaceChildren(...answer.hits.map((hit) => element("li", {}, card(hit))));
  at("facets").replaceChildren(...FACETS.filter((name) => answer.facets[name]).map((name) => facet(name, answer)));
  at("pages").hidden = asked.page === 0 && answer.n_matches <= PER_PAGE;
  at("page").textContent = `Page ${asked.page + 1}`;
  at("previous").disabled = asked.page === 0;
  at("next").disabled = answer.hits.length < PER_PAGE;
  return undefined;
}

function card(hit) {
  const link = element("a", { href: hit.url || `#${encodeURIComponent(hit.item_id)}` }, hit.title);
  link.addEventListener("click", () => shop.click(hit));
  const buy = element("button", { ariaLabel: `Add ${hit.title} to the cart` }, "Add to cart");
  buy.addEventListener("click", () => {
    shop.cart(hit, { quantity: 1 });
    buy.textContent = "In the cart";
  });
  const more = hit.variants?.length ? element("small", {}, `and ${hit.variants.length} more like it`) : null;
  return element(
    "article",
    { dataset: { item: hit.item_id } },
    hit.image ? picture(hit.image) : null,
    element("h2", {}, link),
    element("small", {}, hit.brand),
    more,
    element("p", { className: "price" }, hit.price === null ? "" : hit.price.toFixed(2)),
    buy,
  );
}

/** A picture, or nothing where it cannot be had: a broken one says less than none. */
function picture(address) {
  const image = element("img", { src: address, alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.remove());
  return image;
}

function facet(name, answer) {
  const rows = Object.entries(answer.facets[name]).slice(0, 12).map(([value, count]) => {
    const condition = `${name}:${value}`;
    const box = element("input", { type: "checkbox", checked: asked.filter.includes(condition) });
    box.addEventListener("change", () => {
      const others = asked.filter.filter((one) => one !== condition);
      go({ filter: box.checked ? [...others, condition] : others });
    });
    return element("label", {}, box, value, element("span", {}, String(count)));
  });
  return element("fieldset", {}, element("legend", {}, answer.facet_details[name].label), ...rows);
}

// Suggestions: the newest answer counts, whichever comes last.
let typed = 0;
at("q").addEventListener("input", async () => {
  const turn = (typed += 1);
  const { suggestions } = await shop.suggest(at("q").value, { k: 6 }).catch(() => ({ suggestions: [] }));
  if (turn !== typed) return;
  const options = suggestions.map((one, n) => {
    const option = element("li", { id: `suggestion-${n}`, role: "option", ariaSelected: "false" }, one.text);
    option.append(element("small", {}, one.kind === "query" ? "" : one.kind));
    option.addEventListener("pointerdown", () => choose(one));
    option.suggestion = one;
    return option;
  });
  at("suggestions").replaceChildren(...options);
  openSuggestions(options.length > 0);
});

function openSuggestions(isOpen) {
  at("suggestions").hidden = !isOpen;
  at("q").setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) at("q").removeAttribute("aria-activedescendant");
}

function choose(suggestion) {
  typed += 1;
  openSuggestions(false);
  go(suggestion.filter ? { q: "", filter: [suggestion.filter] } : { q: suggestion.text, filter: [] });
}

at("q").addEventListener("keydown", (event) => {
  const options = [...at("suggestions").children];
  if (at("suggestions").hidden || options.length === 0) return;
  const now = options.findIndex((option) => option.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = options[(now + step + options.length + (now < 0 && step < 0 ? 1 : 0)) % options.length];
    for (const option of options) option.ariaSelected = String(option === next);
    at("q").setAttribute("aria-activedescendant", next.id);
  } else if (event.key === "Enter" && now >= 0) choose(options[now].suggestion);
  else if (event.key === "Escape") openSuggestions(false);
  else return;
  event.preventDefault();
});
at("q").addEventListener("blur", () => openSuggestions(false));
at("search").addEventListener("submit", (event) => {
  event.preventDefault();
  typed += 1;
  openSuggestions(false);
  go({ q: at("q").value.trim(), filter: [] });
});
at("sort").addEventListener("change", () => go({ sort: at("sort").value }));
at("previous").addEventListener("click", () => go({ page: asked.page - 1 }));
at("next").addEventListener("click", () => go({ page: asked.page + 1 }));
addEventListener("popstate", () => {
  if (location.search !== shown) show(); // a link within the page changes the address too
});
show();
