// Numbers as words and signs.

const MINUS = "\u2212";

export function percent(share, digits = 1) {
  return `${(share * 100).toFixed(digits).replace("-", MINUS)}\u00a0%`;
}

export function change(share, digits = 1) {
  if (share == null) return "not comparable";
  const rounded = Number((share * 100).toFixed(digits));
  if (rounded === 0) return "unchanged";
  return `${rounded > 0 ? "+" : MINUS}${Math.abs(rounded).toFixed(digits)}\u00a0%`;
}

/** A difference that is no share. */
export function signed(value, digits = 3) {
  const rounded = Number(value.toFixed(digits));
  return rounded === 0 ? "0" : `${rounded > 0 ? "+" : MINUS}${Math.abs(rounded).toFixed(digits)}`;
}

/** An amount in the shop's currency; as a plain number where the browser does not know it. */
export function money(amount, currency) {
  try {
    return new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency }).format(amount);
  } catch {
    return `${amount.toFixed(2)}${currency ? ` ${currency}` : ""}`;
  }
}

/** What an attribute is called: names of columns have underscores, and those of a catalogue's own a prefix. */
export function fieldInWords(name) {
  return name.replace(/^attr_/, "").replaceAll("_", " ");
}

/** A value of an attribute, or several, as they are read. */
export function valueInWords(value) {
  return [value].flat().map((one) => (one === true ? "yes" : one === false ? "no" : String(one))).join(", ");
}

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How many queries of a set have another slate. */
export function changedInWords(n, of) {
  if (of === 1) return n === 1 ? "The query changes." : "The query does not change.";
  return `${n} of ${of} queries ${n === 1 ? "changes" : "change"}.`;
}

export function weightsInWords(weights) {
  const parts = Object.entries(weights).filter(([, weight]) => weight > 0);
  return parts.map(([name, weight]) => `${name} ${percent(weight, 0)}`).join(", ");
}
