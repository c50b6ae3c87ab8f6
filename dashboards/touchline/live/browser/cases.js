const { Loading, SpanPicker, OldDataNote, TimeZone } = window.touchline.parts;
const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["all", "All"]];
const WHICH = [["open", "Open"], ["unassigned", "Unassigned"], ["mine", "Mine"], ["closed", "Closed"]];
const LEADS = {
  open: "Neither resolved by an event nor closed by staff.",
  unassigned: "Open, and nobody takes care of them.",
  mine: "Open, and assigned to you.",
  closed: "Closed by staff, the latest first.",
};

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.naming],
  components: { Loading, SpanPicker, OldDataNote, TimeZone },
  props: { list: Object, which: String, span: String, assignee: String, login: String, failed: Boolean },
  emits: ["view"],
  data: () => ({ t: window.touchline, spans: SPANS, whiches: WHICH, name: "" }),
  created() { this.name = this.assignee || this.login || this.t.author(); },
  computed: {
    heading() {
      const kind = { open: "open", unassigned: "unassigned", mine: "of yours", closed: "closed" }[this.which];
      const number = this.list.more ? `More than ${this.t.count(this.list.rows.length)} frictions` : this.t.many(this.list.rows.length, "friction");
      return this.which === "mine" ? `${number} ${kind}` : `${number}, ${kind}`;
    },
    lead() { return LEADS[this.which]; },
  },
  methods: {
    select(chosen) {
      const view = { which: this.which, span: this.span, assignee: this.name.trim(), ...chosen };
      this.t.setView({ which: view.which, span: view.span });
      this.$emit("view", view);
    },
    state(row) {
      if (row.state === "closed") return `closed as ${row.verdict}${row.closed_by ? ` by ${row.closed_by}` : ""}`;
      if (row.state === "resolved") return "resolved";
      return row.assignee || "nobody";
    },
  },
  template: `
<main class="tl-page" :aria-busy="!list && !failed">
  <loading v-if="!list" :failed="failed"/>
  <section v-else-if="list.empty" class="tl-card tl-empty">
    <h1>No frictions yet</h1>
    <p>No event has arrived. <a :href="link('/')">Friction now</a> shows how to send the first one.</p>
  </section>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1>{{ heading }}</h1>
        <p class="tl-lead">{{ lead }} The heaviest come first, then the oldest.</p>
      </div>
      <span-picker :spans="spans" :span="span" :shown="list" @pick="select({ span: $event })"/>
    </div>
    <old-data-note :old="list.old" :newest="list.newest" :now="now"/>
    <div class="tl-filters">
      <nav class="tl-spans" aria-label="Which frictions">
        <button v-for="[key, name] in whiches" :key="key" type="button" :aria-pressed="key === which" @click="select({ which: key })">{{ name }}</button>
      </nav>
      <label v-if="which === 'mine' && !login">Your name <input v-model="name" maxlength="80" autocomplete="name" @change="select({})"></label>
    </div>
    <section class="tl-card">
      <p v-if="!list.rows.length" class="tl-muted">{{ which === "open" ? "No open friction in this period." : "None in this period." }}</p>
      <div v-else class="tl-scroll" tabindex="0" role="region" aria-label="Frictions"><table class="tl-table" data-wide="true">
        <thead><tr><th>Friction</th><th>Customer</th><th>Ordered so far</th><th data-number="true">Points</th><th>Age</th><th>Who</th></tr></thead>
        <tbody><tr v-for="row in list.rows" :key="row.friction">
          <td data-title="Friction"><a :href="link('/case/' + row.friction)">{{ row.title }}</a> <span class="tl-muted">{{ row.touchpoint }}<template v-if="row.comments"> · {{ t.many(row.comments, "comment") }}</template></span></td>
          <td data-title="Customer"><a :href="link(t.customer(row.customer))">{{ row.name }}</a></td>
          <td data-title="Ordered">{{ row.ordered || "–" }}</td>
          <td data-title="Points" data-number="true">{{ row.points }}</td>
          <td data-title="Age"><time :datetime="t.iso(row.opened_at)" :title="t.exact(row.opened_at)">{{ t.ago(row.opened_at, now) }}</time></td>
          <td data-title="Who">{{ state(row) }}</td>
        </tr></tbody>
      </table></div>
      <p v-if="list.more" class="tl-muted">Only these are shown: choose a shorter period.</p>
    </section>
    <time-zone/>
  </template>
</main>`,
};
