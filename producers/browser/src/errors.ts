/** Errors that the page shows: texts of alerts, and fields that it marks as wrong. */

import type { Forms } from "./forms";
import { attribute, isIgnored, marksOf, oneLine } from "./names";
import { type Page, listen, now } from "./page";

const enum Limit {
  ScanMs = 200,
  SameMessageMs = 5_000,
  Longest = 200,
  MostTyped = 100,
}

export function watchErrors(page: Page, forms: Forms): void {
  const shown = new WeakMap<Element, string>();
  const typed = new Set<string>();
  let reported = "";
  let timer = 0;

  const scan = () => {
    timer = 0;
    for (const alert of document.querySelectorAll<HTMLElement>("[role=alert],[aria-live=assertive],[data-touchline-error]")) {
      const text = alert.getClientRects().length ? oneLine(alert.innerText) : "";
      if (text === (shown.get(alert) ?? "")) continue;
      shown.set(alert, text);
      if (!text || isIgnored(alert) || /\b(success|info|notice|saved|added)\b/.test(`${marksOf(alert)} ${marksOf(alert.firstElementChild ?? alert)}`))
        continue;
      const message = withoutInput(text, typed).slice(0, Limit.Longest);
      const isRepeated = message === reported && now() - page.failedAt < Limit.SameMessageMs;
      page.failedAt = now();
      reported = message;
      if (!isRepeated) page.track("error.shown", { message });
    }
  };
  const later = () => {
    timer ||= setTimeout(scan, Limit.ScanMs);
  };
  new MutationObserver((records) => {
    for (const { target, attributeName, oldValue } of records)
      if (attributeName === "aria-invalid" && oldValue !== "true" && attribute(target as Element, attributeName) === "true")
        forms.failed(target as Element, "marked");
    later();
  }).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: ["aria-invalid", "class", "hidden", "style", "role"],
    attributeOldValue: true,
  });
  listen("change", ({ target }) => {
    // Remembered in this page, because a form may be empty again when its error is shown.
    if (typed.size < Limit.MostTyped) typed.add(valueOf(target as HTMLInputElement));
  });
  later();
}

/** A message without what the customer typed: values of fields, e-mail addresses, long numbers. */
function withoutInput(message: string, typed: Set<string>): string {
  const fields = document.querySelectorAll<HTMLInputElement>("input,textarea,select");
  const values = [...typed, ...Array.from(fields, valueOf)].sort((one, other) => other.length - one.length);
  for (const value of values) {
    const literal = value.replace(/[^\p{L}\p{N}\s]/gu, "\\$&");
    // One or two letters may be part of any word.
    const pattern = value.length > 2 ? literal : `(?<!\\w)${literal}(?!\\w)`;
    if (value) message = message.replace(new RegExp(pattern, "gi"), "…");
  }
  return message.replace(/\S+@\S+|\d[\d .-]{4,}\d/g, "…");
}

/** What a customer typed into a field or chose there. */
function valueOf(field: HTMLInputElement | HTMLSelectElement): string {
  const value = "selectedOptions" in field ? field.selectedOptions[0]?.text : /^(hidden|checkbox|radio|submit|button)$/.test(field.type) ? "" : field.value;
  return oneLine(`${value ?? ""}`);
}
