/** The client: it joins the watchers of the page, the identity and the queue. */

import { watchClicks } from "./clicks";
import { deadClicks } from "./dead";
import { watchErrors } from "./errors";
import { watchForms } from "./forms";
import { type Identity, createIdentity, randomId } from "./identity";
import { bareUrl, pagePath } from "./names";
import { type Outbox, createOutbox } from "./outbox";
import { type Page, listen, now, watchActions } from "./page";
import { rageClicks } from "./rage";
import { watchRequests } from "./requests";
import { DEVICE_KEY, cookieShelf, localShelf, memoryShelf, storedKeys } from "./shelf";
import type { Consent, Data, Options, Touchline, TouchlineEvent } from "./touchline.mjs";
import { watchViews } from "./views";

export function createClient(): Touchline {
  let options: Options;
  let mode: Consent;
  /** Only while the customer allows it. */
  let identity: Identity | undefined;
  let outbox: Outbox;
  let viewed: ((again: boolean) => void) | undefined;
  /** Without a device id, the events of one page have this in common. */
  const session_id = randomId();

  const deviceShelf = () => (options.cookieDomain ? cookieShelf(options.cookieDomain) : localShelf);

  function track(type: string, data: Data = {}, at = now()): void {
    if (!identity) return;
    const page = pagePath();
    const isStored = mode === "granted";
    const { device, ...customer } = identity.identifiers();
    let event: TouchlineEvent | null = {
      id: randomId(),
      type,
      time: new Date(at).toISOString(),
      channel: "web",
      source: options.source ?? location.hostname,
      identifiers: isStored ? { ...customer, device: device! } : customer,
      data: /^(page|element|form|error)\./.test(type) ? { page, url: bareUrl(location.href), ...data } : data,
      context: { page, locale: navigator.language, session_id: isStored ? undefined : session_id },
    };
    try {
      if (options.beforeSend) event = options.beforeSend(event);
      if (event) outbox.put(event);
    } catch (error) {
      // The page must not fail because of what it hid or sent. The event cannot be sent.
      console.error("touchline:", error);
    }
  }

  function watch(): void {
    const page: Page = { track, actedAt: 0, failedAt: 0 };
    watchActions(page);
    const dead = deadClicks(page);
    const rage = rageClicks(page);
    watchClicks(dead.pressed, (click) => {
      dead.clicked(click);
      rage.clicked(click);
    });
    viewed = watchViews(page, dead.changed);
    const forms = watchForms(page);
    watchErrors(page, forms);
    const own = new URL(`${options.url}/v1/events`, document.baseURI).href;
    const leaveRequests = watchRequests(page, +(options.slowSeconds ?? 4), own);
    const left = () => {
      rage.end();
      leaveRequests();
      forms.leave();
      outbox.leave();
    };
    listen("pagehide", left);
    listen("visibilitychange", () => (document.hidden ? left() : outbox.resume()));
    listen("online", () => outbox.resume());
  }

  function consent(choice: Consent): void {
    if (choice === mode) return;
    const isNew = !identity;
    mode = choice;
    identity = undefined;
    const isStored = choice === "granted";
    if (!isStored) {
      for (const key of storedKeys()) localShelf.set(key, "");
      if (options.cookieDomain) deviceShelf().set(DEVICE_KEY, "");
    }
    if (choice === "denied") return outbox.clear();
    const begin = () => {
      identity = createIdentity(isStored ? deviceShelf() : memoryShelf());
      outbox.moveTo(isStored ? localShelf : memoryShelf());
      if (!viewed) watch();
      viewed!(isNew);
    };
    // A page that the browser prepares may never be shown.
    if ((document as { prerendering?: boolean }).prerendering) listen("prerenderingchange", begin);
    else begin();
  }

  return {
    init(given) {
      const url = (given.url ?? "").replace(/\/$/, "");
      options = { ...given, url };
      outbox = createOutbox(`${url}/v1/events?key=${encodeURIComponent(given.key ?? "")}`);
      mode = "required";
      if (given.consent !== mode) consent(given.consent ?? "granted");
    },
    track,
    identify(customer) {
      if (customer && identity?.identify(customer) && mode === "granted") track("identity.linked");
    },
    reset: () => void identity?.renew(),
    consent,
    cart: (data) => track("cart.updated", data),
    checkout: (data) => track("checkout.started", data),
    checkoutStep: (step, data) => track("checkout.step_completed", { step, ...data }),
    paymentFailed: (data) => track("payment.failed", data),
    order: (data) => track("order.placed", data),
    flush: () => outbox?.flush(),
  };
}
