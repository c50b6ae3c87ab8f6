const SPANS = [["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["all", "All"]];
const FEW = 8;

export default {
  mixins: [window.touchline.ticking],
  props: { board: Object, alerts: Object, title: String, question: String, path: String, span: String, failed: Boolean },
  emits: ["view"],
  data() { return { t: window.touchline, spans: SPANS, few: FEW, whole: {}, copied: false, example: this.command() }; },
  computed: {
    b() { return this.board; },
    during() {
      const length = (SPANS.find(([key]) => key === this.b.span) || ["", ""])[1];
      return this.b.span === "all" ? "in all time" : `in the ${this.b.old ? "newest" : "last"} ${length.replace(/^1 /, "")}`;
    },
    pressing() { return (this.alerts && this.path === "/" ? this.alerts.open : []).slice(0, 3); },
  },
  methods: {
    command() {
      const id = `hello-${Date.now().toString(36)}`;
      const event = { id, type: "contact.abandoned", time: new Date().toISOString(), channel: "phone", source: "call-centre",
        identifiers: { account: "u-17" }, data: { contact_id: "c-1", wait_seconds: 240 } };
      return `curl ${window.location.origin}/v1/events -H 'content-type: application/json' -d '${JSON.stringify(event)}'`;
    },
    async copy() { await navigator.clipboard.writeText(this.example); this.copied = true; },
    look(span, name, value) {
      const chosen = Object.fromEntries(this.b.choices.map((one) => [one.name, one.name === name ? value : one.chosen]).filter(([, v]) => v));
      window.history.replaceState(window.history.state, "", `${this.path}?${new URLSearchParams({ span, ...chosen })}`);
      this.$emit("view", { span, chosen });
    },
    shown(panel, list) { return this.whole[panel.id] ? list : list.slice(0, FEW); },
    wide(panel) { return panel.kind === "table" && panel.columns.length > 6 ? 24 : panel.width; },
  },
  template: `
<main class="tl-page" :aria-busy="!b && !failed">
  <template v-if="!b">
    <section v-if="failed" class="tl-card tl-empty"><h1>Nothing to show yet</h1><p>The figures appear here as soon as the store answers.</p></section>
    <div v-else class="tl-skeleton" role="status"><span class="tl-hidden">Loading the figures</span>
      <i class="tl-line"></i><i class="tl-line tl-short"></i>
      <div class="tl-board"><i v-for="n in 4" :key="n" class="tl-block" style="--width: 6"></i></div><i class="tl-block tl-tall"></i>
    </div>
  </template>
  <section v-else-if="b.empty" class="tl-card tl-empty">
    <h1>Waiting for the first touchpoint</h1>
    <p>Nothing has arrived yet. Send one from a terminal; this page shows it within seconds:</p>
    <pre tabindex="0"><code>{{ example }}</code></pre>
    <p><button type="button" @click="copy" aria-live="polite">{{ copied ? "Copied" : "Copy the command" }}</button></p>
    <p class="tl-muted">From Python: <code>Touchline(url, key=…, source="shop").track("checkout.started", {"account": "u-17"})</code></p>
  </section>
  <template v-else>
    <section v-if="pressing.length" class="tl-alerts" aria-label="Open alerts">
      <article v-for="one in pressing" :key="one.id" class="tl-alert" :data-severity="one.severity">
        <p class="tl-alert-what"><span class="tl-severity">{{ one.severity }}</span> <b>{{ one.title }}</b><span v-if="one.place"> · {{ one.place }}</span></p>
        <p>since <time :datetime="new Date(one.opened_at).toISOString()" :title="t.exact(one.opened_at)">{{ t.when(one.opened_at) }}</time> ({{ t.ago(one.opened_at, now) }})
          · <b>{{ t.many(one.customers, "customer") }}</b>, {{ t.many(one.count, "time") }}<template v-if="one.usual"> · {{ one.usual }}</template></p>
        <p v-if="one.evidence.length">For example: <template v-for="(who, n) in one.evidence" :key="who.customer">{{ n ? ", " : "" }}<a :href="t.customer(who.customer)">{{ who.name }}</a></template></p>
      </article>
      <p v-if="alerts.open.length > pressing.length"><a href="/alerts">{{ t.many(alerts.open.length - pressing.length, "more open alert") }}</a></p>
    </section>
    <div class="tl-top">
      <div v-if="b.headline">
        <h1 v-if="b.headline.frictions">{{ t.many(b.headline.frictions, "friction") }} {{ during }}<small v-if="b.headline.usual">usually {{ b.headline.usual }}</small></h1>
        <h1 v-else>No friction {{ during }}</h1>
        <p class="tl-lead" v-if="b.headline.rule">Most often: <b>{{ b.headline.rule }}</b>, {{ t.many(b.headline.times, "time") }}; most of all at <b>{{ b.headline.place }}</b>.</p>
      </div>
      <div v-else><h1>{{ title }}</h1><p class="tl-lead">{{ question }}</p></div>
      <nav class="tl-spans" aria-label="Span of time">
        <button v-for="[key, name] in spans" :key="key" type="button" :aria-pressed="key === span" @click="look(key)">{{ name }}</button>
      </nav>
    </div>
    <form v-if="b.choices.length" class="tl-choices" aria-label="What to look at" @submit.prevent>
      <label v-for="one in b.choices" :key="one.name">{{ one.title }}
        <input v-if="one.text" :value="one.chosen" :name="one.name" maxlength="512" placeholder="any" autocomplete="off" @change="look(span, one.name, $event.target.value.trim())">
        <select v-else :value="one.chosen" :name="one.name" @change="look(span, one.name, $event.target.value)">
          <option value="">all</option><option v-for="[value, name] in one.values" :key="value" :value="value">{{ name }}</option>
        </select>
      </label>
    </form>
    <p class="tl-note" v-if="b.old">No touchpoint is newer than <b>{{ t.date(b.newest) }}</b> ({{ t.ago(b.newest, now) }}): time counts back from there.</p>
    <div class="tl-board">
      <section v-for="panel in b.panels" :key="panel.id" class="tl-card" :data-panel="panel.id" :data-kind="panel.kind" :style="{ '--width': wide(panel) }">
        <h2 :title="panel.question">{{ panel.title }} <small v-if="panel.kind !== 'stat'">{{ panel.question }}</small></h2>
        <div v-if="panel.error" class="tl-failed" role="alert">
          <p><b>This panel could not be read.</b> It is tried again by itself. Should it go on, choose a shorter span or one channel; where a table or a column is missing, run <code>touchline migrate</code>.</p>
          <p class="tl-why">{{ panel.error }}</p>
        </div>
        <p v-else-if="panel.empty" class="tl-muted">{{ panel.empty }}</p>
        <template v-if="panel.figures.length && !panel.error">
          <p v-for="one in panel.figures" :key="one.label" class="tl-big" :data-level="one.level">{{ one.value }} <small v-if="one.label">{{ one.label }}</small></p>
          <p v-if="panel.goal" class="tl-goal"><span class="tl-tag" :data-open="panel.goal.met === false" :data-good="panel.goal.met === true">{{ panel.goal.met === null ? "" : panel.goal.met ? "✓ met: " : "✗ missed: " }}{{ panel.goal.distance }}</span> <span class="tl-muted">goal {{ panel.goal.value }}</span></p>
          <p v-for="one in panel.figures.filter((one) => one.usual)" :key="one.label" class="tl-change">{{ one.usual }}</p>
          <p class="tl-muted" v-if="panel.width >= 6">{{ panel.question }}</p>
        </template>
        <div v-if="panel.kind === 'timeseries'" v-show="!panel.error && !panel.empty" class="tl-chart" role="img" :aria-label="panel.title + '. ' + panel.question"><slot :name="panel.id"></slot></div>
        <p v-if="panel.legend.length" class="tl-legend"><template v-for="(name, n) in panel.legend" :key="name"><i :class="'tl-lane-' + n % 6"></i>{{ name }} </template></p>
        <ol v-if="panel.bars.length" class="tl-bars">
          <li v-for="bar in shown(panel, panel.bars)" :key="bar.label">
            <div class="tl-bar-words"><span class="tl-bar-title">{{ bar.label }}</span><b>{{ bar.value }}</b></div>
            <div class="tl-bar" aria-hidden="true"><i v-for="(part, n) in bar.parts" :key="n" :class="bar.parts.length > 1 ? 'tl-lane-' + n % 6 : ''" :style="{ width: 100 * part + '%' }"></i></div>
            <p v-if="bar.note" class="tl-muted">{{ bar.note }}</p>
          </li>
        </ol>
        <div v-if="panel.rows.length" class="tl-scroll" tabindex="0"><table class="tl-table">
          <thead><tr><th v-for="(name, c) in panel.columns" :key="c" :data-number="panel.numeric[c]">{{ name }}</th></tr></thead>
          <tbody><tr v-for="(row, r) in shown(panel, panel.rows)" :key="r">
            <td v-for="(cell, c) in row" :key="c" :data-number="panel.numeric[c]">
              <time v-if="cell.time !== null" :datetime="new Date(cell.time).toISOString()" :title="t.exact(cell.time)">{{ t.when(cell.time) }}</time>
              <a v-else-if="cell.href" :href="cell.href">{{ cell.text }}</a>
              <span v-else-if="cell.grade" class="tl-grade" :data-grade="cell.text">{{ cell.text }}</span>
              <template v-else>{{ cell.text }}</template>
            </td></tr></tbody>
        </table></div>
        <p v-if="Math.max(panel.rows.length, panel.bars.length) > few"><button type="button" :aria-expanded="!!whole[panel.id]" @click="whole[panel.id] = !whole[panel.id]">{{ whole[panel.id] ? "Show the first " + few : "Show all " + Math.max(panel.rows.length, panel.bars.length) }}</button></p>
        <p class="tl-muted" v-if="panel.hidden">and {{ t.many(panel.hidden, "more", "more") }}</p>
        <p class="tl-muted tl-notes" v-if="panel.benchmark">{{ panel.benchmark }}</p>
        <p class="tl-muted" v-if="panel.unsettled && !panel.empty && !panel.error">{{ panel.unsettled }}</p>
      </section>
    </div>
  </template>
</main>`,
};
