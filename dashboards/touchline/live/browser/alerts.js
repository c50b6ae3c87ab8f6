const { Message, Loading, AlertCard, Author, TimeZone, TryNumbers } = window.touchline.parts;
const HOURS = [1, 2, 4, 8, 24, 168];
const TIMES = [1.5, 2, 3, 5, 10];
const VERDICTS = [["real", "Real"], ["known", "Known"], ["noise", "Noise"]];

export default {
  mixins: [window.touchline.ticking, window.touchline.writing],
  components: { Message, Loading, AlertCard, Author, TimeZone, TryNumbers },
  props: { alerts: Object, failed: Boolean, explains: Boolean, rules: Array, trial: Object, days: Array },
  emits: ["explain", "act", "try", "cancel"],
  data: () => ({
    t: window.touchline, choices: HOURS, worse: TIMES, verdicts: VERDICTS,
    hours: 2, times: 0, muteHours: 24, everywhere: false, changes: {}, acting: "",
  }),
  computed: {
    sections() {
      return [
        { title: "Open", alerts: this.alerts.open, empty: "No alert rule is firing." },
        { title: "Resolved", alerts: this.alerts.resolved, empty: "No alert has been resolved yet." },
      ];
    },
  },
  methods: {
    act(alert, what) {
      this.acting = alert.id;
      this.send("act", { id: alert.id, what, hours: this.hours, times: this.times });
    },
    mute(alert) {
      this.acting = alert.id;
      this.send("act", { id: alert.id, what: "mute", hours: this.muteHours, everywhere: this.everywhere || !alert.place });
    },
    expect(alert) {
      this.acting = alert.id;
      this.send("act", { id: alert.id, what: "expect", hours: 0, change: (this.changes[alert.id] || "").trim() });
    },
    written() {},
    name(slider) {
      return {
        customers: "Customers, at least", times: "Times the usual number, at least", worse_than: "Worse than",
        longer_than: "No event for longer than", amount: "Associated loss, at least", false_alarms: "Opened by chance, at most",
      }[slider.name] || slider.name;
    },
    sentence(result) {
      const days = this.t.many(Math.round(result.days), "day");
      return `Would have opened ${this.t.many(result.after, "incident")} instead of ${this.t.count(result.before)} in the last ${days}.`;
    },
    length(hours) { return hours < 48 ? this.t.many(hours, "hour") : this.t.many(hours / 24, "day"); },
  },
  template: `
<main class="tl-page" :aria-busy="!alerts && !failed">
  <loading v-if="!alerts" :failed="failed"/>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1>{{ alerts.open.length ? t.many(alerts.open.length, "open alert") : "No open alerts" }}</h1>
        <p class="tl-lead">Each problem is one alert. It is resolved when its condition no longer holds.</p>
        <template v-if="alerts.open.length || alerts.resolved.length">
          <p v-if="readOnly" class="tl-muted"><message :text="readOnly"/>.</p>
          <div v-else class="tl-form"><author v-model="author" :login="login"/></div>
        </template>
      </div>
    </div>
    <section v-for="section in sections" :key="section.title" class="tl-card">
      <h2>{{ section.title }}</h2>
      <p v-if="!section.alerts.length" class="tl-muted">{{ section.empty }}</p>
      <alert-card v-for="alert in section.alerts" :key="alert.id" :alert="alert" :now="now" :explains="explains" summary @explain="$emit('explain', $event)">
        <div v-if="!readOnly" role="group" :aria-label="'Act on ' + [alert.title, alert.place].filter(Boolean).join(' · ')">
          <p class="tl-buttons tl-acts">
            <template v-if="alert.resolved_at === null">
              <button v-if="!alert.acknowledged" type="button" class="tl-small" :disabled="waiting" @click="act(alert, 'acknowledge')">Acknowledge</button>
              <button v-else type="button" class="tl-small" :disabled="waiting" @click="act(alert, 'release')">Take acknowledgement back</button>
              <button v-if="alert.snoozed" type="button" class="tl-small" :disabled="waiting" @click="act(alert, 'wake')">End snooze</button>
              <span v-else><button type="button" class="tl-small" :disabled="waiting" @click="act(alert, 'snooze')">Snooze</button>
                <label> for <select v-model.number="hours"><option v-for="n in choices" :key="n" :value="n">{{ length(n) }}</option><option :value="0" :disabled="!times">any time</option></select></label>
                <select v-model.number="times" aria-label="End the snooze when it gets worse"><option :value="0" :disabled="!hours">even if it gets worse</option><option v-for="n in worse" :key="n" :value="n">until {{ n }} times the customers</option></select></span>
            </template>
            <span>Verdict:</span>
            <button v-for="[key, name] in verdicts" :key="key" type="button" class="tl-small" :disabled="waiting" :aria-pressed="String(alert.verdict === key)" @click="act(alert, key)">{{ name }}</button>
          </p>
          <details class="tl-more">
            <summary>Mute, or name the change that should end it</summary>
            <form class="tl-buttons tl-acts" @submit.prevent="mute(alert)">
              <button v-if="alert.muted" type="button" class="tl-small" :disabled="waiting" @click="act(alert, 'unmute')">End mute</button>
              <template v-else>
                <button type="submit" class="tl-small" :disabled="waiting">Mute</button>
                <label v-if="alert.place"><select v-model="everywhere" aria-label="What to mute"><option :value="false">{{ alert.place }}</option><option :value="true">all of this rule</option></select></label>
                <span v-else>all of this rule</span>
                <label> for <select v-model.number="muteHours"><option v-for="n in choices" :key="n" :value="n">{{ length(n) }}</option><option :value="0">ever, until I end it</option></select></label>
              </template>
            </form>
            <form class="tl-buttons tl-acts" @submit.prevent="expect(alert)">
              <label>Change <input v-model="changes[alert.id]" required maxlength="128" placeholder="release-481" autocomplete="off"></label>
              <button type="submit" class="tl-small" :disabled="waiting">Should end it</button>
            </form>
          </details>
          <p v-if="acting === alert.id && fault" class="tl-fault" role="alert"><message :text="fault"/>.</p>
          <p v-else-if="acting === alert.id && waiting" class="tl-muted" role="status">Saving…</p>
        </div>
      </alert-card>
    </section>
    <section v-if="alerts.held.length" class="tl-card">
      <h2>Not notified in the last 30 days</h2>
      <div class="tl-scroll" tabindex="0" role="region" aria-label="Not notified in the last 30 days"><table class="tl-table" data-wide="true">
        <thead><tr><th>From</th><th>To</th><th>Alert</th><th>Why</th><th data-number="true">Customers affected meanwhile</th></tr></thead>
        <tbody><tr v-for="entry in alerts.held" :key="entry.id">
          <td><time :datetime="t.iso(entry.began_at)" :title="t.exact(entry.began_at)">{{ t.when(entry.began_at) }}</time></td>
          <td><time v-if="entry.ended_at !== null" :datetime="t.iso(entry.ended_at)" :title="t.exact(entry.ended_at)">{{ t.when(entry.ended_at) }}</time><template v-else>still held</template></td>
          <td>{{ [entry.title, entry.place].filter(Boolean).join(" · ") }}</td>
          <td>{{ entry.held_by }}</td>
          <td data-number="true">{{ t.count(entry.customers) }}</td>
        </tr></tbody>
      </table></div>
    </section>
    <section v-if="rules && rules.length" class="tl-card">
      <h2>Alert rules <small>select one to see how many incidents it would open with other numbers</small></h2>
      <ul class="tl-rules">
        <li v-for="rule in rules" :key="rule.id" :data-rule="rule.id">
          <details>
            <summary><span class="tl-rule-name"><b>{{ rule.title }}</b> <span class="tl-muted">{{ [rule.severity, rule.owner].filter(Boolean).join(" · ") }}</span></span></summary>
            <div class="tl-rule-body">
              <p>{{ rule.why }}</p>
              <try-numbers :sheet="rule" :trial="trial" :days="days" :name="name" doing="Evaluating the stored events" file="alerts"
                v-slot="{ result }" @try="$emit('try', $event)" @cancel="$emit('cancel', {})">
                <p class="tl-verdict"><b><message :text="sentence(result)"/></b></p>
                <p v-for="note in result.notes" :key="note" class="tl-muted"><message :text="note"/></p>
              </try-numbers>
            </div>
          </details>
        </li>
      </ul>
    </section>
    <time-zone/>
  </template>
</main>`,
};
