// Sends CloudEvents to the address in its first argument, as an application does.
import { CloudEvent, emitterFor, httpTransport, Mode } from "cloudevents";

const url = process.argv[2];
const binary = emitterFor(httpTransport(url), { mode: Mode.BINARY });
const structured = emitterFor(httpTransport(url), { mode: Mode.STRUCTURED });

// As docs/connect/cloudevents.md has it.
const transport = async ({ headers, body }) => {
  const answer = await fetch(url, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
};
const emit = emitterFor(transport);

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
await emit(event("repeated")).catch(() => emit(event("repeated")));
await structured(event("bytes", { type: "note.left", data: new Uint8Array([0, 255]) }));
