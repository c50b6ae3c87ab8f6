/**
 * Dead clicks: a click on a button or link after which nothing changes for 2.5 seconds. Not reported is a
 * click that has an effect outside of the page, and one of which nobody can tell.
 */

import { type Click, isRepeatedOnPurpose, isSelected, wordsOf } from "./clicks";
import { attribute, labelOf, nameOf } from "./names";
import { type Page, listen, now } from "./page";

const enum Limit {
  WaitMs = 2_500,
  /** Later scrolls and moves of the focus are the customer's next action. */
  SoonMs = 250,
  /** A handler that takes longer showed a dialog of the browser, in all likelihood. */
  BlockedMs = 1_000,
}

export interface Dead {
  pressed(element: Element): void;
  clicked(click: Click): void;
  /** Something happened. */
  changed(): void;
}

export function deadClicks(page: Page): Dead {
  let waiting: { click: Click; clicks: number; last: number } | undefined;
  let timer = 0;
  /** Whether something changed since the press. */
  let isAlive = false;

  const stop = () => {
    waiting = undefined;
    clearTimeout(timer);
    observer.disconnect();
  };
  const changed = () => {
    isAlive = true;
    stop();
  };
  const soon = () => {
    if (waiting && now() - waiting.last < Limit.SoonMs) changed();
  };
  const observer = new MutationObserver((records) => {
    // Scripts and styles that are added cannot be seen.
    if (records.some(({ addedNodes, target }) => !/^(SCRIPT|STYLE|LINK|META)$/.test((addedNodes[0] ?? target).nodeName))) changed();
  });
  const end = () => {
    const { click, clicks, last } = waiting!;
    stop();
    const control = click.control!;
    const data = { element: nameOf(control), text: labelOf(control), clicks, waited_seconds: (now() - last) / 1000 };
    page.track("element.dead_clicked", data, click.at);
  };

  listen("input change invalid toggle copy play pause pagehide beforeprint visibilitychange", changed);
  listen("selectionchange", () => {
    if (waiting && isSelected(waiting.click.element)) soon();
  });
  listen("scroll", soon);
  listen("focusin", ({ target }) => {
    if (!waiting?.click.control!.contains(target as Node)) soon();
  });
  listen("blur", ({ target }) => {
    if (target === window) changed();
  });
  listen("submit", (event) => {
    setTimeout(() => event.defaultPrevented || changed());
  });

  return {
    changed,
    pressed(element) {
      // Many menus open at the press, before the click.
      if (!waiting) isAlive = false;
      const options = { subtree: true, childList: true, attributes: true, characterData: true };
      observer.observe(document.body, options);
      for (let root = element.getRootNode(); root instanceof ShadowRoot; root = root.host.getRootNode())
        observer.observe(root, options);
    },
    clicked(click) {
      const { control, at } = click;
      const before = waiting?.click.control === control ? waiting : undefined;
      if (isAlive || !control || actsElsewhere(click) || isRepeatedOnPurpose(click)) return stop();
      // Of an earlier click on something else nobody can tell any more: what happens may come of either.
      waiting = { click: before?.click ?? click, clicks: (before?.clicks ?? 0) + 1, last: at };
      clearTimeout(timer);
      timer = setTimeout(end, Limit.WaitMs);
      setTimeout(() => {
        if (now() - at > Limit.BlockedMs || navigates(click)) changed();
      });
    },
  };
}

/** A click whose effect is not in this page: another tab, a file, another program, the clipboard. */
function actsElsewhere({ event, control }: Click): boolean {
  const link = control!.closest("a,[formtarget]");
  const target = link && (attribute(link, "target") || attribute(link, "formtarget"));
  return (
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    event.altKey ||
    // A web component that is closed.
    (control!.localName.includes("-") && !control!.shadowRoot) ||
    /\b(download|export|print|copy)\b/.test(wordsOf(control!)) ||
    !!link?.hasAttribute("download") ||
    (!!target && target !== "_self") ||
    // Another program (mailto:, tel:), or a place of this page that may be in view already.
    /^((?!https?:|javascript:)[a-z][a-z+.-]*:|#.)/i.test(hrefOf(control!))
  );
}

/** Whether the browser itself follows the click: to another page. */
function navigates({ event, control }: Click): boolean {
  return !event.defaultPrevented && /^(?!#|javascript:)./i.test(hrefOf(control!));
}

function hrefOf(control: Element): string {
  const link = control.closest("a");
  return link ? attribute(link, "href") : "";
}
