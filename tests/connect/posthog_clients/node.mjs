// Sends with PostHog's library for Node, to a collector at a URL with a key, and prints its errors.
import { PostHog } from "posthog-node";

const [host, key] = process.argv.slice(2);
const VISITOR = "01a22a99-e630-7d2f-9b7e-2c39b51a4ee3";
const when = new Date("2026-01-02T03:04:05.678Z");
const errors = [];

async function send(mode, calls) {
  process.env.POSTHOG_CAPTURE_MODE = mode;
  const shop = new PostHog(key, { host, fetchRetryDelay: 200 });
  shop.on("error", (error) => errors.push(String(error.message ?? error)));
  calls(shop);
  // The library's timers do not keep the process.
  const alive = setInterval(() => {}, 1000);
  await shop.shutdown(20000);
  clearInterval(alive);
}

await send("v0", (shop) => {
  const quiz = { score: 7, ratio: 0.5, words: ["ä"], limit: Infinity };
  shop.capture({
    distinctId: "u-node",
    event: "Quiz Finished",
    properties: quiz,
    timestamp: when,
    groups: { company: "acme" },
  });
  shop.identify({ distinctId: "u-node", properties: { $set: { email: "Node@Shop.example", plan: "pro" } } });
  shop.identify({ distinctId: "u-node", properties: { phone: "+49 30 1234567" } });
  shop.alias({ distinctId: "u-node", alias: VISITOR });
  shop.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme" } });
  shop.capture({ event: "of nobody" });
  shop.captureException(new TypeError("no stock"), "u-node");
});

await send("v1", (shop) => {
  shop.capture({ distinctId: "u-node", event: "by version 1", properties: { $session_id: "s-1" }, timestamp: when });
  shop.identify({ distinctId: "u-node", properties: { email: "Node@Shop.example" } });
  shop.capture({ distinctId: "u-node", event: "too large", properties: { text: "x".repeat(40000) } });
});

console.log(JSON.stringify(errors));
