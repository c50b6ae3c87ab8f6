/** What the watchers of a page share. */

export interface Page {
  /** Report an event that happened now, or at a time in milliseconds since 1970. */
  track(type: string, data: Record<string, unknown>, at?: number): void;
  /** When the customer last clicked or pressed a key. */
  actedAt: number;
  /** When the customer was last shown a failure. */
  failedAt: number;
}

const enum Limit {
  /** How long after a click or a key what happens is taken for its effect. */
  EffectMs = 1_000,
}

export const now = Date.now;

/** Listen to events of some types, before the page itself does. */
export function listen<E extends Event = Event>(types: string, heard: (event: E) => void): void {
  for (const type of types.split(" ")) addEventListener(type, heard as (event: Event) => void, true);
}

export function watchActions(page: Page): void {
  listen("click keydown submit", (event) => {
    if (event.isTrusted) page.actedAt = now();
  });
}

export function actedJustNow(page: Page): boolean {
  return now() - page.actedAt < Limit.EffectMs;
}
