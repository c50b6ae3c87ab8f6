// Sends the story with Segment's client for Node: segment_node.mjs HOST KEY
import { Analytics } from "@segment/analytics-node";
import { story } from "./story.mjs";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushInterval: 500 });
analytics.on("error", (error) => console.error(error));
for (const [kind, fields] of story("segment-node")) analytics[kind](fields);
await analytics.closeAndFlush();
