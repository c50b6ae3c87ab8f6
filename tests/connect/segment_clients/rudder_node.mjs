// Sends the story with RudderStack's client for Node: rudder_node.mjs HOST KEY
import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { story } from "./story.mjs";

const [dataPlaneUrl, writeKey] = process.argv.slice(2);
const client = new RudderAnalytics(writeKey, { dataPlaneUrl, flushInterval: 500, errorHandler: console.error });
for (const [kind, fields] of story("rudder-node")) client[kind](fields);
await client.flush();
