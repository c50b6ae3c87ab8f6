const { Message, Loading, TimeZone, Author } = window.touchline.parts;
const VERDICTS = [
  ["solved", "Solved: the customer was helped, or the cause removed"],
  ["known", "Known: it is real, and nothing more is done now"],
  ["false_alarm", "False alarm: there was no friction"],
];

export default {
  mixins: [window.touchline.ticking, window.touchline.linking, window.touchline.writing],
  components: { Message, Loading, TimeZone, Author },
  props: { page: Object, failed: Boolean },
  emits: ["say"],
  data: () => ({ t: window.touchline, verdicts: VERDICTS, comment: "", assignee: "", verdict: "solved", what: "comment" }),
  computed: {
    closed() { return this.page.case.closed_at !== null; },
    me() { return this.login || this.author.trim(); },
    state() {
      const { state, verdict, closed_by, assignee } = this.page.case;
      if (state === "closed") return `closed as ${verdict}${closed_by ? ` by ${closed_by}` : ""}`;
      if (state === "resolved") return "resolved: the expected event came after all";
      return assignee ? `open, assigned to ${assignee}` : "open, assigned to nobody";
    },
  },
  methods: {
    say(what, assignee = "") {
      this.what = what;
      this.send("say", { what, comment: this.comment, assignee, verdict: what === "close" ? this.verdict : "" });
    },
    written() { this.comment = ""; this.assignee = ""; },
  },
  template: `
<main class="tl-page" :aria-busy="!page && !failed">
  <loading v-if="!page" :failed="failed"/>
  <section v-else-if="!page.case" class="tl-card tl-empty" data-state="unknown">
    <h1>No such friction</h1>
    <p>It is no longer true, because of later events or other rules, or its customer was forgotten.</p>
    <p><a :href="link('/cases')">Back to Cases</a></p>
  </section>
  <template v-else>
    <p class="tl-crumb"><a :href="link('/cases')">Cases</a> / Friction</p>
    <div class="tl-top"><div>
      <h1>{{ page.case.title }}</h1>
      <p class="tl-lead">
        <a :href="link(t.customer(page.case.customer))">{{ page.case.name }}</a> · {{ page.case.touchpoint }} ·
        <time :datetime="t.iso(page.case.opened_at)" :title="t.exact(page.case.opened_at)">{{ t.when(page.case.opened_at) }} ({{ t.ago(page.case.opened_at, now) }})</time>
        · {{ t.many(page.case.points, "strike point") }}<template v-if="page.case.ordered"> · ordered so far: {{ page.case.ordered }}</template>
      </p>
      <p class="tl-lead"><span class="tl-tag" :data-open="page.case.state === 'open'">{{ state }}</span></p>
      <p v-if="page.why" class="tl-muted">{{ page.why }}</p>
    </div></div>

    <section class="tl-card">
      <h2>What staff did</h2>
      <p v-if="!page.steps.length" class="tl-muted">Nothing yet.</p>
      <ol v-else class="tl-steps">
        <li v-for="(step, n) in page.steps" :key="n">
          <time :datetime="t.iso(step.at)" :title="t.exact(step.at)" class="tl-muted">{{ t.when(step.at) }}</time>
          <span><b>{{ step.by || "Somebody" }}</b> {{ step.what }}<span v-if="step.comment" class="tl-comment">{{ step.comment }}</span></span>
        </li>
      </ol>
    </section>

    <section class="tl-card" aria-labelledby="tl-say">
      <h2 id="tl-say">Take care of it</h2>
      <p v-if="readOnly" class="tl-muted"><message :text="readOnly"/>.</p>
      <form v-else class="tl-form" @submit.prevent="say('comment')">
        <author v-model="author" :login="login"/>
        <label>Comment<textarea v-model="comment" rows="3" maxlength="4000"></textarea></label>
        <p class="tl-buttons">
          <button type="submit" :disabled="waiting || !comment.trim()">Comment</button>
          <button v-if="!closed && page.case.assignee !== me" type="button" :disabled="waiting || !me" @click="say('assign', me)">Assign to me</button>
          <button v-if="closed" type="button" :disabled="waiting" @click="say('reopen')">Open again</button>
        </p>
        <div v-if="!closed" class="tl-pair">
          <div class="tl-form">
            <label>Assign to<input v-model="assignee" maxlength="80" :placeholder="page.case.assignee || 'a name'"></label>
            <p class="tl-buttons"><button type="button" :disabled="waiting || !assignee.trim()" @click="say('assign', assignee)">Assign</button>
              <button v-if="page.case.assignee" type="button" :disabled="waiting" @click="say('assign')">Take it from {{ page.case.assignee }}</button></p>
          </div>
          <div class="tl-form">
            <label>How did it end?<select v-model="verdict"><option v-for="[key, name] in verdicts" :key="key" :value="key">{{ name }}</option></select></label>
            <p class="tl-buttons"><button type="button" class="tl-main" :disabled="waiting" @click="say('close')">Close</button></p>
          </div>
        </div>
        <p v-if="fault" class="tl-fault" role="alert"><message :text="fault"/>.</p>
        <p v-else-if="waiting" class="tl-muted" role="status">Saving…</p>
      </form>
    </section>
    <time-zone/>
  </template>
</main>`,
};
