// Components that several pages share.
window.touchline.parts = {
  // The page before its first data: an outline, or what to expect after an error.
  Loading: {
    props: { failed: Boolean },
    template: `
<section v-if="failed" class="tl-card tl-empty">
  <h1>No data yet</h1>
  <p>This page loads as soon as the store responds.</p>
</section>
<div v-else class="tl-skeleton" role="status">
  <span class="tl-hidden">Loading</span>
  <i class="tl-line"></i><i class="tl-line tl-short"></i>
  <slot></slot>
  <i class="tl-block tl-tall"></i>
</div>`,
  },

  // `shown` has the times of the data, and the start and end of the period.
  SpanPicker: {
    props: { spans: Array, span: String, shown: Object },
    emits: ["pick"],
    data: () => ({ t: window.touchline, open: false, from: "", to: "" }),
    computed: {
      dated() { return this.span.includes(".."); },
      problem() { return this.from && this.to && this.from > this.to ? "The end is before the start." : ""; },
    },
    methods: {
      toggle() {
        this.open = !this.open;
        const days = this.dated ? this.span.split("..") : [this.t.day(this.shown.start), this.t.day(this.shown.end - 1)];
        [this.from, this.to] = days.map((day) => day.slice(0, 10));
      },
      // Dates in a zone that the reader chose name it, so that a link means the same for everybody.
      show() { this.pick(`${this.from}..${this.to}${this.t.zone === window.touchlineZone ? "" : `@${this.t.zone}`}`); },
      pick(span) {
        this.open = false;
        this.$emit("pick", span);
      },
    },
    template: `
<div class="tl-periods">
  <nav class="tl-spans" aria-label="Period">
    <button v-for="[key, name] in spans" :key="key" type="button" :aria-pressed="key === span" @click="pick(key)">{{ name }}</button>
    <button type="button" :aria-pressed="dated" :aria-expanded="open" @click="toggle">Dates</button>
  </nav>
  <p class="tl-paper">{{ t.dates(shown) }}</p>
  <form v-if="open" class="tl-dates" aria-label="Dates of the period" @submit.prevent="show">
    <label>From <input v-model="from" name="from" type="date" required :min="t.day(shown.first)" :max="t.day(shown.newest)"></label>
    <label>to <input v-model="to" name="to" type="date" required :min="from"></label>
    <button type="submit" :disabled="!!problem">Show</button>
    <p v-if="problem" class="tl-muted" role="alert">{{ problem }}</p>
  </form>
</div>`,
  },

  // Where the newest event is old, periods end there.
  OldDataNote: {
    props: { old: Boolean, newest: Number, now: Number },
    data: () => ({ t: window.touchline }),
    template: `
<p v-if="old" class="tl-note">The newest event is from <b>{{ t.date(newest) }}</b> ({{ t.ago(newest, now) }}). Periods end there instead of now.</p>`,
  },

  AlertCard: {
    mixins: [window.touchline.linking],
    props: { alert: Object, now: Number, summary: Boolean, explains: Boolean },
    emits: ["explain"],
    data: () => ({ t: window.touchline }),
    computed: {
      resolved() { return this.alert.resolved_at !== null; },
    },
    template: `
<article class="tl-alert" :data-severity="resolved ? 'resolved' : alert.severity">
  <p class="tl-alert-title">
    <span class="tl-severity">{{ alert.severity }}</span> <b>{{ alert.title }}</b><span v-if="alert.place"> · {{ alert.place }}</span>
  </p>
  <p>
    Opened <time :datetime="t.iso(alert.opened_at)" :title="t.exact(alert.opened_at)">{{ t.when(alert.opened_at) }}</time>
    ({{ t.ago(alert.opened_at, now) }})<template v-if="resolved">, resolved after {{ t.duration(alert.resolved_at - alert.opened_at) }}</template>
    · <b>{{ t.many(alert.customers, "customer") }}</b> affected
    · {{ t.many(alert.count, "occurrence") }}<template v-if="alert.usual"> ({{ alert.usual }})</template>
  </p>
  <p v-if="alert.evidence.length">
    Examples: <template v-for="(example, n) in alert.evidence" :key="example.customer">{{ n ? ", " : "" }}<a :href="link(t.customer(example.customer))">{{ example.name }}</a></template>
  </p>
  <p v-for="cause in alert.causes" :key="cause">{{ cause }}</p>
  <p v-if="summary" class="tl-muted">{{ alert.summary }}</p>
  <p v-if="alert.held_by"><b>Not notified:</b> {{ alert.held_by }}</p>
  <p v-for="line in alert.story" :key="line">{{ line }}</p>
  <p v-if="summary && alert.precision" class="tl-muted">This rule so far: {{ alert.precision }}.</p>
  <p v-if="explains && alert.customers"><button type="button" class="tl-small" :aria-label="'What is different? Those affected by ' + alert.title" @click="$emit('explain', { kind: 'alert', name: alert.id, title: [alert.title, alert.place].filter(Boolean).join(' · ') })">What is different?</button></p>
  <slot></slot>
</article>`,
  },

  // A text that may be clipped: `full` is all of it, for the tooltip and for screen readers.
  Clipped: {
    props: { text: String, full: String },
    computed: { line() { return window.touchline.unbroken(this.text); } },
    template: `<span v-if="full" :title="full"><span aria-hidden="true">{{ line }}</span><span class="tl-hidden">{{ full }}</span></span><template v-else>{{ line }}</template>`,
  },

  // A message, whose parts between backticks are code.
  Message: {
    props: { text: String },
    computed: {
      parts() {
        const parts = this.text.split("`");
        return parts.length % 2 ? parts : [this.text];
      },
    },
    template: `<template v-for="(part, n) in parts" :key="n"><code v-if="n % 2">{{ part }}</code><template v-else>{{ part }}</template></template>`,
  },

  // What a chart shows as a table, read from the chart when it is opened.
  ChartTable: {
    props: { panel: Object },
    data: () => ({ open: false, columns: [], rows: [] }),
    watch: { panel() { if (this.open) this.$nextTick(this.fill); } },
    methods: {
      toggle(event) {
        this.open = event.target.open;
        if (this.open) this.fill();
      },
      fill() {
        const { id } = this.$el.closest("section").querySelector(".tl-chart > [id]");
        const { options } = getElement(id.slice(1));
        [this.columns, this.rows] = window.touchline.tables[this.panel.kind](options);
      },
    },
    template: `
<details class="tl-rows" @toggle="toggle">
  <summary :aria-label="'Show as a table: ' + panel.title">Show as a table</summary>
  <div v-if="open" class="tl-scroll tl-long" tabindex="0"><table class="tl-table">
    <thead><tr><th v-for="(name, c) in columns" :key="c" scope="col" :data-number="c > 0">{{ name }}</th></tr></thead>
    <tbody><tr v-for="([name, ...values], r) in rows" :key="r">
      <th scope="row">{{ name }}</th><td v-for="(value, c) in values" :key="c" data-number="true">{{ value }}</td>
    </tr></tbody>
  </table></div>
</details>`,
  },

  TimeZone: {
    data() {
      const t = window.touchline;
      const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
      const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
      return { t, first: [...new Set([t.zone, t.ownZone, here, "UTC"])], all };
    },
    template: `
<p class="tl-muted tl-zone"><label>Times are in the time zone
  <select :value="t.zone" @change="t.chooseZone($event.target.value)">
    <option v-for="name in first" :key="name" :value="name">{{ name }}</option>
    <optgroup label="All time zones"><option v-for="name in all" :key="name" :value="name">{{ name }}</option></optgroup>
  </select></label></p>`,
  },
};
