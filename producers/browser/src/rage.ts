/**
 * Rage clicks: three clicks or more, each within a second and 30 pixels (|dx| + |dy|) of the one before,
 * while nothing near them changed. What changes with every click is a control that works.
 */

import { type Click, isRepeatedOnPurpose, isSelected, pixels } from "./clicks";
import { labelOf, nameOf } from "./names";
import type { Page } from "./page";

const enum Limit {
  Fewest = 3,
  WithinMs = 1_000,
  WithinPixels = 30,
  MostElements = 150,
}

export interface Rage {
  clicked(click: Click): void;
  /** Report the burst so far. */
  end(): void;
}

export function rageClicks(page: Page): Rage {
  let burst: Click[] = [];
  let timer = 0;
  let near = "";

  const end = () => {
    const third = burst[Limit.Fewest - 1];
    if (third) {
      const element = third.control ?? third.element;
      const data = { element: nameOf(element), text: labelOf(element), clicks: burst.length };
      page.track("element.rage_clicked", data, third.at);
    }
    burst = [];
  };
  return {
    end,
    clicked(click) {
      clearTimeout(timer);
      const { control, element, event, at } = click;
      if ((!control && isSelected(element)) || isRepeatedOnPurpose(click)) return end();
      const around = surroundings(control ?? element);
      const last = burst.at(-1);
      if (last && (at - last.at > Limit.WithinMs || pixels(event, last.event) >= Limit.WithinPixels || around !== near)) end();
      near = around;
      burst.push(click);
      timer = setTimeout(end, Limit.WithinMs);
    },
  };
}

/** What stands around an element, up to three levels above, without the element itself. Never sent. */
function surroundings(element: Element): string {
  let around = element;
  for (let up = 0; up < 3; up++) {
    const parent: Element | null = around.parentElement;
    if (!parent || parent === document.body || parent.getElementsByTagName("*").length > Limit.MostElements) break;
    around = parent;
  }
  if (around === element) return "";
  const values = Array.from(around.querySelectorAll("input"), ({ value }) => value);
  return around.innerHTML.replace(element.outerHTML, "") + values;
}
