// Seconds without a connection until the page says so: on the way to another page there is none for a moment.
const PATIENCE = 3;

export default {
  mixins: [window.touchline.ticking, window.touchline.linking],
  components: { Message: window.touchline.parts.Message },
  props: { state: Object, search: String, path: String, areas: Array, alerts: Number },
  data() { return { t: window.touchline, text: this.search || "", without: 0 }; },
  watch: {
    now() { this.without = window.socket?.connected ? 0 : this.without + 1; },
  },
  computed: {
    // What is wrong, or '': without a connection, what the server said last is no longer true.
    fault() {
      if (this.without > PATIENCE) return "No connection to the server.";
      return this.state?.error ? "The store cannot be read." : "";
    },
    area() { return this.areas.find((area) => area.pages.some(([target]) => target === this.path)) || this.areas[0]; },
  },
  emits: ["visible"],
  mounted() {
    // On a phone the links scroll sideways: the current one is in sight.
    this.$el.querySelector(".tl-pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    // Nothing is loaded for a page that nobody can see.
    this.report = () => this.$emit("visible", { visible: document.visibilityState !== "hidden" });
    document.addEventListener("visibilitychange", this.report);
    if (document.visibilityState === "hidden") this.report();
  },
  beforeUnmount() { document.removeEventListener("visibilitychange", this.report); },
  methods: {
    show(event) { event.target.scrollIntoView({ block: "nearest", inline: "nearest" }); },
    // The main part of a page takes the focus, so that the next Tab goes on from there.
    skip() {
      // NiceGUI has a main of its own around all, with the head.
      const main = document.querySelector("main.tl-page, main.tl-report");
      main?.setAttribute("tabindex", "-1");
      main?.focus();
    },
    find() {
      const text = this.text.trim();
      if (text) window.location.assign(this.link(this.t.customer(text)));
    },
  },
  template: `
<div>
  <a class="tl-skip" href="#" @click.prevent="skip">Skip to the content</a>
  <header class="tl-masthead">
    <a class="tl-brand" :href="link('/')">Touchline</a>
    <nav class="tl-areas" aria-label="Areas">
      <a v-for="one in areas" :key="one.name" :href="link(one.pages[0][0])" :aria-current="one === area ? 'true' : null">{{ one.name }}<b v-if="alerts && one !== area && one === areas[0]" class="tl-mark">{{ alerts }}<span class="tl-hidden"> open alerts</span></b></a>
    </nav>
    <nav class="tl-pages" @focusin="show" :aria-label="'Pages: ' + area.name">
      <a v-for="[target, name] in area.pages" :key="target" :href="link(target)" :aria-current="target === path ? 'page' : null">{{ name }}<b v-if="target === '/alerts' && alerts" class="tl-mark">{{ alerts }}<span class="tl-hidden"> open alerts</span></b></a>
    </nav>
    <form class="tl-search" role="search" @submit.prevent="find">
      <label class="tl-hidden" for="tl-find">Find a customer</label>
      <input id="tl-find" v-model="text" type="search" maxlength="512" autocomplete="off" spellcheck="false"
        title="Account, e-mail address, phone number, loyalty number, or the id of an order, contact or ticket" placeholder="Find a customer…">
      <button type="submit">Find</button>
    </form>
    <p v-if="fault" class="tl-fresh"><span class="tl-dot tl-bad"></span>Not live</p>
    <p v-else-if="!state" class="tl-fresh"><span class="tl-dot"></span>Loading…</p>
    <p v-else-if="state.final" class="tl-fresh" :title="t.exact(state.at)"><span class="tl-dot"></span>Past period · loaded {{ t.ago(state.at, now) }}</p>
    <p v-else-if="state.at" class="tl-fresh" :title="t.exact(state.at)"><span class="tl-dot tl-good"></span>Live · {{ t.ago(state.at, now) }}</p>
  </header>
  <div role="alert">
    <p v-if="fault" class="tl-banner">
      <b>{{ fault }}</b>
      <template v-if="state && state.at"> The data shown are from {{ t.when(state.at) }} ({{ t.ago(state.at, now) }}).</template>
      Retrying automatically.
      <span v-if="state && state.error" class="tl-why"><message :text="state.error"/></span>
    </p>
  </div>
</div>`,
};
