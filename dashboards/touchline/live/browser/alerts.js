const { Loading, AlertCard, TimeZone } = window.touchline.parts;

export default {
  mixins: [window.touchline.ticking],
  components: { Loading, AlertCard, TimeZone },
  props: { alerts: Object, failed: Boolean },
  data: () => ({ t: window.touchline }),
  computed: {
    sections() {
      return [
        { title: "Open", alerts: this.alerts.open, empty: "No alert rule is firing." },
        { title: "Resolved", alerts: this.alerts.resolved, empty: "No alert has been resolved yet." },
      ];
    },
  },
  template: `
<main class="tl-page" :aria-busy="!alerts && !failed">
  <loading v-if="!alerts" :failed="failed"/>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1>{{ alerts.open.length ? t.many(alerts.open.length, "open alert") : "No open alerts" }}</h1>
        <p class="tl-lead">Each problem is one alert. It is resolved when its condition no longer holds.</p>
      </div>
    </div>
    <section v-for="section in sections" :key="section.title" class="tl-card">
      <h2>{{ section.title }}</h2>
      <p v-if="!section.alerts.length" class="tl-muted">{{ section.empty }}</p>
      <alert-card v-for="alert in section.alerts" :key="alert.id" :alert="alert" :now="now" summary/>
    </section>
    <time-zone/>
  </template>
</main>`,
};
