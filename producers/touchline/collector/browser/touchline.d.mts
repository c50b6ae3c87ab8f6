/** Touchline in the browser. */

/** Kinds of identifier (`account`, `loyalty`, `email`, `phone`, `social`, or your own) and their values. */
export type Identifiers = Record<string, string | number | (string | number)[]>;

/** The fields of an event. */
export type Data = Record<string, unknown>;

/** Whether the script may work: `required` waits for `consent()`, `cookieless` stores nothing in the browser. */
export type Consent = "granted" | "required" | "cookieless" | "denied";

/** An event as it is sent. */
export interface TouchlineEvent {
  id: string;
  type: string;
  time: string;
  channel: string;
  source: string;
  identifiers: Identifiers;
  data: Data;
  context: Data;
}

export interface Options {
  /** The browser key. A collector on the developer's own machine needs none. */
  key?: string;
  /** The collector's address. Default: where the script came from; for the module, the page's own host. */
  url?: string;
  /** The name of the system in its events. Default: the host name of the page. */
  source?: string;
  /** Default: `granted`. */
  consent?: Consent;
  /** The domain of the device cookie, such as `shop.example`, if several subdomains share one device. */
  cookieDomain?: string;
  /** Seconds after which a request that the customer waits for is slow. Default: 4. */
  slowSeconds?: number;
  /** Change an event before it is queued, or return null to drop it. */
  beforeSend?: (event: TouchlineEvent) => TouchlineEvent | null;
}

export interface Amount {
  /** In whole units of the currency. */
  value?: number;
  /** ISO 4217. */
  currency?: string;
}

export interface Cart extends Amount {
  cart_id: string;
  items?: number;
}

export interface Order extends Amount {
  order_id: string;
  cart_id?: string;
  items?: number;
}

export interface Payment extends Amount {
  cart_id?: string;
  order_id?: string;
  method?: string;
  reason?: string;
}

export interface Touchline {
  /** Start with these options. Only the ES module needs it: the script starts by its own attributes. */
  init(options: Options): void;
  /** Send an event of any type of the vocabulary. */
  track(type: string, data?: Data): void;
  /** Link this device to a customer who is signed in. Call it on every page of a customer who is. */
  identify(identifiers: Identifiers): void;
  /** At logout: forget the customer and take a new device id, so that the next person is another one. */
  reset(): void;
  /** The customer's choice. `denied` deletes what is stored, and ends the script's work. */
  consent(choice: "granted" | "cookieless" | "denied"): void;
  /** The cart changed. */
  cart(cart: Cart & Data): void;
  /** The checkout began. */
  checkout(cart: Cart & Data): void;
  /** A step of the checkout was completed. */
  checkoutStep(step: string, cart: Cart & Data): void;
  /** A payment failed. */
  paymentFailed(payment: Payment & Data): void;
  /** An order was confirmed to the customer. */
  order(order: Order & Data): void;
  /** Send now what is queued. */
  flush(): void;
}

export declare const touchline: Touchline;
export default touchline;
