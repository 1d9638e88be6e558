// Who may do what: accounts of people, keys of programs, one's own password.

import { element } from "../element.js";
import { choice, ending, form, labelled, nameField } from "../forms.js";
import { Trouble, fetchJson, send } from "../requests.js";
import { session } from "../session.js";
import { section, table } from "../views/page.js";
import { bench, lookOnly } from "./bench.js";

const ROLES = [
  ["viewer", "viewer: looks"],
  ["merchandiser", "merchandiser: rules, synonyms, items, judgments"],
  ["admin", "admin: everything"],
];
const SCOPES = ["search", "ingest", "metrics", "analytics", "read", "merchandise", "admin"];

bench(load, draw);

async function load() {
  const who = await session();
  try {
    return { who, accounts: await fetchJson("/accounts"), keys: await fetchJson("/keys") };
  } catch (error) {
    if (error instanceof Trouble && who !== null) return { who, accounts: null, keys: null };
    throw error;
  }
}

function draw({ who, accounts, keys }, look) {
  return [
    accounts ? section("Accounts", people(accounts, look), accountForm(look)) : lookOnly("Accounts and keys are for admins."),
    keys && section("Keys", programs(keys, look), keyForm(look)),
    who && section("Your password", passwordForm()),
  ];
}

function people(accounts, look) {
  const names = Object.keys(accounts);
  if (names.length === 0) return element("p", { class: "note" }, "There is no account yet: only keys are known.");
  return table("Accounts", ["name", "role", ""], names.map((name) => [name, accounts[name].role, endingOf(`/accounts/${name}`, name, look)]));
}

function programs(keys, look) {
  const names = Object.keys(keys);
  if (names.length === 0) return element("p", { class: "note" }, "There is no key yet, but that of the service's settings.");
  const limit = (grant) => [grant.per_minute && `${grant.per_minute} a minute`, grant.priority === "batch" && "batch", grant.browser && "in pages"].filter(Boolean).join(", ");
  return table("Keys", ["name", "scopes", "limits", ""], names.map((name) => [name, keys[name].scopes.join(", "), limit(keys[name]), endingOf(`/keys/${name}`, name, look)]));
}

function endingOf(path, name, look) {
  const remove = async () => {
    await send("DELETE", path);
    await look.again(`${name} is removed.`);
  };
  return ending("remove", "Remove it", remove, `Remove ${name}`);
}

function accountForm(look) {
  const name = nameField();
  const role = choice(ROLES, "merchandiser");
  const password = element("input", { type: "password", required: true, minlength: "12", maxlength: "128", autocomplete: "new-password" });
  return form(
    "An account",
    [labelled("Name", name), labelled("Role", role), labelled("First password", password, "12 characters or more; they change it when they have logged in.")],
    "Save the account",
    async () => {
      await send("PUT", `/accounts/${encodeURIComponent(name.value)}`, { role: role.value, password: password.value });
      await look.again(`${name.value} may log in as ${role.value}.`);
    },
  );
}

function keyForm(look) {
  const name = nameField();
  const boxes = SCOPES.map((scope) => element("input", { type: "checkbox", value: scope }));
  const limit = element("input", { type: "number", min: "1", step: "1", inputmode: "numeric" });
  const browser = element("input", { type: "checkbox" });
  const shown = element("div", {});
  const issue = async () => {
    const grant = { scopes: boxes.filter((box) => box.checked).map((box) => box.value), browser: browser.checked };
    if (limit.value) grant.per_minute = Number(limit.value);
    const { key } = await send("PUT", `/keys/${encodeURIComponent(name.value)}`, grant);
    shown.replaceChildren(element("pre", { class: "curl", tabindex: "0", "aria-label": "The key" }, key));
    return "This is the only time that the key is shown. A key of the same name is no longer valid.";
  };
  const scopes = element("fieldset", { class: "ticks" }, element("legend", {}, "Scopes"), ...boxes.map((box, index) => element("label", {}, box, SCOPES[index])));
  return element(
    "div",
    { class: "part" },
    form("A key", [labelled("Name", name), scopes, labelled("Requests a minute", limit, "Empty: no limit."), element("label", {}, browser, "Stands in the source of a page, where everybody can read it")], "Issue the key", issue),
    shown,
    element("div", {}, element("button", { type: "button", onclick: () => look.again() }, "Show the list again")),
  );
}

function passwordForm() {
  const old = element("input", { type: "password", required: true, maxlength: "128", autocomplete: "current-password" });
  const next = element("input", { type: "password", required: true, minlength: "12", maxlength: "128", autocomplete: "new-password" });
  return form("Your password", [labelled("Password", old), labelled("New password", next, "12 characters or more.")], "Change it", async () => {
    await send("PUT", "/session/password", { password: old.value, new: next.value });
    await session({ anew: true });
    return "It is changed. Your other sessions have ended.";
  });
}
