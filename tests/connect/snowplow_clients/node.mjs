// What a shop's server sends with Snowplow's tracker: `node node.mjs HOST:PORT/k/KEY`.
import {
  buildEcommerceTransaction,
  buildLinkClick,
  buildPageView,
  buildScreenView,
  buildSelfDescribingEvent,
  buildSiteSearch,
  buildStructEvent,
  newTracker,
} from "@snowplow/node-tracker";

const endpoint = process.argv[2];
const shop = "iglu:com.snowplowanalytics.snowplow.ecommerce";

function trackerFor(namespace, options) {
  const tracker = newTracker(
    { namespace, appId: "shop-node" },
    { endpoint, protocol: "http", bufferSize: 1, ...options },
  );
  tracker.setUserId("u-node");
  tracker.setDomainUserId("d-node");
  tracker.setSessionId("s-node");
  return tracker;
}

const action = (type) =>
  buildSelfDescribingEvent({
    event: { schema: `${shop}/snowplow_ecommerce_action/jsonschema/1-0-2`, data: { type } },
  });
const entity = (name, data) => ({ schema: `${shop}/${name}/jsonschema/1-0-0`, data });
const cart = entity("cart", { cart_id: "c-node", total_value: 19.5, currency: "EUR" });
const user = entity("user", { id: "u-node", email: "Node@shop.example" });

const posts = trackerFor("posts");
posts.track(buildPageView({ pageUrl: "https://shop.example/sale?x=1", pageTitle: "Sale" }));
await posts.flush();
posts.track(action("add_to_cart"), [cart, user, entity("product", { id: "p-1", price: 19.5, currency: "EUR" })]);
posts.track(action("checkout_step"), [cart, entity("checkout_step", { step: 1 })]);
posts.track(action("checkout_step"), [entity("checkout_step", { step: 2, payment_method: "card" })]);
posts.track(action("transaction"), [
  cart,
  entity("transaction", {
    transaction_id: "o-node",
    revenue: 19.5,
    currency: "EUR",
    payment_method: "card",
    total_quantity: 1,
  }),
]);
posts.track(action("refund"), [
  entity("refund", { transaction_id: "o-node", currency: "EUR", refund_amount: 9.75, refund_reason: "damaged" }),
]);
posts.track(action("product_view"), [entity("product", { id: "p-1", price: 19.5, currency: "EUR" })]);
posts.track(buildStructEvent({ category: "help", action: "open-chat", value: 2.5 }));
posts.track(buildScreenView({ name: "Basket", id: "6e5f9c3a-3c5c-4e0a-9a43-2f1f6a0b7c11" }));
posts.track(buildLinkClick({ targetUrl: "https://shop.example/faq", elementId: "faq", elementContent: "Help" }));
posts.track(buildSiteSearch({ terms: ["red", "shoes"], totalResults: 0 }));
posts.track(buildEcommerceTransaction({ orderId: "o-old", total: 30, tax: 5, currency: "eur" }));
posts.track(
  buildSelfDescribingEvent({
    event: { schema: "iglu:com.acme.shop/quiz_finished/jsonschema/1-0-0", data: { score: 7, answers: ["ä", "b"] } },
  }),
  [],
  { type: "ttm", value: Date.UTC(2026, 0, 2, 3, 4, 5) },
);
// The collector seems to be away for two requests: what was not sent goes with the next.
for (let flushes = 0; flushes < 3; flushes += 1) await posts.flush();

const gets = trackerFor("gets", { eventMethod: "get" });
gets.track(buildStructEvent({ category: "pixel", action: "seen", label: "é & ü" }));
await gets.flush();
