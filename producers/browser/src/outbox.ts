/**
 * The queue of events. An event leaves it when the collector has answered for it: until then it is stored,
 * and sent again with the same id, by the next page if need be.
 */

import { randomId } from "./identity";
import { now } from "./page";
import { QUEUE_PREFIX, type Shelf, localShelf, memoryShelf, storedKeys } from "./shelf";
import type { TouchlineEvent } from "./touchline.mjs";

const enum Limit {
  MostEvents = 500,
  MostStored = 1_000_000,
  LongestEvent = 15_000,
  OldestMs = 7 * 86_400_000,
  /** In characters, so at most 60 KB in UTF-8: browsers allow 64 KB while a page is left. */
  BatchCharacters = 20_000,
  BatchEvents = 50,
  DelayMs = 1_000,
  TimeoutMs = 15_000,
  LongestWaitMs = 60_000,
}

export interface Outbox {
  /** Store in this place from now on; take over what earlier pages left in local storage. */
  moveTo(shelf: Shelf): void;
  put(event: TouchlineEvent): void;
  /** Drop all events: the customer does not want them sent. */
  clear(): void;
  /** Send a batch, unless one is under way or the collector asked to wait. */
  flush(): void;
  /** The page is left, perhaps for good: hand everything over to the browser. */
  leave(): void;
  /** The customer is back, or the network is. */
  resume(): void;
}

/** The queue in front of a collector; its address has a query. */
export function createOutbox(address: string): Outbox {
  let shelf = memoryShelf();
  let events: TouchlineEvent[] = [];
  /** Events that could not be kept: too many, too large or too old. */
  let lost = 0;
  let inFlight: TouchlineEvent[] = [];
  /** Given to the browser, which tells nobody whether they arrived: they are sent again later. */
  let beaconed: TouchlineEvent[] = [];
  let failures = 0;
  let isRefused = false;
  let notBefore = 0;
  let timer = 0;
  const key = QUEUE_PREFIX + randomId();

  const store = () => {
    let text;
    while ((text = JSON.stringify({ events, lost })) && (events.length > Limit.MostEvents || text.length > Limit.MostStored)) {
      events.shift();
      lost++;
    }
    shelf.set(key, events.length ? text : "");
  };
  const schedule = (milliseconds: number) => {
    if (timer && milliseconds) return;
    clearTimeout(timer);
    timer = setTimeout(flush, milliseconds);
  };
  const nextBatch = () => {
    const batch: TouchlineEvent[] = [];
    let characters = 0;
    for (const event of events) {
      if (inFlight.includes(event) || beaconed.includes(event)) continue;
      characters += JSON.stringify(event).length;
      if (batch.length && (characters > Limit.BatchCharacters || batch.length >= Limit.BatchEvents)) break;
      batch.push(event);
    }
    return batch;
  };
  const target = () => address + (lost ? `&lost=not_kept=${lost}` : "");
  const answered = (status: number, retryAfter = 0) => {
    const batch = inFlight;
    inFlight = [];
    // 400: the collector keeps the body, and will not take it another time.
    if (status === 200 || status === 400) {
      events = events.filter((event) => !batch.includes(event));
      failures = 0;
      store();
      if (events.length) schedule(0);
    } else if (/^4(?!08|29)/.test(`${status}`)) {
      // The key is wrong or revoked, or something before the collector refuses. The next page tries again.
      isRefused = true;
    } else {
      const backoff = Limit.DelayMs * 2 ** failures++ * (0.5 + Math.random() / 2);
      notBefore = now() + Math.min(Limit.LongestWaitMs, Math.max(backoff, retryAfter * 1000));
      flush();
    }
  };

  function flush(): void {
    clearTimeout(timer);
    timer = 0;
    const wait = notBefore - now();
    if (wait > 0) return schedule(wait);
    const batch = nextBatch();
    if (!batch.length || inFlight.length || isRefused || !navigator.onLine) return;
    inFlight = batch;
    const reported = lost;
    fetch(target(), {
      method: "POST",
      body: bodyOf(batch),
      credentials: "omit",
      keepalive: true,
      signal: AbortSignal.timeout?.(Limit.TimeoutMs),
    })
      .then(async (response) => {
        if (response.ok) {
          warn(await response.json());
          lost -= reported;
        }
        answered(response.status, +response.headers.get("Retry-After")!);
      })
      .catch(() => answered(0));
  }

  return {
    flush,
    moveTo(other) {
      shelf.set(key, "");
      shelf = other;
      for (const name of shelf === localShelf ? storedKeys(QUEUE_PREFIX) : []) {
        // A tab that is still open sends its events too: the ids make that harmless.
        try {
          const stored = JSON.parse(shelf.get(name)!);
          for (const event of stored.events)
            if (Date.parse(event.time) < now() - Limit.OldestMs) lost++;
            else events.push(event);
          lost += stored.lost;
        } catch {
          // Not ours, or cut off.
        }
        shelf.set(name, "");
      }
      store();
      flush();
    },
    put(event) {
      if (JSON.stringify(event).length > Limit.LongestEvent) lost++;
      else events.push(event);
      store();
      schedule(events.length < Limit.BatchEvents ? Limit.DelayMs : 0);
    },
    clear() {
      events = [];
      lost = 0;
    },
    leave() {
      while (navigator.onLine && !isRefused) {
        const batch = nextBatch();
        if (!batch.length || !navigator.sendBeacon(target(), bodyOf(batch))) break;
        beaconed.push(...batch);
      }
    },
    resume() {
      beaconed = [];
      flush();
    },
  };
}

function bodyOf(events: TouchlineEvent[]): string {
  const sent_at = new Date();
  return JSON.stringify(events.map((event) => ({ ...event, sent_at })));
}

/** Tell the page's developer what the collector found wrong. */
function warn(answer: { results: { message?: string; field?: string }[] }): void {
  for (const { field, message } of answer.results) if (message) console.warn(`touchline: ${field}: ${message}`);
}
