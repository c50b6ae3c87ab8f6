const { Message, Loading, SpanPicker, OldDataNote, Author, TimeZone } = window.touchline.parts;
const SPANS = [["24h", "24 hours"], ["7d", "7 days"], ["30d", "30 days"]];

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.naming, window.touchline.writing],
  components: { Message, Loading, SpanPicker, OldDataNote, Author, TimeZone },
  props: { scorecard: Object, span: String, failed: Boolean },
  emits: ["span", "goal", "remove_goal"],
  data: () => ({ t: window.touchline, spans: SPANS, goal: null }),
  computed: {
    period() { return this.t.period(this.scorecard, SPANS); },
    judged() { return this.scorecard.with_goal.filter((measure) => measure.met !== null); },
    missed() { return this.judged.filter((measure) => !measure.met); },
    unsettled() {
      return [...this.scorecard.with_goal, ...this.scorecard.without_goal].some((measure) => this.mayChange(measure));
    },
    sections() {
      const { with_goal, without_goal } = this.scorecard;
      return [
        { title: "Goals", note: "missed goals first; select a measure for its definition", measures: with_goal },
        { title: with_goal.length ? "Measures without a goal" : "Measures", note: "select a measure for its definition", measures: without_goal, columns: true },
      ].filter((section) => section.measures.length);
    },
  },
  methods: {
    pick(key) {
      this.t.setView({ span: key });
      this.$emit("span", { span: key });
    },
    // A share is written in per cent.
    scale(measure) { return measure.unit === "share" ? 100 : 1; },
    unit(measure) { return { share: "%", seconds: "seconds", points: "points", strikes: "strike points", "of 7": "of 7", steps: "steps", currency: "in the currency" }[measure.unit]; },
    edit(measure) {
      const scale = this.scale(measure);
      const value = measure.goal_value === null ? "" : +(scale * measure.goal_value).toFixed(4);
      this.goal = { measure, value, low: scale * measure.low, high: measure.high === null ? null : scale * measure.high };
      this.fault = "";
      this.$nextTick(() => this.$refs.dialog.showModal());
    },
    save() { this.send("goal", { id: this.goal.measure.name, value: +(this.goal.value / this.scale(this.goal.measure)).toPrecision(12) }); },
    written() { this.$refs.dialog.close(); },
    mayChange(measure) { return !measure.settled && measure.observations > 0; },
    // Value at risk has one row for each currency.
    key(measure) { return `${measure.name} ${measure.value.split(" ").pop()}`; },
    result(measure) {
      if (measure.met === null) return "no data";
      return measure.met ? `✓ met: ${measure.distance}` : `✗ missed: ${measure.distance}`;
    },
  },
  template: `
<main class="tl-page" :aria-busy="!scorecard && !failed">
  <loading v-if="!scorecard" :failed="failed"/>
  <section v-else-if="scorecard.empty" class="tl-card tl-empty">
    <h1>No measures yet</h1>
    <p>No event has arrived. <a :href="link('/')">Friction now</a> shows how to send the first one.</p>
  </section>
  <template v-else>
    <div class="tl-top">
      <div>
        <h1 v-if="judged.length">{{ judged.length - missed.length }} of {{ t.many(judged.length, "goal") }} met {{ period }}</h1>
        <h1 v-else>Measures {{ period }}</h1>
        <p v-if="missed.length" class="tl-lead">Missed: <template v-for="(measure, n) in missed" :key="measure.name">{{ n ? "; " : "" }}<b>{{ measure.title }}</b> ({{ measure.distance }})</template>.</p>
        <p v-else-if="judged.length" class="tl-lead">All goals with data are met.</p>
        <p v-else-if="scorecard.with_goal.length" class="tl-lead">No measure with a goal has data yet.</p>
        <p v-else class="tl-lead">No goals are set. Select a measure to set one.</p>
      </div>
      <span-picker :spans="spans" :span="span" :shown="scorecard" @pick="pick"/>
    </div>
    <old-data-note :old="scorecard.old" :newest="scorecard.newest" :now="now"/>
    <section v-for="section in sections" :key="section.title" class="tl-card">
      <h2>{{ section.title }} <small>{{ section.note }}</small></h2>
      <ul class="tl-measures" :data-columns="section.columns">
        <li v-for="measure in section.measures" :key="key(measure)" :data-measure="measure.name" :data-met="measure.met">
          <details>
            <summary>
              <span class="tl-measure-name"><b>{{ measure.title }}</b> <span class="tl-muted">{{ measure.question }}</span></span>
              <span class="tl-measure-value">{{ measure.value }}<template v-if="mayChange(measure)">*</template> <span class="tl-muted">n = {{ t.count(measure.observations) }}</span></span>
              <span v-if="measure.goal" class="tl-goal">
                <span class="tl-tag" :data-open="measure.met === false" :data-good="measure.met === true">{{ result(measure) }}</span>
                <span class="tl-muted">Goal: {{ measure.goal }}</span>
              </span>
              <span v-if="measure.mark !== null" class="tl-meter" aria-hidden="true">
                <i :style="{ width: 100 * measure.fill + '%' }"></i><u :style="{ left: 100 * measure.mark + '%' }"></u>
              </span>
            </summary>
            <p><message :text="measure.definition"/></p>
            <p class="tl-muted">{{ measure.benchmark }}.</p>
            <p v-if="measure.goal" class="tl-muted">Goal {{ measure.goal }}: {{ measure.goal_source }}.</p>
            <p v-if="readOnly" class="tl-muted"><message :text="readOnly"/>.</p>
            <p v-else><button type="button" :aria-label="(measure.goal ? 'Change the goal: ' : 'Set a goal: ') + measure.title" @click="edit(measure)">{{ measure.goal ? "Change the goal" : "Set a goal" }}</button></p>
          </details>
        </li>
      </ul>
    </section>
    <dialog ref="dialog" class="tl-dialog" aria-labelledby="tl-goal-title" @close="goal = null">
      <form v-if="goal" @submit.prevent="save">
        <h2 id="tl-goal-title">Goal for {{ goal.measure.title }}</h2>
        <p class="tl-muted">{{ goal.measure.benchmark }}. Now: {{ goal.measure.value }}.</p>
        <label>{{ goal.measure.higher_is_better ? "At least" : "At most" }} ({{ unit(goal.measure) }})
          <input v-model="goal.value" type="number" step="any" :min="goal.low" :max="goal.high" required autofocus></label>
        <author v-model="author" :login="login"/>
        <p v-if="fault" class="tl-fault" role="alert"><message :text="fault"/>.</p>
        <p class="tl-buttons">
          <button type="submit" class="tl-main" :disabled="waiting">{{ waiting ? "Saving…" : "Save" }}</button>
          <button v-if="goal.measure.goal_source.startsWith('set on this page')" type="button" :disabled="waiting" @click="send('remove_goal', { id: goal.measure.name })">{{ goal.measure.goal_source.includes("instead of") ? "Use the goal of touchline.toml" : "Remove the goal" }}</button>
          <button type="button" @click="$refs.dialog.close()">Cancel</button>
        </p>
      </form>
    </dialog>
    <p class="tl-muted">
      {{ t.when(scorecard.start) }} to {{ t.when(scorecard.end) }}. n is the number of contacts, journeys, scores or other observations.
      <template v-if="unsettled">* May still change: the newest contacts and posts are not over.</template>
    </p>
    <time-zone/>
  </template>
</main>`,
};
