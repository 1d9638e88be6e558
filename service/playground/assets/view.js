// What is looked at, and the address that reproduces it. The names are those of GET /search.

export function normalised(weights) {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return { ...weights };
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight / total]));
}

export function only(objective, objectives) {
  return Object.fromEntries(objectives.map((name) => [name, name === objective ? 1 : 0]));
}

export function sameWeights(one, other) {
  const [a, b] = [normalised(one), normalised(other)];
  return Object.keys(a).every((name) => Math.abs(a[name] - (b[name] ?? 0)) < 0.005);
}

/** Weights that sum to 1 in which one objective has this share and the others keep theirs to one another. */
export function withShare(weights, name, share) {
  const others = Object.entries(weights).filter(([other]) => other !== name);
  const rest = others.reduce((sum, [, weight]) => sum + weight, 0);
  const left = 1 - share;
  const shared = others.map(([other, weight]) => [other, rest > 0 ? (weight / rest) * left : left / others.length]);
  const known = Object.fromEntries([...shared, [name, others.length ? share : 1]]);
  return Object.fromEntries(Object.keys(weights).map((one) => [one, known[one]]));
}

/** The bounds that names such as `max_revenue_loss` set, by objective; null where there is none. */
export function lossesOf(valueOf, objectives) {
  const losses = objectives.map((name) => [name, Number.parseFloat(valueOf(`max_${name}_loss`))]);
  return Object.fromEntries(losses.map(([name, loss]) => [name, Number.isFinite(loss) ? Math.min(Math.max(loss, 0), 1) : null]));
}

/** The view an address asks for, and the names in it that this bundle does not know. */
export function viewOf(search, bundle) {
  const asked = new URLSearchParams(search);
  const unknown = [...asked.keys()].filter((name) => name.startsWith("w_") && !bundle.objectives.includes(name.slice(2)));
  const weights = weightsOf((name) => asked.get(`w_${name}`), bundle);
  const held = new Map((asked.get("control") ?? "").split(",").map((part) => part.split(":")));
  const losses = lossesOf((name) => asked.get(name), bundle.objectives);
  if (!weights && losses.relevance === null) losses.relevance = bundle.default_loss;
  const axis = asked.get("axis");
  return {
    view: {
      q: asked.get("q") ?? "",
      weights: normalised(weights ?? { ...only("", bundle.objectives), ...bundle.default_weights }),
      control: weightsOf((name) => held.get(name), bundle) ?? only("relevance", bundle.objectives),
      losses,
      filters: asked.getAll("filter"),
      exact: asked.get("exact") === "true",
      axis: bundle.objectives.includes(axis) && axis !== "relevance" ? axis : bundle.objectives[1],
    },
    unknown: unknown.map((name) => name.slice(2)),
  };
}

function weightsOf(textOf, bundle) {
  const weights = bundle.objectives.map((name) => [name, Number.parseFloat(textOf(name))]);
  if (weights.every(([, weight]) => !(weight > 0))) return null;
  return Object.fromEntries(weights.map(([name, weight]) => [name, Number.isFinite(weight) && weight > 0 ? weight : 0]));
}

/** What results depend on beside weights and bounds: another one, and nothing that was shown holds any more. */
export const subjectOf = ({ q, filters, exact }) => JSON.stringify([q.trim(), [...filters].sort(), exact]);

/** The parameters of GET /search for these weights, within the view's bounds or others. */
export function searchParameters(view, weights, losses = view.losses) {
  const parameters = new URLSearchParams({ q: view.q });
  for (const [name, weight] of Object.entries(weights)) parameters.set(`w_${name}`, short(weight));
  for (const [name, loss] of Object.entries(losses)) if (loss != null) parameters.set(`max_${name}_loss`, short(loss));
  for (const filter of view.filters) parameters.append("filter", filter);
  if (view.exact) parameters.set("exact", "true");
  return parameters;
}

export function addressOf(view, bundle) {
  const parameters = searchParameters(view, view.weights);
  if (!sameWeights(view.control, only("relevance", bundle.objectives))) {
    parameters.set("control", Object.entries(view.control).map(([name, weight]) => `${name}:${short(weight)}`).join(","));
  }
  if (view.axis !== bundle.objectives[1]) parameters.set("axis", view.axis);
  return `/?${parameters}`;
}

const short = (number) => String(Number(number.toFixed(4)));
