export default {
  mixins: [window.touchline.ticking],
  props: { alerts: Object, failed: Boolean },
  data() { return { t: window.touchline }; },
  template: `
<main class="tl-page" :aria-busy="!alerts && !failed">
  <template v-if="!alerts">
    <section v-if="failed" class="tl-card tl-empty"><h1>Nothing to show yet</h1><p>The alerts appear here as soon as the store answers.</p></section>
    <div v-else class="tl-skeleton" role="status"><span class="tl-hidden">Loading the alerts</span><i class="tl-line"></i><i class="tl-block tl-tall"></i></div>
  </template>
  <template v-else>
    <div class="tl-top"><div>
      <h1>{{ alerts.open.length ? t.many(alerts.open.length, "alert") + " open" : "No alert is open" }}</h1>
      <p class="tl-lead">One alert for one problem, by the times of the events; taken back when it is over.</p>
    </div></div>
    <section v-for="[title, list, none] in [['Open', alerts.open, 'Nothing is wrong by the alert rules.'], ['Over', alerts.over, 'No alert has come and gone yet.']]" :key="title" class="tl-card">
      <h2>{{ title }}</h2>
      <p v-if="!list.length" class="tl-muted">{{ none }}</p>
      <article v-for="one in list" :key="one.id" class="tl-alert" :data-severity="one.resolved_at === null ? one.severity : 'over'">
        <p class="tl-alert-what"><span class="tl-severity">{{ one.severity }}</span> <b>{{ one.title }}</b><span v-if="one.place"> · {{ one.place }}</span></p>
        <p>since <time :datetime="new Date(one.opened_at).toISOString()" :title="t.exact(one.opened_at)">{{ t.when(one.opened_at) }}</time> ({{ t.ago(one.opened_at, now) }})<template v-if="one.resolved_at !== null">,
            over after {{ t.took(one.resolved_at - one.opened_at) }}</template>
          · <b>{{ t.many(one.customers, "customer") }}</b>, {{ t.many(one.count, "time") }}<template v-if="one.usual"> · {{ one.usual }}</template></p>
        <p v-if="one.evidence.length">For example: <template v-for="(who, n) in one.evidence" :key="who.customer">{{ n ? ", " : "" }}<a :href="t.customer(who.customer)">{{ who.name }}</a></template></p>
        <p class="tl-muted">{{ one.summary }}</p>
      </article>
    </section>
  </template>
</main>`,
};
