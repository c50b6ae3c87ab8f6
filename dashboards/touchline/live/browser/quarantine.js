const { Message, Loading, SpanPicker, TimeZone } = window.touchline.parts;
const SPANS = [["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["all", "All"]];
// A value as a word of a shell's command.
const word = (text) => (/^[\w.@:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.naming],
  components: { Message, Loading, SpanPicker, TimeZone },
  props: { quarantine: Object, span: String, producer: String, failed: Boolean },
  emits: ["view"],
  data: () => ({ t: window.touchline, spans: SPANS, copied: "" }),
  computed: {
    total() { return this.quarantine.groups.reduce((sum, group) => sum + group.number, 0); },
  },
  methods: {
    select(chosen) {
      const view = { span: this.span, producer: this.producer, ...chosen };
      this.t.setView(view);
      this.$emit("view", view);
    },
    list(group) {
      const of = this.producer ? ` --producer ${word(this.producer)}` : "";
      return `touchline quarantine list --since 30d --reason ${word(group.reason)}${of} --json`;
    },
    show: (entry) => `touchline quarantine show ${word(entry.id)}`,
    async copy(command) { this.copied = await this.t.copy(command) ? command : ""; },
  },
  template: `
<main class="tl-page" :aria-busy="!quarantine && !failed">
  <loading v-if="!quarantine" :failed="failed"/>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1>{{ total ? t.many(total, "refused event") : "No refused events" }}</h1>
        <p class="tl-lead">Refused events are kept with the reason. Correct the producer and send them again with the same id: each counts once.</p>
      </div>
      <span-picker :spans="spans" :span="span" :shown="quarantine" @pick="select({ span: $event })"/>
    </div>
    <div v-if="quarantine.producers.length" class="tl-filters">
      <label>Producer
        <select :value="producer" @change="select({ producer: $event.target.value })">
          <option value="">All</option>
          <option v-if="producer && !quarantine.producers.includes(producer)" :value="producer">{{ producer }}</option>
          <option v-for="name in quarantine.producers" :key="name" :value="name">{{ name || "(none)" }}</option>
        </select></label>
    </div>
    <section v-if="!total" class="tl-card"><p class="tl-muted">No event was refused in this period.</p></section>
    <section v-for="group in quarantine.groups" :key="group.reason" class="tl-card tl-refused" :data-reason="group.reason">
      <h2>{{ t.sentence(group.reason.replaceAll("_", " ")) }} <small>{{ t.many(group.number, "event") }} from {{ group.producers.map((name) => name || "(none)").join(", ") }}, the latest {{ t.ago(group.newest, now) }}</small></h2>
      <p v-if="group.mending"><message :text="group.mending"/></p>
      <p class="tl-muted">All of them: <code>{{ list(group) }}</code> <button type="button" @click="copy(list(group))">{{ copied === list(group) ? "Copied" : "Copy" }}</button></p>
      <details v-for="entry in group.entries" :key="entry.id">
        <summary><b>{{ entry.field || "the whole event" }}</b>: <message :text="entry.message"/>
          <span class="tl-muted">{{ entry.producer }} · <time :datetime="t.iso(entry.received_at)" :title="t.exact(entry.received_at)">{{ t.when(entry.received_at) }}</time></span></summary>
        <pre tabindex="0">{{ entry.body }}</pre>
        <p v-if="entry.bytes > entry.body.length && entry.bytes > 4096" class="tl-muted">The beginning of {{ t.count(entry.bytes) }} bytes.</p>
        <p class="tl-muted"><code>{{ show(entry) }}</code> <button type="button" @click="copy(show(entry))">{{ copied === show(entry) ? "Copied" : "Copy" }}</button></p>
      </details>
      <p v-if="group.number > group.entries.length" class="tl-muted">The {{ t.count(group.entries.length) }} latest of {{ t.count(group.number) }} are shown.</p>
    </section>
    <time-zone/>
  </template>
</main>`,
};
