const { Message, Loading, SpanPicker, OldDataNote, AlertCard, Clipped, Notes, PanelMenu, Share, ChartTable, TimeZone } = window.touchline.parts;
const SPANS = [["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["all", "All"]];
const FEW = 8;
const MAX_ALERTS = 3;
const COLUMNS = 24;
const CHANGES = { id: "changes" };

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.naming],
  components: { Message, Loading, SpanPicker, OldDataNote, AlertCard, Clipped, Notes, PanelMenu, Share, ChartTable, TimeZone },
  props: { board: Object, alerts: Object, title: String, question: String, path: String, span: String, failed: Boolean,
    login: String, readOnly: String, answer: Object, explains: Boolean },
  emits: ["view", "note", "remove_note", "explain", "explain_chart"],
  data() { return { t: window.touchline, spans: SPANS, few: FEW, list: CHANGES, expanded: {}, copied: false, example: this.exampleCommand() }; },
  computed: {
    period() { return this.t.period(this.board, SPANS); },
    openAlerts() { return this.alerts && this.path === "/" ? this.alerts.open : []; },
    topAlerts() { return this.openAlerts.slice(0, MAX_ALERTS); },
    ruleNames() { return this.board.filters.find((filter) => filter.name === "rule")?.values || []; },
    // The columns of each panel: the panels of a line fill it together.
    widths() {
      const lines = [[]];
      const total = (line) => line.reduce((sum, panel) => sum + this.width(panel), 0);
      for (const panel of this.board.panels) {
        if (total(lines.at(-1)) + this.width(panel) > COLUMNS) lines.push([]);
        lines.at(-1).push(panel);
      }
      return Object.fromEntries(lines.flatMap((line) => line.map((panel) => [panel.id, Math.floor((COLUMNS * this.width(panel)) / total(line))])));
    },
    headline() { return this.board.headline; },
  },
  methods: {
    exampleCommand() {
      const event = {
        id: `hello-${Date.now().toString(36)}`, type: "contact.abandoned", time: new Date().toISOString(), channel: "phone", source: "call-centre",
        identifiers: { account: "u-17" }, data: { contact_id: "c-1", wait_seconds: 240 },
      };
      return `curl ${window.location.origin}/v1/events -H 'content-type: application/json' -d '${JSON.stringify(event)}'`;
    },
    async copy() { this.copied = await this.t.copy(this.example); },
    // Selects a period, and a value of one filter; the address follows.
    select(span, filter, value) {
      const entries = this.board.filters.map((one) => [one.name, one.name === filter ? value : one.chosen]);
      const chosen = Object.fromEntries(entries.filter(([, text]) => text));
      this.t.setView({ span, ...Object.fromEntries(entries) });
      this.$emit("view", { span, chosen });
    },
    // What is left out on the screen until "Show all"; it is always printed.
    rest(panel, n) { return { "tl-rest": n >= FEW && !this.expanded[panel.id] && panel.kind !== "sankey" }; },
    nameOf({ values, chosen }) { return new Map(values).get(chosen) || "All"; },
    total(panel) { return panel.kind === "sankey" ? 0 : Math.max(panel.rows.length, panel.bars.length); },
    width(panel) { return panel.kind === "table" && panel.columns.length > 6 ? COLUMNS : panel.width; },
    colour(panel, n) { return panel.legend[n]?.colour || ""; },
    // What a chart shows, for those who do not see it.
    spoken(panel) {
      const changes = this.board.changes.map((change) => `${this.t.when(change.at)} ${change.full || change.name}`);
      const notes = this.board.notes.map((note) => `${this.t.when(note.starts_at)} ${note.text}`);
      const listed = [["Changes", changes], ["Notes", notes]].filter(([, texts]) => texts.length);
      return [`${panel.title}. ${panel.question}`, ...listed.map(([name, texts]) => `${name}: ${texts.join("; ")}`)].join(" ");
    },
  },
  template: `
<main class="tl-page" :aria-busy="!board && !failed">
  <loading v-if="!board" :failed="failed">
    <div class="tl-board"><i v-for="n in 4" :key="n" class="tl-block" style="--width: 6"></i></div>
  </loading>
  <section v-else-if="board.empty" class="tl-card tl-empty">
    <h1>Waiting for the first event</h1>
    <p>Send one from a terminal. It appears here within seconds:</p>
    <pre tabindex="0"><code>{{ example }}</code></pre>
    <p><button type="button" @click="copy" aria-live="polite">{{ copied ? "Copied" : "Copy" }}</button></p>
    <p class="tl-muted">In Python: <code>Touchline(url, key=…, source="shop").track("checkout.started", {"account": "u-17"})</code></p>
  </section>
  <template v-else>
    <section v-if="topAlerts.length" class="tl-alerts" aria-label="Open alerts">
      <alert-card v-for="alert in topAlerts" :key="alert.id" :alert="alert" :now="now" :explains="explains" @explain="$emit('explain', $event)"/>
      <p v-if="openAlerts.length > topAlerts.length"><a :href="link('/alerts')">{{ t.many(openAlerts.length - topAlerts.length, "more open alert") }}</a></p>
    </section>

    <div class="tl-top">
      <div v-if="headline">
        <h1 v-if="headline.frictions">{{ t.many(headline.frictions, "friction") }} {{ period }}<small v-if="headline.usual">{{ headline.usual }}</small></h1>
        <h1 v-else>No friction {{ period }}</h1>
        <p v-if="headline.rule" class="tl-lead">
          Most frequent: <b>{{ headline.rule }}</b> ({{ headline.rule_frictions }}). Most affected: <b>{{ headline.touchpoint }}</b>.
        </p>
        <p v-if="headline.loss" class="tl-lead">
          <a :href="link('/impact')">Associated loss</a>: <b>{{ headline.loss }}</b>, {{ headline.loss_of }}.
        </p>
      </div>
      <div v-else>
        <h1>{{ title }}</h1>
        <p class="tl-lead">{{ question }}</p>
      </div>
      <div class="tl-tools"><span-picker :spans="spans" :span="span" :shown="board" @pick="select"/><share :start="board.start" :end="board.end"/></div>
    </div>

    <form v-if="board.filters.length" class="tl-filters" aria-label="Filters" @submit.prevent>
      <label v-for="filter in board.filters" :key="filter.name">{{ filter.title }}
        <input v-if="filter.text" :value="filter.chosen" :name="filter.name" maxlength="512" placeholder="All" autocomplete="off"
          @change="select(span, filter.name, $event.target.value.trim())">
        <select v-else :value="filter.chosen" :name="filter.name" :title="nameOf(filter)" @change="select(span, filter.name, $event.target.value)">
          <option value="">All</option>
          <option v-for="[value, name] in filter.values" :key="value" :value="value">{{ name }}</option>
        </select>
      </label>
    </form>
    <ul v-if="board.changes.length" class="tl-changes tl-muted" aria-label="Changes">
      <li v-for="(change, n) in board.changes" :key="n" :class="rest(list, n)">{{ t.when(change.at) }} <a v-if="change.href" :href="link(change.href)"><clipped :text="change.name" :full="change.full"/></a><clipped v-else :text="change.name" :full="change.full"/></li>
      <li v-if="board.changes.length > few"><button type="button" :aria-expanded="!!expanded[list.id]" @click="expanded[list.id] = !expanded[list.id]">{{ expanded[list.id] ? "Show the first " + few : "Show all " + board.changes.length }}</button></li>
    </ul>
    <old-data-note :old="board.old" :newest="board.newest" :now="now"/>

    <div class="tl-board">
      <section v-for="panel in board.panels" :key="panel.id" class="tl-card" :data-panel="panel.id" :data-kind="panel.kind" :style="{ '--width': widths[panel.id] }">
        <panel-menu :panel="panel"/>
        <h2 :title="panel.question">{{ panel.title }} <small v-if="panel.kind !== 'stat'">{{ panel.question }}</small></h2>
        <div v-if="panel.error" class="tl-failed" role="alert">
          <p><b>This panel failed to load.</b> It retries automatically. If it keeps failing, choose a shorter period or one channel.
            If a table or column is missing, run <code>touchline migrate</code>.</p>
          <p class="tl-why"><message :text="panel.error"/></p>
        </div>
        <p v-else-if="panel.empty" class="tl-muted">{{ panel.empty }}</p>

        <template v-if="panel.figures.length && !panel.error">
          <p v-for="figure in panel.figures" :key="figure.label" class="tl-big" :data-level="figure.level">
            {{ t.unbroken(figure.value) }} <small v-if="figure.label">{{ figure.label }}</small>
          </p>
          <p v-if="panel.goal" class="tl-goal">
            <span class="tl-tag" :data-open="!panel.goal.met" :data-good="panel.goal.met">{{ panel.goal.met ? "✓ met" : "✗ missed" }}: {{ t.unbroken(panel.goal.distance) }}</span>
            <span class="tl-muted">Goal: {{ t.unbroken(panel.goal.value) }}</span>
          </p>
          <p v-for="figure in panel.figures.filter((figure) => figure.usual)" :key="figure.label" class="tl-usual">{{ figure.usual }}</p>
          <p v-if="panel.width >= 6" class="tl-muted">{{ panel.question }}</p>
        </template>

        <div v-if="['timeseries', 'heatmap', 'sankey'].includes(panel.kind)" v-show="!panel.error && !panel.empty" class="tl-chart" role="img" :aria-label="spoken(panel)" :data-kind="panel.kind">
          <slot :name="panel.id"></slot>
        </div>
        <chart-table v-if="['timeseries', 'heatmap'].includes(panel.kind) && !panel.error && !panel.empty" :panel="panel"/>
        <p v-if="explains && panel.explains && !panel.error && !panel.empty" class="tl-why-button">
          <button type="button" :aria-label="'What is different about those affected? ' + panel.title" @click="$emit('explain_chart', { panel: panel.id })">What is different?</button>
        </p>

        <p v-if="panel.legend.length" class="tl-legend"><span v-for="entry in panel.legend" :key="entry.name"><i :style="{ background: entry.colour }"></i>{{ entry.name }}</span></p>
        <ol v-if="panel.bars.length" class="tl-bars">
          <li v-for="(bar, b) in panel.bars" :key="bar.label" :class="rest(panel, b)">
            <div class="tl-bar-words"><span class="tl-bar-title"><clipped :text="bar.label" :full="bar.full"/></span><b>{{ t.unbroken(bar.value) }}</b></div>
            <div class="tl-bar" aria-hidden="true">
              <i v-for="(part, n) in bar.parts" :key="n" :style="{ width: 100 * part + '%', background: colour(panel, n) }"></i>
            </div>
            <p v-if="bar.note" class="tl-muted">{{ t.unbroken(bar.note) }}</p>
          </li>
        </ol>

        <component v-if="panel.rows.length" :is="panel.kind === 'sankey' ? 'details' : 'div'" class="tl-rows">
          <summary v-if="panel.kind === 'sankey'">Show as a table</summary>
          <div class="tl-scroll" tabindex="0"><table class="tl-table" :data-wide="panel.columns.length > 3">
            <thead><tr><th v-for="(name, c) in panel.columns" :key="c" :data-number="panel.numeric[c]">{{ name }}</th></tr></thead>
            <tbody>
              <tr v-for="(row, r) in panel.rows" :key="r" :class="rest(panel, r)">
                <td v-for="(cell, c) in row" :key="c" :data-number="panel.numeric[c]" :data-title="panel.columns[c]">
                  <time v-if="cell.time !== null" :datetime="t.iso(cell.time)" :title="t.exact(cell.time)">{{ t.when(cell.time) }}</time>
                  <a v-else-if="cell.href" :href="link(cell.href)"><clipped :text="cell.text" :full="cell.full"/></a>
                  <span v-else-if="cell.grade" class="tl-grade" :data-grade="cell.text">{{ cell.text }}</span>
                  <clipped v-else :text="cell.text" :full="cell.full"/>
                  <button v-if="explains && cell.rule" type="button" class="tl-small" :aria-label="'Why? What is different about those affected by ' + cell.text" @click="$emit('explain', { kind: 'rule', name: cell.rule })">Why?</button>
                </td>
              </tr>
            </tbody>
          </table></div>
        </component>

        <p v-if="total(panel) > few">
          <button type="button" :aria-expanded="!!expanded[panel.id]" @click="expanded[panel.id] = !expanded[panel.id]">{{ expanded[panel.id] ? "Show the first " + few : "Show all " + total(panel) }}</button>
        </p>
        <p v-if="panel.hidden" class="tl-muted">{{ t.count(panel.hidden) }} more not shown</p>
        <p v-if="panel.benchmark" class="tl-muted tl-notes">{{ t.unbroken(panel.benchmark) }}.</p>
        <p v-for="note in panel.notes" :key="note" class="tl-muted">{{ note }}</p>
      </section>
    </div>
    <notes :notes="board.notes" :rules="ruleNames" :begin="board.start" :end="board.end" :login="login" :read-only="readOnly" :answer="answer"
      @note="$emit('note', $event)" @remove="$emit('remove_note', $event)"/>
    <time-zone/>
  </template>
</main>`,
};
