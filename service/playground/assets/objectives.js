// The colours of objectives: those that every shop may have have their own, a shop's have one of four by their place.

import { byId } from "./element.js";

const OWN = ["relevance", "revenue", "diversity"];
const N_OTHERS = 4;

const { bundle } = JSON.parse(byId("bundle").textContent);
const others = bundle.objectives.filter((name) => !OWN.includes(name));

/** The classes of what is drawn in an objective's colour. */
export function objectiveClass(name) {
  const place = others.indexOf(name);
  return place < 0 ? `objective-${name}` : `objective-${name} other-${place % N_OTHERS}`;
}
