const FEW = 6;
const SPANS = [["1h", "1 hour"], ["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"], ["all", "All"]];

export default {
  mixins: [window.touchline.ticking],
  props: { overview: Object, span: String, failed: Boolean },
  emits: ["span"],
  data() { return { t: window.touchline, spans: SPANS, few: FEW, whole: {}, copied: false, example: this.command() }; },
  computed: {
    o() { return this.overview; },
    length() { return (SPANS.find(([key]) => key === this.o.span) || ["", ""])[1]; },
    during() { return this.o.span === "all" ? "in all time" : `in the ${this.o.old ? "newest" : "last"} ${this.length}`; },
    worst() { return this.o.rules[0]; },
    colours() { return Object.fromEntries(this.o.series.map((one) => [one.key, one.colour])); },
    tiles() {
      const o = this.o, t = this.t;
      return [
        ["Frictions", o.frictions, o.span === "1h" || o.old ? "" : `${t.count(o.last_hour)} in the last hour`, "frictions"],
        ["Still open", o.open, `${t.percent(o.open.now, o.frictions.now)} of the frictions`, "open"],
        ["Resolved", o.resolved, `${t.percent(o.resolved.now, o.frictions.now)} of the frictions`, "resolved"],
        ["Customers met", o.customers, `${t.percent(o.customers.now, o.active.now)} of ${t.many(o.active.now, "active customer")}`, "customers"],
      ];
    },
  },
  methods: {
    command() {
      const id = `hello-${Date.now().toString(36)}`;
      const event = { id, type: "contact.abandoned", time: new Date().toISOString(), channel: "phone", source: "call-centre",
        identifiers: { account: "u-17" }, data: { contact_id: "c-1", wait_seconds: 240 } };
      return `curl ${window.location.origin}/v1/events -H 'content-type: application/json' -d '${JSON.stringify(event)}'`;
    },
    async copy() { await navigator.clipboard.writeText(this.example); this.copied = true; },
    choose(key) {
      window.history.replaceState(window.history.state, "", `/?span=${key}`);
      this.$emit("span", key);
    },
    share(n, bars) { return `${100 * n / Math.max(1, ...bars.map((bar) => bar.frictions.now))}%`; },
    change(figure) {
      if (figure.before === null) return "";
      if (figure.now === figure.before) return "= as before";
      if (!figure.before) return "▲ from none";
      const ratio = figure.now / figure.before;
      const more = ratio > 1;
      const by = ratio >= 3 ? `${ratio.toFixed(ratio < 10 ? 1 : 0)} times` : `${Math.max(1, Math.round(Math.abs(ratio - 1) * 100))} %`;
      return `${more ? "▲" : "▼"} ${by} ${ratio >= 3 ? "as many" : more ? "more" : "fewer"}`;
    },
  },
  template: `
<main class="tl-page" :aria-busy="!o && !failed">
  <template v-if="!o">
    <section v-if="failed" class="tl-card tl-empty"><h1>Nothing to show yet</h1><p>The figures appear here as soon as the store answers.</p></section>
    <div v-else class="tl-skeleton" role="status"><span class="tl-hidden">Loading the figures</span>
      <i class="tl-line"></i><i class="tl-line tl-short"></i>
      <div class="tl-tiles"><i v-for="n in 4" :key="n" class="tl-block"></i></div><i class="tl-block tl-tall"></i>
    </div>
  </template>
  <section v-else-if="o.empty" class="tl-card tl-empty">
    <h1>Waiting for the first touchpoint</h1>
    <p>Nothing has arrived yet. Send one from a terminal; this page shows it within seconds:</p>
    <pre tabindex="0"><code>{{ example }}</code></pre>
    <p><button type="button" @click="copy" aria-live="polite">{{ copied ? "Copied" : "Copy the command" }}</button></p>
    <p class="tl-muted">From Python: <code>Touchline(url, key=…, source="shop").track("checkout.started", {"account": "u-17"})</code></p>
  </section>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1 v-if="o.frictions.now">{{ t.many(o.frictions.now, "friction") }} met {{ t.many(o.customers.now, "customer") }} {{ during }}</h1>
        <h1 v-else>No friction {{ during }}</h1>
        <p class="tl-lead" v-if="worst">Most often: <b>{{ worst.title }}</b>, {{ t.many(worst.frictions.now, "time") }},
          mostly at <b>{{ o.worst }}</b>.</p>
        <p class="tl-lead" v-else>{{ t.many(o.active.now, "customer") }} active, none of them stumbled.</p>
      </div>
      <nav class="tl-spans" aria-label="Span of time">
        <button v-for="[key, name] in spans" :key="key" type="button" :aria-pressed="key === span" @click="choose(key)">{{ name }}</button>
      </nav>
    </div>
    <p class="tl-note" v-if="o.old">No touchpoint is newer than <b>{{ t.date(o.newest) }}</b> ({{ t.ago(o.newest, now) }}): time counts back from there.</p>
    <section class="tl-tiles" aria-label="Friction now">
      <div v-for="[name, figure, note, key] in tiles" :key="name" class="tl-card tl-tile" :data-figure="key">
        <h2>{{ name }}</h2>
        <p class="tl-big">{{ t.count(figure.now) }}</p>
        <p class="tl-change" v-if="figure.before !== null">{{ change(figure) }} <span class="tl-muted">({{ t.count(figure.before) }} in the {{ length }} before)</span></p>
        <p class="tl-muted" v-if="note">{{ note }}</p>
      </div>
    </section>
    <section class="tl-card" aria-label="Friction over time">
      <h2>Over time <small>frictions per {{ t.took(o.bucket).replace(/^1 /, "") }}</small></h2>
      <p class="tl-muted" v-if="!o.frictions.now">No friction {{ during }}.</p>
      <div v-show="o.frictions.now" class="tl-chart" role="img" :aria-label="'Frictions per ' + t.took(o.bucket) + ', by rule; the panels below say the totals'"><slot></slot></div>
    </section>
    <div class="tl-two">
      <section v-for="[name, what, bars, hidden] in [['What goes wrong', 'by rule', o.rules, o.hidden_rules], ['Where', 'by touchpoint', o.touchpoints, o.hidden_touchpoints]]" :key="name" class="tl-card">
        <h2>{{ name }} <small>frictions {{ what }}</small></h2>
        <p class="tl-muted" v-if="!bars.length">No friction {{ during }}.</p>
        <ol class="tl-bars">
          <li v-for="bar in whole[name] ? bars : bars.slice(0, few)" :key="bar.key">
            <div class="tl-bar-words"><span class="tl-bar-title"><i v-if="colours[bar.key]" class="tl-swatch" :style="{ background: colours[bar.key] }"></i>{{ bar.title }}</span><b>{{ t.count(bar.frictions.now) }}</b></div>
            <div class="tl-bar" aria-hidden="true"><i :style="{ width: share(bar.frictions.now, bars), background: colours[bar.key] }"></i></div>
            <p class="tl-muted">{{ t.many(bar.customers, "customer") }} · {{ t.count(bar.open) }} open<template v-if="bar.frictions.before !== null"> · {{ change(bar.frictions) }}</template></p>
            <p class="tl-muted tl-aside" v-if="bar.note">{{ bar.note }}</p>
          </li>
        </ol>
        <p v-if="bars.length > few"><button type="button" :aria-expanded="!!whole[name]" @click="whole[name] = !whole[name]">{{ whole[name] ? "Show the first " + few : "Show all " + bars.length }}</button></p>
        <p class="tl-muted" v-if="hidden">and {{ t.many(hidden, "more", "more") }} with fewer</p>
      </section>
    </div>
    <section class="tl-card">
      <h2>Journeys at risk <small>lowest score first; 100 is a journey without a strike</small></h2>
      <p class="tl-muted" v-if="!o.risks.length">No journey has a strike {{ during }}.</p>
      <table v-else class="tl-risks">
        <thead><tr><th>Customer</th><th>Score</th><th>Strikes</th><th>Channels</th><th>Last touch</th></tr></thead>
        <tbody>
          <tr v-for="risk in o.risks" :key="risk.customer + risk.last">
            <td><a :href="t.customer(risk.customer)">{{ risk.name }}</a></td>
            <td><span class="tl-grade" :data-grade="risk.grade">{{ risk.grade }}</span> {{ risk.score }} <span class="tl-muted">of 100</span></td>
            <td>{{ t.many(risk.strikes, "point") }} <span class="tl-muted">in {{ t.many(risk.touchpoints, "touchpoint") }}</span></td>
            <td>{{ risk.path.join(" → ") }}</td>
            <td><time :datetime="new Date(risk.last).toISOString()" :title="t.exact(risk.last)">{{ t.ago(risk.last, now) }}</time> <span class="tl-muted">{{ t.when(risk.last) }} · {{ risk.outcome }}</span></td>
          </tr>
        </tbody>
      </table>
    </section>
  </template>
</main>`,
};
