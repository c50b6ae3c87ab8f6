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

  SpanPicker: {
    props: { spans: Array, span: String },
    emits: ["pick"],
    template: `
<nav class="tl-spans" aria-label="Period">
  <button v-for="[key, name] in spans" :key="key" type="button" :aria-pressed="key === span" @click="$emit('pick', key)">{{ name }}</button>
</nav>`,
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
    props: { alert: Object, now: Number, summary: Boolean },
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
  <p v-if="summary" class="tl-muted">{{ alert.summary }}</p>
</article>`,
  },

  // A text that may be clipped: `full` is all of it, for the tooltip and for screen readers.
  Clipped: {
    props: { text: String, full: String },
    template: `<span v-if="full" :title="full"><span aria-hidden="true">{{ text }}</span><span class="tl-hidden">{{ full }}</span></span><template v-else>{{ text }}</template>`,
  },

  TimeZone: {
    data: () => ({ t: window.touchline }),
    template: `<p class="tl-muted">Times are in the time zone {{ t.zone }}.</p>`,
  },
};
