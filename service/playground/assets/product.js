// An item as shoppers know it: picture, whole title, price, what it is, and its variants.

import { element } from "./element.js";
import { fieldInWords, money, valueInWords } from "./words.js";

const MOST_ATTRIBUTES = 3;

/** The picture, or its place left empty, so that titles stand below one another. */
export function pictureOf(hit) {
  const frame = element("span", { class: "picture" });
  if (!isAddress(hit.image)) return frame;
  const image = element("img", { src: hit.image, alt: "", loading: "lazy", referrerpolicy: "no-referrer", onerror: () => image.remove() });
  frame.append(image);
  return frame;
}

export function titleOf(hit) {
  if (!isAddress(hit.url)) return element("p", { class: "title" }, hit.title);
  const link = element("a", { href: hit.url, target: "_blank", rel: "noreferrer noopener" }, hit.title);
  return element("p", { class: "title" }, link);
}

export function priceOf(hit, currency) {
  return hit.price == null ? null : element("span", { class: "amount", "data-amount": hit.price }, money(hit.price, currency));
}

/**
 * Brand, category and the attributes that matter: those that the query speaks of, then those that the shop filters by.
 * @param names of attributes, the ones that matter most first.
 */
export function metaOf(hit, names) {
  const said = names.filter((name) => hit.attributes[name] !== undefined).slice(0, MOST_ATTRIBUTES);
  const values = said.map((name) => `${fieldInWords(name)}: ${valueInWords(hit.attributes[name])}`);
  const parts = [hit.brand, kindOf(hit), ...values, hit.in_stock ? "" : "out of stock", `#${hit.item_id}`];
  return element("p", { class: "meta" }, parts.filter(Boolean).join(" \u00b7 "));
}

/** The last step of the first path of categories. */
function kindOf(hit) {
  const [path] = [hit.attributes?.category ?? hit.category].flat();
  return (path ?? "").split(" > ").at(-1);
}

/** The other items of the hit's group, folded; nothing where there are none. */
export function variantsOf(hit, currency) {
  if (!hit.variants?.length) return null;
  const n = hit.n_variants;
  const lines = hit.variants.map((one) => element("li", {}, variantInWords(one, currency)));
  return element("details", { class: "variants" }, element("summary", {}, `${n} more ${n > 1 ? "variants" : "variant"}`), element("ul", {}, ...lines));
}

function variantInWords(one, currency) {
  const differences = Object.entries(one.attributes).map(([name, value]) => `${fieldInWords(name)}: ${valueInWords(value)}`);
  const price = one.price == null ? "" : money(one.price, currency);
  return [differences.join(", ") || one.title, price, one.in_stock ? "" : "out of stock"].filter(Boolean).join(" \u00b7 ");
}

const isAddress = (text) => /^https?:\/\//i.test(text ?? "");
