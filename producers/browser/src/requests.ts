/** Requests that the customer waits for, because they began right after a click or a key: failed or slow. */

import { type Page, actedJustNow, now } from "./page";

const enum Limit {
  LeavingMs = 200,
}

interface Waiting {
  request: string;
  began: number;
}

/** Returns what to call when the page is left. */
export function watchRequests(page: Page, slowSeconds: number, own: string): () => void {
  const pending = new Set<Waiting>();

  /** A status of 0: no answer came. None: nobody waits for it any more. */
  const settle = (waiting: Waiting, status?: number, seconds = (now() - waiting.began) / 1000) => {
    if (!pending.delete(waiting)) return;
    const data = { request: waiting.request, status: status || undefined, seconds };
    if (status === 0 || status! >= 500) {
      page.failedAt = now();
      page.track("page.failed", data);
    } else if (seconds >= slowSeconds) page.track("page.stalled", data);
  };
  const begin = (method: unknown, address: unknown) => {
    let url;
    try {
      url = new URL(`${address}`, document.baseURI);
    } catch {
      // The page's request fails by itself.
    }
    if (!url || !actedJustNow(page) || url.href.startsWith(own)) return;
    const place = (url.origin === location.origin ? "" : url.host) + url.pathname;
    const waiting = { request: `${method}`.toUpperCase() + ` ${place}`, began: now() };
    pending.add(waiting);
    return (status?: number) => {
      // The end of the page ends its requests too, and it does so first.
      if (status === 0) setTimeout(settle, Limit.LeavingMs, waiting, 0, (now() - waiting.began) / 1000);
      else settle(waiting, status);
    };
  };

  const { fetch } = window;
  window.fetch = function (input, init) {
    const { method = "GET", url = input } = (input ?? {}) as Request;
    const end = begin(init?.method ?? method, url);
    const answer = fetch.call(this, input, init);
    if (end)
      answer.then(
        ({ status }) => end(status),
        (error) => end(error?.name === "AbortError" ? undefined : 0),
      );
    return answer;
  };

  const { prototype } = XMLHttpRequest;
  const { open } = prototype;
  prototype.open = function (this: XMLHttpRequest, ...given: [unknown, unknown]) {
    const end = begin(...given);
    if (end) {
      this.addEventListener("abort", () => end());
      this.addEventListener("loadend", () => end(this.status));
    }
    return open.apply(this, given as never);
  };

  return () => {
    for (const waiting of pending) settle(waiting);
  };
}
