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

export function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function weightsInWords(weights) {
  const parts = Object.entries(weights).filter(([, weight]) => weight > 0);
  return parts.map(([name, weight]) => `${name} ${percent(weight, 0)}`).join(", ");
}
