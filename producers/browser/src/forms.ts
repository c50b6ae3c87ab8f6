/** Forms: started, a field refused, submitted. Never what was typed. */

import { attribute, isIgnored, nameOf } from "./names";
import { type Page, actedJustNow, listen, now } from "./page";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const enum Limit {
  SameFailureMs = 1_000,
  /** How long the page may take to refuse a form that it sends by itself. */
  VerdictMs = 2_000,
}

export interface Forms {
  /** The page is left: what it sent so far and did not refuse counts as submitted. */
  leave(): void;
  /** A field was marked as wrong, by the browser or by the page. */
  failed(field: Element, reason: string): void;
}

export function watchForms(page: Page): Forms {
  const startedAt = new WeakMap<HTMLFormElement, number>();
  const failedAt = new WeakMap<Element, number>();
  const undecided = new Set<() => void>();

  const failed = (field: Element, reason: string) => {
    const form = field.closest("form");
    if (!form || isLeftOut(form) || now() - (failedAt.get(field) ?? 0) < Limit.SameFailureMs) return;
    page.failedAt = now();
    failedAt.set(field, page.failedAt);
    const name = attribute(field, "name") || field.id || nameOf(field);
    page.track("form.field_failed", { form_id: idOf(form), field: name, reason });
  };

  listen("input", ({ isTrusted, target }) => {
    const { form, type } = target as Field;
    if (!isTrusted || !form || type === "search" || startedAt.has(form) || isLeftOut(form)) return;
    startedAt.set(form, now());
    const fields = form.querySelectorAll("select,textarea,input:not([type=hidden])").length;
    page.track("form.started", { form_id: idOf(form), fields });
  });
  listen("invalid", ({ target }) => {
    // A page may check its fields at any time; the browser shows what is wrong when the customer submits.
    if (actedJustNow(page)) failed(target as Field, reasonOf((target as Field).validity));
  });
  listen("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const started = startedAt.get(form);
    if (!started) return;
    const at = now();
    const decide = () => {
      if (!undecided.delete(decide) || page.failedAt >= at) return;
      startedAt.delete(form);
      page.track("form.submitted", { form_id: idOf(form), seconds: (at - started) / 1000 }, at);
    };
    undecided.add(decide);
    setTimeout(() => setTimeout(decide, event.defaultPrevented ? Limit.VerdictMs : 0));
  });
  return {
    failed,
    leave() {
      for (const decide of undecided) decide();
    },
  };
}

function isLeftOut(form: HTMLFormElement): boolean {
  return isIgnored(form) || !!form.closest("[role=search]");
}

function idOf(form: HTMLFormElement): string {
  // A field named `id` or `name` hides the form's own.
  return (attribute(form, "id") || attribute(form, "name") || nameOf(form)).slice(0, 256);
}

/** Which rule of the field is not met, such as `valueMissing`. The browser's message may hold the input. */
function reasonOf(validity: ValidityState): string {
  for (const reason in validity) if (validity[reason as keyof ValidityState]) return reason;
  return "invalid";
}
