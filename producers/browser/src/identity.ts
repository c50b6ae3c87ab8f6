/**
 * Who uses the browser: a device id of its own, and the customer who is signed in.
 *
 * What is stored is `device.account.linked`: the device id, the digest of the account it belongs to, and that of
 * the identifiers it was linked with last. Every tab reads it again, so a logout in one tab holds in all.
 */

import { DEVICE_KEY, type Shelf, memoryShelf } from "./shelf";
import type { Identifiers } from "./touchline.mjs";

type Stored = [device: string, account: string, linked: string];

export interface Identity {
  /** The identifiers of an event. */
  identifiers(): Identifiers;
  /** Remember the customer of this page. Returns whether the link is new. */
  identify(customer: Identifiers): boolean;
  /** Forget the customer, and take a new device id. */
  renew(): Stored;
}

export function createIdentity(shelf: Shelf): Identity {
  let customer: Identifiers = {};

  const save = (stored: Stored): Stored => {
    const text = stored.join(".");
    if (!shelf.set(DEVICE_KEY, text)) {
      // The browser stores nothing: one device id for this page is better than one for each event.
      shelf = memoryShelf();
      shelf.set(DEVICE_KEY, text);
    }
    return stored;
  };
  const renew = (): Stored => save([randomId(), "", ""]);
  const load = (): Stored => {
    const parts = shelf.get(DEVICE_KEY)?.split(".");
    return parts?.length === 3 ? (parts as Stored) : renew();
  };
  return {
    renew,
    identifiers() {
      const [device] = load();
      return customer.device === device ? customer : { device };
    },
    identify(given) {
      let [device, account, linked] = load();
      if (given.account) {
        const other = digest(`${given.account}`);
        // Somebody else signed in, and nobody signed out.
        if (account && account !== other) [device, , linked] = renew();
        account = other;
      }
      const link = digest(JSON.stringify(given));
      customer = { ...given, device };
      save([device, account, link]);
      return link !== linked;
    },
  };
}

/** 128 random bits. `crypto.randomUUID` is missing on pages without TLS. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
}

/** A short digest, so that identifiers themselves are not stored. */
function digest(text: string): string {
  let hash = 0;
  for (const letter of text) hash = (Math.imul(hash, 31) + letter.codePointAt(0)!) | 0;
  return `${hash}`;
}
