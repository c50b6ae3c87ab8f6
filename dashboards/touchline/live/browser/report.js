const { Loading } = window.touchline.parts;

export default {
  mixins: [window.touchline.linking],
  components: { Loading },
  props: { kind: String, report: Object, failed: Boolean },
  computed: {
    empty() {
      return this.kind === "audit"
        ? ["No audit yet", "One is made every day, from a day of data on.", "touchline audit"]
        : ["No digest of this week yet", "It is made six hours after the week is over, on Monday.", "touchline report weekly"];
    },
  },
  // The server escapes every text of the report.
  template: `
<main class="tl-report" :aria-busy="!report && !failed">
  <div v-if="!report" class="tl-page"><loading :failed="failed"/></div>
  <template v-else>
    <nav class="tl-report-links" aria-label="Reports">
      <a :href="link('/audit')" :aria-current="kind === 'audit' ? 'page' : null">Audit</a>
      <a :href="link('/digest?week=')" :aria-current="kind === 'weekly' ? 'page' : null">Last week</a>
      <a v-for="week in report.weeks.slice(1)" :key="week" :href="link('/digest?week=' + week)">{{ week }}</a>
    </nav>
    <div v-if="report.html" v-html="report.html"></div>
    <div v-else class="tl-page"><section class="tl-card tl-empty">
      <h1>{{ empty[0] }}</h1>
      <p>{{ empty[1] }} To make it now:</p>
      <pre>{{ empty[2] }}</pre>
    </section></div>
  </template>
</main>`,
};
