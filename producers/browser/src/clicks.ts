/** Clicks that can be rage or dead clicks, without those that never are. */

import { isIgnored, labelOf, marksOf } from "./names";
import { listen, now } from "./page";

export interface Click {
  event: MouseEvent;
  element: Element;
  /** The button or link that was meant; null for a click on something that is neither. */
  control: Element | null;
  at: number;
}

const BUTTONS = ":is([type=button],[type=submit],[type=image],[type=reset])";
const CONTROL = `a,button,summary,input${BUTTONS},[role=button],[onclick]`;

/** Fields, where clicking places the cursor or opens what the browser itself draws, and players. */
const OWN_WAY =
  `input:not(${BUTTONS}),select,textarea,option,label,canvas,video,audio,` +
  "[contenteditable]";

const enum Limit {
  DragPixels = 10,
}

/** Call `pressed` at the start of each press, with what was pressed, and `clicked` for each click. */
export function watchClicks(pressed: (element: Element) => void, clicked: (click: Click) => void): void {
  let down: MouseEvent | undefined;
  listen<PointerEvent>("pointerdown", (event) => {
    down = event;
    pressed(target(event));
  });
  listen<MouseEvent>("click", (event) => {
    const element = target(event);
    // A key on a button makes a click as well, without a count; a program makes one that is not trusted.
    if (!event.isTrusted || !event.detail || element === document.documentElement) return;
    if ((down && pixels(down, event) > Limit.DragPixels) || isIgnored(element) || element.closest(OWN_WAY)) return;
    const control =
      element.closest(CONTROL) ?? (getComputedStyle(element).cursor === "pointer" ? element : null);
    clicked({ event, element, control, at: now() });
  });
}

export function pixels(one: MouseEvent, other: MouseEvent): number {
  return Math.abs(one.clientX - other.clientX) + Math.abs(one.clientY - other.clientY);
}

/** Whether text of an element is selected. */
export function isSelected(element: Element): boolean {
  const selection = getSelection();
  return !!selection && !selection.isCollapsed && selection.containsNode(element, true);
}

const AROUND = /\b(calendar|(date|day) ?picker|carousel|slider|swiper|stepper|pagination)\b/;

/** Steppers, calendars, carousels: what is clicked again and again on purpose. */
export function isRepeatedOnPurpose({ element, control }: Click): boolean {
  const button = control ?? element;
  // Plus, minus and arrows.
  if (/^[^\p{L}\p{N}]{1,2}$/u.test(button.textContent!.trim())) return true;
  if (/\b(stepper|(in|de)cre\w+|quantity|plus|minus)\b/.test(wordsOf(button))) return true;
  for (let part: Element | null = button, up = 0; part && up < 6; part = part.parentElement, up++)
    if (AROUND.test(marksOf(part))) return true;
  return false;
}

/** The words of an element: its label and its marks. */
export function wordsOf(element: Element): string {
  return `${labelOf(element)} ${marksOf(element)}`.toLowerCase();
}

/** What was really pressed, inside of web components too. */
function target(event: Event): Element {
  const [first] = event.composedPath();
  return first instanceof Element ? first : document.documentElement;
}
