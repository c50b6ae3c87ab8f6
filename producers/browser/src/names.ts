/** Names of elements and pages, as events have them: no query, no fragment, no input. */

/** The path of the page, with the route of an application that keeps it in the fragment (`#/cart`). */
export function pagePath(): string {
  return location.pathname + (/^#!?\/[^?]*/.exec(location.hash) ?? "");
}

/** A URL without its query and fragment: these may hold what a customer typed. */
export function bareUrl(url: string): string | undefined {
  return url.split(/[?#]/)[0] || undefined;
}

/** A short selector: the tag with its id, name or first class, below the nearest parent that has an id. */
export function nameOf(element: Element): string {
  const given = element.closest("[data-touchline-name]");
  if (given) return attribute(given, "data-touchline-name");
  const parts = [];
  for (let part: Element | null = element; part && parts.length < 3; part = part.parentElement) {
    const { id, localName } = part;
    const name = attribute(part, "name");
    const [first] = part.classList;
    parts.unshift(localName + (id ? `#${id}` : name ? `[name=${name}]` : first ? `.${first}` : ""));
    if (id) break;
  }
  return parts.join(" > ").slice(0, 120);
}

/** The label of a button or a link; other elements may show what the customer typed. */
export function labelOf(element: Element): string | undefined {
  const text = element.matches("a,button,summary,[role=button]") ? element.textContent! : "";
  return oneLine(attribute(element, "aria-label") || text).slice(0, 64) || undefined;
}

/** The words in the id and the classes of an element, in lower case. */
export function marksOf(element: Element): string {
  return `${element.id} ${attribute(element, "class")}`
    .replace(/([a-z])([A-Z])|[_-]+/g, "$1 $2")
    .toLowerCase();
}

/** Whether the page asks to leave an element out. */
export function isIgnored(element: Element): boolean {
  return !!element.closest("[data-touchline-ignore]");
}

export function attribute(element: Element, name: string): string {
  return element.getAttribute(name) ?? "";
}

export function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
