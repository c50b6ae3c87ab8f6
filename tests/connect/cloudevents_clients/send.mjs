// Sends CloudEvents to the address in its first argument, as an application does.
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";

const transport = httpTransport(process.argv[2]);
const binary = emitterFor(transport, { mode: Mode.BINARY });
const structured = emitterFor(transport, { mode: Mode.STRUCTURED });

const event = (id, fields = {}) =>
  new CloudEvent({
    id,
    source: "https://shop.example/js",
    type: "com.example.checkout.started",
    time: "2026-11-29T21:19:00.123Z",
    subject: "carts/77",
    account: "u-17",
    channel: "app",
    data: { value: 80.5 },
    ...fields,
  });

await binary(event("binary"));
await structured(event("structured"));
await binary(event("unknown", { type: "com.example.QuizFinished" }));
await binary(event("text", { type: "note.left", data: "Grüße", datacontenttype: "text/plain" }));
await structured(event("bytes", { type: "note.left", data: new Uint8Array([0, 255]) }));
