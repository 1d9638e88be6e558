// Synonyms: drafted, looked at on real queries, published.

import { element } from "../element.js";
import { choice, form, labelled, linesOf } from "../forms.js";
import { definitionsPage, nameFrom, schedule } from "./definitions.js";

definitionsPage({ kind: "synonyms", one: "synonym", describe, queries: ({ words = [] }) => [...words], form: synonymForm });

function describe({ words = [], also_find: others = [] }) {
  return others.length > 0 ? `${words.join(", ")} → finds ${others.join(", ")} too` : words.join(" = ");
}

function synonymForm({ name, definition, query }, save) {
  const isOneWay = definition === null || definition.also_find?.length > 0;
  const words = element("textarea", { rows: "2", required: true, maxlength: "4000" }, (definition?.words ?? [query]).join("\n"));
  const others = element("textarea", { rows: "2", maxlength: "4000" }, (definition?.also_find ?? []).join("\n"));
  const way = choice([["one", "They find others too"], ["both", "Each stands for the others"]], isOneWay ? "one" : "both");
  const note = element("input", { maxlength: "500", value: definition?.note ?? "" });
  const time = schedule(definition);
  const found = labelled("Which others, one a line", others);
  const fit = () => {
    found.hidden = way.value === "both";
    others.required = way.value === "one";
  };
  way.addEventListener("change", fit);
  fit();
  return form(
    "A synonym",
    [labelled("Words that are searched, one a line", words), labelled("What they do", way), found, time.fields, labelled("Why", note)],
    "Save the draft",
    async () => {
      const said = linesOf(words.value);
      const also = way.value === "one" ? { also_find: linesOf(others.value) } : {};
      await save(name || nameFrom(said.join("-")), { words: said, ...also, ...time.moments() }, note.value);
    },
  );
}
