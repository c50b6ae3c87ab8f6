const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

export default {
  mixins: [window.touchline.ticking],
  props: { service: Object, span: String, failed: Boolean },
  emits: ["span"],
  data() { return { t: window.touchline, spans: SPANS }; },
  computed: {
    s() { return this.service; },
    length() { return (SPANS.find(([key]) => key === this.s.span) || ["", ""])[1]; },
    during() { return `in the ${this.s.old ? "newest" : "last"} ${this.length}`; },
    judged() { return this.s.aimed.filter((one) => one.met !== null); },
    met() { return this.judged.filter((one) => one.met).length; },
    starred() { return [...this.s.aimed, ...this.s.others].some((one) => !one.settled && one.of); },
  },
  methods: {
    choose(key) {
      window.history.replaceState(window.history.state, "", `/measures?span=${key}`);
      this.$emit("span", key);
    },
    verdict(one) { return one.met === null ? "nothing measured" : `${one.met ? "✓ met" : "✗ missed"}: ${one.distance}`; },
  },
  template: `
<main class="tl-page" :aria-busy="!s && !failed">
  <template v-if="!s">
    <section v-if="failed" class="tl-card tl-empty"><h1>Nothing to show yet</h1><p>The measures appear here as soon as the store answers.</p></section>
    <div v-else class="tl-skeleton" role="status"><span class="tl-hidden">Loading the measures</span>
      <i class="tl-line"></i><i class="tl-line tl-short"></i><i class="tl-block tl-tall"></i></div>
  </template>
  <section v-else-if="s.empty" class="tl-card tl-empty">
    <h1>Nothing to measure yet</h1>
    <p>No touchpoint has arrived. <a href="/">The first page</a> says how to send the first one.</p>
  </section>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1 v-if="judged.length">{{ t.count(met) }} of {{ t.many(judged.length, "goal") }} met {{ during }}</h1>
        <h1 v-else>Service {{ during }}</h1>
        <p class="tl-lead" v-if="judged.length && !judged[0].met">Missed: <template v-for="(one, i) in judged.filter((one) => !one.met)" :key="one.name">{{ i ? "; " : "" }}<b>{{ one.title }}</b> {{ one.distance }}</template>.</p>
        <p class="tl-lead" v-else-if="judged.length">Every goal that can be judged is met.</p>
        <p class="tl-lead" v-else-if="s.aimed.length">Nothing was measured yet that has a goal.</p>
        <p class="tl-lead" v-else>No goal is set. Set one in <code>touchline.toml</code>, such as <code>[goals]</code> <code>service_level = 0.8</code>, and start again.</p>
      </div>
      <nav class="tl-spans" aria-label="Span of time">
        <button v-for="[key, name] in spans" :key="key" type="button" :aria-pressed="key === span" @click="choose(key)">{{ name }}</button>
      </nav>
    </div>
    <p class="tl-note" v-if="s.old">No touchpoint is newer than <b>{{ t.date(s.newest) }}</b> ({{ t.ago(s.newest, now) }}): time counts back from there.</p>
    <section v-for="[title, what, list] in [['Against the goals', 'what misses its goal first', s.aimed], [s.aimed.length ? 'Without a goal' : 'Measures', 'open one for its definition', s.others]]" :key="title" v-show="list.length" class="tl-card">
      <h2>{{ title }} <small>{{ what }}</small></h2>
      <ul class="tl-measures" :data-apart="list === s.others">
        <li v-for="(one, n) in list" :key="one.name + one.value.split(' ').pop() + n" :data-measure="one.name" :data-met="one.met">
          <details>
            <summary>
              <span class="tl-measure-name"><b>{{ one.title }}</b> <span class="tl-muted">{{ one.question }}</span></span>
              <span class="tl-measure-value">{{ one.value }}<template v-if="!one.settled && one.of">*</template> <span class="tl-muted">of {{ t.count(one.of) }}</span></span>
              <span v-if="one.goal" class="tl-goal"><span class="tl-tag" :data-open="one.met === false" :data-good="one.met === true">{{ verdict(one) }}</span> <span class="tl-muted">goal {{ one.goal }}</span></span>
              <span v-if="one.mark !== null" class="tl-meter" aria-hidden="true"><i :style="{ width: 100 * one.fill + '%' }"></i><u :style="{ left: 100 * one.mark + '%' }"></u></span>
            </summary>
            <p>{{ one.definition }}</p><p class="tl-muted">{{ one.reference }}</p>
          </details>
        </li>
      </ul>
    </section>
    <p class="tl-muted"><template v-if="starred">* may still change: what was begun late in the span is not over. </template>{{ t.when(s.start) }} to {{ t.when(s.end) }}.</p>
  </template>
</main>`,
};
