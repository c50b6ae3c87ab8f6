// The calls of one customer, in the order of segment_story.py: each is [kind, fields].

const products = [
  { product_id: "p-1", price: 19, quantity: 2 },
  { product_id: "p-2", price: 10.5, quantity: 1 },
];
export const order = { order_id: "o-1", total: 48.5, currency: "EUR", products };
export const checkout = { order_id: "o-1", value: 48.5, currency: "EUR", products };
export const added = { cart_id: "c-1", product_id: "p-1", price: 19, quantity: 2 };
export const quiz = { score: 7, tags: ["a", "é"] };
export const quizTime = new Date("2026-05-28T20:36:30.123Z");
export const viewed = 20;

export function story(name) {
  const userId = `u-${name}`;
  return [
    ["identify", { userId, traits: { email: `Ann@${name}.example`, plan: "pro" } }],
    ["track", { userId, event: "Product Added", properties: added }],
    ["track", { userId, event: "Checkout Started", properties: checkout }],
    ["track", { userId, event: "Order Completed", properties: order }],
    ["track", { userId, event: "Quiz Finished", properties: quiz, timestamp: quizTime }],
    ["page", { userId, name: "Shoes", category: "Shop", properties: { path: "/shoes" } }],
    ["screen", { userId, name: "Basket" }],
    ["group", { userId, groupId: "acme", traits: { seats: 12 } }],
    ["alias", { userId, previousId: `before-${name}` }],
    ...Array.from({ length: viewed }, (_, number) => [
      "track",
      { userId, event: "Product Viewed", properties: { number } },
    ]),
  ];
}
