const { Message, Loading, TimeZone } = window.touchline.parts;
const SHOWN = 10;

export default {
  mixins: [window.touchline.ticking, window.touchline.linking],
  components: { Message, Loading, TimeZone },
  props: { result: Object, failed: Boolean },
  emits: ["compare"],
  data() {
    const query = new URLSearchParams(window.location.search);
    const [before, after] = ["before", "after"].map((name) => (query.get(name) || "..").split(".."));
    return { t: window.touchline, change: query.get("change") || "", before, after, asked: Boolean(query.get("change") || query.get("before")), all: false, shared: false };
  },
  computed: {
    compared() { return this.result?.compared; },
    rows() { return this.all ? this.compared.rows : this.compared.rows.slice(0, SHOWN); },
    clear() { return this.compared.rows.filter((row) => ["fell", "rose"].includes(row.verdict)); },
  },
  methods: {
    run() {
      const period = ([from, to]) => (from && to ? `${from}..${to}` : "");
      const question = this.change ? { change: this.change, before: "", after: "" } : { change: "", before: period(this.before), after: period(this.after) };
      this.asked = true;
      this.all = this.shared = false;
      this.t.setView(question);
      this.$emit("compare", question);
    },
    async share() { this.shared = await this.t.copy(this.t.address()); },
    // The days of a period, whose end is exclusive.
    days([start, end]) { return `${this.t.when(start)} to ${this.t.when(end)}`; },
  },
  template: `
<main class="tl-page" :aria-busy="!result && !failed">
  <div class="tl-top">
    <div>
      <h1>{{ compared && compared.title ? compared.title : "Did it help?" }}</h1>
      <p class="tl-lead">Compare two periods, or the time before and after a change: which frictions became rarer or more frequent, and could it be chance?</p>
    </div>
  </div>
  <form class="tl-card tl-form tl-question" @submit.prevent="run">
    <label>Around a change
      <select v-model="change"><option value="">None: compare the dates below</option>
        <option v-for="one in result ? result.changes : []" :key="one.id" :value="one.id">{{ t.date(one.at) }}: {{ one.title || one.id }}</option></select></label>
    <div v-if="!change" class="tl-pair">
      <fieldset><legend>Before</legend><div class="tl-pair">
        <label>From<input v-model="before[0]" type="date" required></label><label>To<input v-model="before[1]" type="date" :min="before[0]" required></label></div></fieldset>
      <fieldset><legend>After</legend><div class="tl-pair">
        <label>From<input v-model="after[0]" type="date" :min="before[1]" required></label><label>To<input v-model="after[1]" type="date" :min="after[0]" required></label></div></fieldset>
    </div>
    <p class="tl-buttons"><button type="submit" class="tl-main">Compare</button></p>
  </form>
  <loading v-if="!result" :failed="failed"/>
  <section v-else-if="result.error" class="tl-card"><p class="tl-fault" role="alert"><message :text="t.sentence(result.error)"/>.</p></section>
  <section v-else-if="compared" class="tl-card" aria-live="polite">
    <h2>{{ clear.length ? t.many(clear.length, "clear change") : "No clear change" }} <small>{{ days(compared.before) }}, then {{ days(compared.after) }}</small></h2>
    <p v-if="!compared.rows.length" class="tl-muted">No friction in either period at a touchpoint with journeys in both.</p>
    <ol class="tl-compared">
      <li v-for="(row, n) in rows" :key="n" :data-verdict="row.verdict">
        <p><span v-if="row.targeted" class="tl-tag">meant for it</span> {{ row.sentence }}</p>
        <p class="tl-muted">{{ row.detail }} <a :href="link('/journeys?rule=' + encodeURIComponent(row.rule))">Journeys</a></p>
      </li>
    </ol>
    <p v-if="compared.rows.length > rows.length"><button type="button" @click="all = true">Show all {{ compared.rows.length }}</button></p>
    <p v-if="compared.hidden" class="tl-muted">{{ t.count(compared.hidden) }} more not shown</p>
    <p v-if="compared.nowhere.length" class="tl-muted">No journey in one of the periods: {{ compared.nowhere.join("; ") }}.</p>
    <p><button type="button" @click="share"><span aria-live="polite">{{ shared ? "Copied" : "Copy the link" }}</span></button></p>
  </section>
  <time-zone/>
</main>`,
};
