// A shop's page as a picture of itself: no scripts, no network, its elements outlined.

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";
const ACTIVE = "script, link, base, meta, iframe, frame, frameset, object, embed, applet, template, audio, video, source, track, portal";
const REACHING = new Set(["src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping", "imagesrcset", "lowsrc", "dynsrc", "manifest", "autofocus"]);
const OUTLINES = `
  [data-trimtab] { outline: 3px solid #c2410c !important; outline-offset: 2px; min-width: 1rem; min-height: 1rem; }
  [data-trimtab-kind="field"] { outline-color: #1d4ed8 !important; }
  [data-trimtab]::after { content: " " attr(data-trimtab); font: 600 11px/1.4 sans-serif; color: #fff; background: #c2410c; padding: 0 4px; text-decoration: none; }
  img[data-trimtab] { min-width: 12rem; min-height: 8rem; }
`;

/**
 * The page's markup with what was found in it outlined, safe to put into a frame: what could run or reach the network
 * is taken out, and a policy that forbids it stands first.
 *
 * @param html the page as it came; it is parsed into a document that runs and loads nothing.
 * @param marks of what was found: `path`, `words` and `kind` (`element` or `field`).
 */
export function picture(html, marks) {
  const page = new DOMParser().parseFromString(html, "text/html");
  // Before anything is taken out, because paths count siblings.
  const found = marks.map((mark) => [mark, elementAt(page, mark.path)]).filter(([, node]) => node !== null);
  for (const [mark, node] of found) {
    const words = [node.getAttribute("data-trimtab"), mark.words].filter(Boolean).join(", ");
    node.setAttribute("data-trimtab", words);
    node.setAttribute("data-trimtab-kind", mark.kind);
    node.setAttribute("title", words);
  }
  for (const node of page.querySelectorAll(ACTIVE)) node.remove();
  for (const node of page.querySelectorAll("*")) disarm(node);
  for (const sheet of page.querySelectorAll("style")) sheet.textContent = withoutAddresses(sheet.textContent);
  const outlines = page.createElement("style");
  outlines.textContent = OUTLINES;
  page.head.append(outlines);
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = POLICY;
  page.head.prepend(policy);
  return `<!doctype html>${page.documentElement.outerHTML}`;
}

/** The frame for a picture: of no origin, without scripts, forms, or a way out. */
export function framed(markup, title) {
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.setAttribute("referrerpolicy", "no-referrer");
  frame.setAttribute("title", title);
  frame.className = "picture";
  frame.srcdoc = markup;
  return frame;
}

/** The element at a path such as `/html/body/div[2]/span`, counting from 1 among siblings of one tag. */
function elementAt(page, path) {
  const [root, ...steps] = path.replace(/^\//, "").split("/");
  if (root !== "html") return null;
  let node = page.documentElement;
  for (const step of steps) {
    const [, tag, rank] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
    const alike = [...node.children].filter((child) => child.localName === tag);
    node = alike[Number(rank ?? 1) - 1];
    if (node === undefined) return null;
  }
  return node;
}

function disarm(node) {
  for (const { name } of [...node.attributes]) {
    if (name.startsWith("on") || REACHING.has(name.toLowerCase())) node.removeAttribute(name);
  }
  const style = node.getAttribute("style");
  if (style !== null) node.setAttribute("style", withoutAddresses(style));
}

/** A style sheet that names no other file. */
function withoutAddresses(sheet) {
  return sheet.replace(/@import[^;]*;?/gi, "").replace(/(?:url|image-set|image|src)\([^)]*\)?/gi, "none");
}
