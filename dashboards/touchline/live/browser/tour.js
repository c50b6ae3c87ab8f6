// A guided tour: a card in the corner of every page. The browser tab remembers the step.
const KEY = "touchline.tour";

export default {
  props: { steps: Array },
  data() {
    const kept = window.sessionStorage.getItem(KEY);
    return { at: kept === null ? 0 : Number(kept), open: kept !== "-1" };
  },
  computed: {
    step() { return this.steps[this.at]; },
    here() { return window.location.pathname + window.location.search === this.step.link; },
  },
  methods: {
    keep() { window.sessionStorage.setItem(KEY, this.open ? this.at : -1); },
    go(to) {
      this.at = to;
      this.keep();
      if (!this.here) window.location.assign(this.step.link);
    },
    close() {
      this.open = false;
      this.keep();
      this.$nextTick(() => this.$refs.opener.focus());
    },
    start() {
      this.open = true;
      this.at = 0;
      this.keep();
      this.$nextTick(() => this.$refs.card.focus());
    },
  },
  template: `
<div class="tl-tour tl-page">
  <button v-if="!open" ref="opener" type="button" @click="start">Tour</button>
  <aside v-else ref="card" class="tl-card" tabindex="-1" aria-label="Tour" @keydown.esc="close">
    <p class="tl-muted">Step {{ at + 1 }} of {{ steps.length }}</p>
    <h2>{{ step.title }}</h2>
    <p aria-live="polite">{{ step.text }}</p>
    <div>
      <button v-if="at" type="button" @click="go(at - 1)">Back</button>
      <a v-if="!here" :href="step.link" @click="keep">Show me</a>
      <button v-if="at + 1 < steps.length" type="button" @click="go(at + 1)">Next</button>
      <button type="button" @click="close">{{ at + 1 < steps.length ? "Close" : "Done" }}</button>
    </div>
  </aside>
</div>`,
};
