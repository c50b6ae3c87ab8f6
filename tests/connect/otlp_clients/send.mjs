// Sends events to the address in its first argument, as an application does.
import exporters from "@opentelemetry/exporter-logs-otlp-http";
import resources from "@opentelemetry/resources";
import logs from "@opentelemetry/sdk-logs";

const [, , url, compression] = process.argv;
const exporter = new exporters.OTLPLogExporter({ url, compression });
const provider = new logs.LoggerProvider({
  resource: resources.resourceFromAttributes({ "service.name": "shop-js", "os.name": "Android" }),
  processors: [new logs.BatchLogRecordProcessor({ exporter })],
});
const logger = provider.getLogger("shop.web");
const timestamp = new Date("2026-11-29T21:19:00.123Z");
const attributes = { "user.id": "u-17", "session.id": "s-9", "cart.id": "77", value: 80.5, items: 3 };

logger.emit({ eventName: "com.example.checkout.started", timestamp, attributes });
logger.emit({ eventName: "app.widget.click", timestamp, attributes: { ...attributes, "app.widget.id": "pay" } });
logger.emit({ body: "a line of a log", timestamp, attributes });
await provider.forceFlush();
logger.emit({
  eventName: "com.example.QuizFinished",
  timestamp,
  attributes,
  body: { answers: ["a", 2, true], nested: { note: "Grüße" } },
});
await provider.shutdown();
