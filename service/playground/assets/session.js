// Who is logged in. The session is a cookie that no script reads; what changes something says its token, too.

import { element } from "./element.js";
import { keyForm } from "./key.js";

const CSRF_HEADER = "X-Trimtab-CSRF";
let asked = null;

/** Who is logged in, null for nobody; it is asked once, until somebody logs in or out. */
export function session({ anew = false } = {}) {
  if (anew || asked === null) asked = ask("GET").then((response) => (response.ok ? response.json() : null), () => null);
  return asked;
}

/** What a request that changes something carries besides the cookie. */
export async function csrfHeaders() {
  const token = (await session())?.csrf;
  return token ? { [CSRF_HEADER]: token } : {};
}

export async function logOut() {
  await ask("DELETE", undefined, await csrfHeaders());
  return session({ anew: true });
}

function ask(method, body, headers = {}) {
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return fetch("/session", { method, headers: { Accept: "application/json", ...headers }, body: body && JSON.stringify(body) });
}

/** A form to log in, or to use a key instead; `onAccess` is called when either was done. */
export function accessForm(keyLabel, onAccess) {
  return element("div", { class: "access" }, loginForm(onAccess), keyForm(keyLabel, onAccess));
}

function loginForm(onAccess) {
  const name = element("input", { autocomplete: "username", autocapitalize: "off", required: true, maxlength: "64" });
  const password = element("input", { type: "password", autocomplete: "current-password", required: true, maxlength: "128" });
  const said = element("p", { class: "note", role: "status" });
  const logIn = async (event) => {
    event.preventDefault();
    said.textContent = "One moment.";
    const response = await ask("POST", { name: name.value.trim(), password: password.value }).catch(() => null);
    if (response?.ok) {
      await session({ anew: true });
      onAccess();
      return;
    }
    const problem = (await response?.json().catch(() => ({}))) ?? {};
    said.textContent = problem.detail ?? "The service does not answer.";
  };
  return element(
    "form",
    { class: "key", onsubmit: logIn },
    element("label", {}, "Name", name),
    element("label", {}, "Password", password),
    element("button", { type: "submit" }, "Log in"),
    said,
  );
}
