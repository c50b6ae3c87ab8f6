const { Message, Loading, Author, TimeZone } = window.touchline.parts;

const SEGMENT = `id: loyal
title: Loyal customers
owner: CRM
value: {at_least: 500, currency: EUR}
first_seen: {before: 90d}
did_not: [subscription.cancelled]
`;
const FUNNEL = `id: help_to_call
title: From help to a call
within: 2d
steps:
  - {name: Help searched, when: help.searched}
  - {name: Help failed, when: help.failed}
  - {name: Called, when: {types: contact.started, where: {channel: phone}}}
`;

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.writing],
  components: { Message, Loading, Author, TimeZone },
  props: { saved: Object, counted: Object, failed: Boolean },
  emits: ["segment", "funnel", "remove_segment", "remove_funnel", "count"],
  data: () => ({ t: window.touchline, draft: null, copied: "", removing: "", asked: 0, examples: { segment: SEGMENT, funnel: FUNNEL } }),
  computed: {
    sections() {
      return [
        { kind: "segment", title: "Segments", rows: this.saved.segments, note: "Customers or journeys to filter every dashboard by", empty: "No segment yet. Save one, and every dashboard gets the filter Segment." },
        { kind: "funnel", title: "Funnels", rows: this.saved.funnels, note: "Steps in order, shown on Journeys", empty: "No funnel of your own yet. Save one, and Journeys shows it." },
      ];
    },
    count() { return this.counted && this.counted.ticket === this.asked ? this.counted.count : null; },
  },
  methods: {
    open(kind, row) {
      this.draft = { kind, id: row ? row.id : "", text: row ? row.text : this.examples[kind] };
      this.asked = 0;
      this.fault = "";
      this.$nextTick(() => this.$refs.dialog.showModal());
    },
    save() { this.send(this.draft.kind, { id: this.draft.id, text: this.draft.text }); },
    written() { this.$refs.dialog.close(); },
    // The first click asks, the second deletes.
    remove(kind, row) {
      if (!this.login && !this.author.trim()) this.open(kind, row);
      else if (this.removing !== `${kind} ${row.id}`) this.removing = `${kind} ${row.id}`;
      else this.send(`remove_${kind}`, { id: row.id });
    },
    ask() {
      this.asked = (this.counted ? this.counted.ticket : 0) + this.asked + 1;
      this.$emit("count", { ticket: this.asked, text: this.draft.text });
    },
    async copy(kind, row) { this.copied = await this.t.copy(row.text) ? `${kind} ${row.id}` : ""; },
    size(one) {
      const customers = this.t.many(one.customers, "customer");
      return one.journeys ? `${this.t.many(one.journeys, "journey")} of ${customers}` : customers;
    },
    address(kind, row) { return this.link(kind === "segment" ? `/?segment=${encodeURIComponent(row.id)}` : "/journeys"); },
  },
  template: `
<main class="tl-page" :aria-busy="!saved && !failed">
  <loading v-if="!saved" :failed="failed"/>
  <template v-else>
    <div class="tl-top"><div><h1>Segments and funnels</h1>
      <p class="tl-lead">Saved once, for everybody who reads this page.</p></div></div>
    <p v-if="readOnly" class="tl-note"><message :text="readOnly"/>.</p>
    <section v-for="section in sections" :key="section.kind" class="tl-card" :data-kind="section.kind">
      <h2>{{ section.title }} <small>{{ section.note }}</small></h2>
      <p v-if="!section.rows.length" class="tl-muted">{{ section.empty }}</p>
      <ul class="tl-saved">
        <li v-for="row in section.rows" :key="row.id" class="tl-note-row" :data-id="row.id">
          <div>
            <p><a :href="address(section.kind, row)"><b>{{ row.title }}</b></a>
              <template v-if="section.kind === 'segment' && row.computed_at !== null"> {{ size(row) }}</template></p>
            <p class="tl-muted">{{ [row.id, row.owner, "by " + row.author + ", " + t.when(row.written_at)].filter(Boolean).join(" · ") }}<template v-if="section.kind === 'segment'"> · {{ row.computed_at === null ? "being computed" : "computed " + t.ago(row.computed_at, now) }}</template></p>
            <p v-if="row.error" class="tl-fault"><message :text="row.error"/></p>
            <details class="tl-yaml"><summary :aria-label="'As written (YAML): ' + row.title">As written (YAML)</summary>
              <pre tabindex="0"><code>{{ row.text }}</code></pre>
              <p><button type="button" :aria-label="'Copy ' + row.title" @click="copy(section.kind, row)"><span aria-live="polite">{{ copied === section.kind + " " + row.id ? "Copied" : "Copy" }}</span></button></p>
            </details>
          </div>
          <p v-if="!readOnly" class="tl-buttons">
            <button type="button" :aria-label="'Edit ' + row.title" @click="open(section.kind, row)">Edit</button>
            <button type="button" :aria-label="(removing === section.kind + ' ' + row.id ? 'Delete for good: ' : 'Delete ') + row.title" @click="remove(section.kind, row)" @blur="removing = ''">{{ removing === section.kind + " " + row.id ? "Really delete?" : "Delete" }}</button>
          </p>
        </li>
      </ul>
      <p v-if="fault && !draft" class="tl-fault" role="alert"><message :text="fault"/></p>
      <p v-if="!readOnly"><button type="button" @click="open(section.kind, null)">Add a {{ section.kind }}</button></p>
    </section>
    <time-zone/>
    <dialog ref="dialog" class="tl-dialog tl-wide" aria-labelledby="tl-draft" @close="draft = null">
      <form v-if="draft" @submit.prevent="save">
        <h2 id="tl-draft">{{ draft.id ? "Edit the " + draft.kind : "Add a " + draft.kind }}</h2>
        <label>Definition (YAML)<textarea v-model="draft.text" class="tl-code" required maxlength="20000" rows="14" spellcheck="false" autofocus></textarea></label>
        <p v-if="draft.kind === 'segment'"><button type="button" @click="ask">Count customers</button>
          <span role="status"><template v-if="asked && !count"> Counting…</template><template v-else-if="count && !count.error"> {{ size(count) }}</template></span></p>
        <p v-if="count && count.error" class="tl-fault" role="alert"><message :text="count.error"/></p>
        <author v-model="author" :login="login"/>
        <p v-if="fault" class="tl-fault" role="alert"><message :text="fault"/></p>
        <p class="tl-buttons">
          <button type="submit" class="tl-main" :disabled="waiting">{{ waiting ? "Saving…" : "Save" }}</button>
          <button type="button" @click="$refs.dialog.close()">Cancel</button>
        </p>
      </form>
    </dialog>
  </template>
</main>`,
};
