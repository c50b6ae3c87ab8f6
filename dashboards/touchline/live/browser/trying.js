// Counts the trials of this browser window, so that a newer one replaces the state of an older one.
let tickets = 0;

// The numbers of a rule as sliders, a trial of others, and the YAML that puts them in force. The slot shows the result.
window.touchline.parts.TryNumbers = {
  components: { Message: window.touchline.parts.Message },
  props: { sheet: Object, trial: Object, days: Array, name: Function, doing: String, file: String },
  emits: ["try", "cancel"],
  data: () => ({ t: window.touchline, chosen: {}, period: 7, ticket: 0, copied: false }),
  computed: {
    replaced() { return !!this.trial && this.trial.ticket > this.ticket; },
    state() { return this.trial && this.trial.ticket === this.ticket ? this.trial : null; },
    waiting() { return this.ticket > 0 && !this.state && !this.replaced; },
    running() { return this.state ? ["waiting", "running"].includes(this.state.stage) : this.waiting; },
    moved() { return this.sheet.sliders.some((slider) => this.position(slider) !== slider.current); },
  },
  methods: {
    position(slider) { return this.chosen[slider.name] ?? slider.current; },
    run() {
      this.ticket = ++tickets;
      this.copied = false;
      this.$emit("try", { ticket: this.ticket, rule: this.sheet.id, positions: { ...this.chosen }, days: this.period });
    },
    async copy() { this.copied = await this.t.copy(this.state.result.yaml); },
  },
  template: `
<form class="tl-form tl-try" @submit.prevent="run">
  <h3>Try other numbers</h3>
  <label v-for="slider in sheet.sliders" :key="slider.name">
    <span>{{ name(slider) }} <b>{{ slider.values[position(slider)] }}</b>
      <template v-if="position(slider) !== slider.current"> instead of {{ slider.values[slider.current] }}</template></span>
    <input type="range" min="0" :max="slider.values.length - 1" step="1" :value="position(slider)" :name="slider.name"
      :aria-valuetext="slider.values[position(slider)]" @input="chosen[slider.name] = +$event.target.value">
  </label>
  <p class="tl-buttons">
    <label class="tl-inline">over the last <select v-model.number="period"><option v-for="n in days" :key="n" :value="n">{{ n }} days</option></select></label>
    <button type="submit" class="tl-main" :disabled="!moved || running">Try</button>
    <button v-if="running" type="button" @click="$emit('cancel', {})">Cancel</button>
    <button v-else-if="moved" type="button" @click="chosen = {}">Back to the numbers in force</button>
  </p>
  <div v-if="ticket && !replaced" role="status">
    <p v-if="waiting">Starting…</p>
    <p v-else-if="state.stage === 'waiting'">Waiting: {{ t.many(state.ahead, "other trial") }} first.</p>
    <p v-else-if="state.stage === 'running'">{{ doing }} <progress max="1" :value="state.done" aria-label="Progress of the trial"></progress></p>
    <p v-else-if="state.stage === 'failed'" class="tl-fault"><message :text="state.error"/>.</p>
    <template v-else>
      <slot :result="state.result"></slot>
      <p>To put it in force, write this into your {{ file }} file, and restart Touchline:</p>
      <pre tabindex="0"><code>{{ state.result.yaml }}</code></pre>
      <p><button type="button" @click="copy"><span aria-live="polite">{{ copied ? "Copied" : "Copy" }}</span></button></p>
    </template>
  </div>
</form>`,
};
