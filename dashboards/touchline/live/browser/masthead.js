export default {
  mixins: [window.touchline.ticking, window.touchline.linking],
  props: { state: Object, search: String, path: String, pages: Array, alerts: Number },
  data() { return { t: window.touchline, text: this.search || "" }; },
  methods: {
    find() {
      const text = this.text.trim();
      if (text) window.location.assign(this.link(this.t.customer(text)));
    },
  },
  template: `
<div>
  <header class="tl-masthead">
    <a class="tl-brand" :href="link('/')">Touchline</a>
    <nav class="tl-pages" aria-label="Pages">
      <a v-for="[target, name] in pages" :key="target" :href="link(target)" :aria-current="target === path ? 'page' : null">{{ name }}<b v-if="target === '/alerts' && alerts" class="tl-mark">{{ alerts }}</b></a>
    </nav>
    <form class="tl-search" role="search" @submit.prevent="find">
      <label class="tl-hidden" for="tl-find">Find a customer</label>
      <input id="tl-find" v-model="text" type="search" maxlength="512" autocomplete="off" spellcheck="false"
        title="Account, e-mail address, phone number or loyalty number" placeholder="Find a customer…">
      <button type="submit">Find</button>
    </form>
    <p v-if="!state" class="tl-fresh"><span class="tl-dot"></span>Loading…</p>
    <p v-else-if="state.error" class="tl-fresh"><span class="tl-dot tl-bad"></span>Not live</p>
    <p v-else class="tl-fresh" :title="t.exact(state.at)"><span class="tl-dot tl-good"></span>Live · {{ t.ago(state.at, now) }}</p>
  </header>
  <div role="alert">
    <p v-if="state && state.error" class="tl-banner">
      <b>The store cannot be read.</b>
      <template v-if="state.at"> The data shown are from {{ t.when(state.at) }} ({{ t.ago(state.at, now) }}).</template>
      Retrying automatically.
      <span class="tl-why">{{ state.error }}</span>
    </p>
  </div>
</div>`,
};
