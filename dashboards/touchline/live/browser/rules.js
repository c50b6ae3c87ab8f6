const { Message, Loading, SpanPicker, OldDataNote, TimeZone, TryNumbers } = window.touchline.parts;
const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.naming],
  components: { Message, Loading, SpanPicker, OldDataNote, TimeZone, TryNumbers },
  props: { list: Object, span: String, days: Array, trial: Object, failed: Boolean },
  emits: ["span", "try", "cancel"],
  data: () => ({ t: window.touchline, spans: SPANS }),
  computed: {
    sections() {
      const [found, quiet] = [this.list.rules.filter((rule) => rule.hits), this.list.rules.filter((rule) => !rule.hits)];
      return [
        { title: "Rules", note: "most frequent first; select one for its definition, and to try other numbers", rules: found },
        { title: "Found nothing in this period", note: this.t.many(quiet.length, "rule"), rules: quiet },
      ].filter((section) => section.rules.length);
    },
    total() { return this.list.rules.reduce((sum, rule) => sum + rule.hits, 0); },
  },
  methods: {
    pick(span) {
      this.t.setView({ span });
      this.$emit("span", { span });
    },
    rate(n) { return n >= 100 ? this.t.count(Math.round(n)) : this.t.count(+n.toPrecision(3)); },
    sentence(result) {
      const about = result.share < 1 ? "about " : "";
      const days = this.t.many(Math.round(result.days), "day");
      if (result.before === 0 && result.after === 0) return `Would have found nothing in the last ${days}, as with the numbers in force.`;
      if (result.new === 0 && result.gone === 0) return `Would have found the same ${about}${this.rate(result.before)} a day over the last ${days}.`;
      return `Would have found ${about}${this.rate(result.after)} instead of ${this.rate(result.before)} a day over the last ${days}.`;
    },
    name(slider) {
      const parts = slider.name.split(" ");
      if (parts.length === 1) return { within: "Time window", count: "How many" }[slider.name] || slider.name;
      const signs = { gt: "more than", gte: "at least", lt: "less than", lte: "at most" };
      return `${parts[1].replace(/^data\./, "").replaceAll("_", " ")}: ${signs[parts[2]]}`;
    },
    journeys(rule) { return this.link(`/journeys?rule=${encodeURIComponent(rule.sheet.id)}`); },
  },
  template: `
<main class="tl-page" :aria-busy="!list && !failed">
  <loading v-if="!list" :failed="failed"/>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1>{{ t.many(list.rules.length, "rule") }}, {{ t.many(total, "friction") }}</h1>
        <p class="tl-lead">What each rule finds, and what it would find with other numbers.</p>
      </div>
      <span-picker :spans="spans" :span="span" :shown="list" @pick="pick"/>
    </div>
    <old-data-note :old="list.old" :newest="list.newest" :now="now"/>
    <section v-for="section in sections" :key="section.title" class="tl-card">
      <h2>{{ section.title }} <small>{{ section.note }}</small></h2>
      <ul class="tl-rules">
        <li v-for="rule in section.rules" :key="rule.sheet.id" :data-rule="rule.sheet.id">
          <details>
            <summary>
              <span class="tl-rule-name"><b>{{ rule.sheet.title }}</b> <span class="tl-muted">{{ rule.sheet.factor }}{{ rule.sheet.owner ? " · " + rule.sheet.owner : "" }}</span></span>
              <span v-if="rule.hits || rule.loss" class="tl-rule-figures">
                <span><b>{{ t.count(rule.hits) }}</b> <small>frictions</small></span>
                <span><b>{{ t.count(rule.customers) }}</b> <small>customers</small></span>
                <span><b>{{ t.count(rule.strikes) }}</b> <small>strike points</small></span>
                <span v-if="rule.loss"><b>{{ rule.loss.value }}</b> <small>associated loss</small></span>
              </span>
            </summary>
            <div class="tl-rule-body">
              <p>{{ rule.sheet.why }}</p>
              <p class="tl-muted">
                <template v-if="rule.hits">{{ rate(rule.per_day) }} a day, {{ t.count(rule.unresolved) }} open. Last: <time :title="t.exact(rule.newest)">{{ t.when(rule.newest) }}</time>,
                  <a :href="link(t.customer(rule.example))">{{ rule.example_name }}</a>. <a :href="journeys(rule)">All journeys with it</a>.</template>
                <template v-else>No friction in this period.</template>
                <template v-if="rule.loss"> Associated loss {{ t.date(rule.loss.start) }} to {{ t.date(rule.loss.end) }}: {{ rule.loss.value }}{{ rule.loss.interval ? " (" + rule.loss.interval + ")" : "" }}.</template>
              </p>
              <try-numbers v-if="rule.sheet.sliders.length" :sheet="rule.sheet" :trial="trial" :days="days" :name="name" doing="Folding the stored events" file="rules"
                v-slot="{ result }" @try="$emit('try', $event)" @cancel="$emit('cancel', {})">
                <p class="tl-verdict"><b><message :text="sentence(result)"/></b></p>
                <p class="tl-muted">{{ t.count(result.new) }} new, {{ t.count(result.gone) }} no longer found.
                  <template v-if="result.share < 1"> Estimated from {{ (100 * result.share).toPrecision(2) }} % of the customers.</template>
                  Rules that count this one may change too: <code>touchline backtest</code> shows all.</p>
              </try-numbers>
              <details class="tl-yaml"><summary>The rule as written</summary><pre tabindex="0"><code>{{ rule.sheet.yaml }}</code></pre></details>
            </div>
          </details>
        </li>
      </ul>
    </section>
    <time-zone/>
  </template>
</main>`,
};
