export default {
  mixins: [window.touchline.ticking],
  props: { reading: Object, sought: String, here: String, pages: Array, alerts: Number },
  data() { return { t: window.touchline, text: this.sought || "" }; },
  methods: {
    find() { if (this.text.trim()) window.location.assign(this.t.customer(this.text.trim())); },
  },
  template: `
<div><header class="tl-masthead">
  <a class="tl-brand" href="/">Touchline</a>
  <nav class="tl-pages" aria-label="Pages"><a v-for="[path, name] in pages" :key="path" :href="path" :aria-current="path === here ? 'page' : null">{{ name }}<b v-if="path === '/alerts' && alerts" class="tl-mark">{{ alerts }}</b></a></nav>
  <form class="tl-search" role="search" @submit.prevent="find">
    <label class="tl-hidden" for="tl-find">Find a customer</label>
    <input id="tl-find" title="An account, an e-mail address, a phone number, a loyalty number" v-model="text" type="search" maxlength="512" autocomplete="off" spellcheck="false"
      placeholder="Find a customer…">
    <button type="submit">Find</button>
  </form>
  <p class="tl-fresh" v-if="!reading"><span class="tl-dot tl-wait"></span>Loading…</p>
  <p class="tl-fresh" v-else-if="reading.error"><span class="tl-dot tl-bad"></span>Not live</p>
  <p class="tl-fresh" v-else :title="t.exact(reading.at)"><span class="tl-dot tl-good"></span>Live · {{ t.ago(reading.at, now) }}</p>
</header>
<div role="alert">
  <p class="tl-banner" v-if="reading && reading.error">
    <b>The store cannot be read.</b>
    <template v-if="reading.at"> These figures are from {{ t.ago(reading.at, now) }} ({{ t.when(reading.at) }}).</template>
    <template v-else> There are no figures to show yet.</template>
    Trying again by itself. <span class="tl-why">{{ reading.error }}</span>
  </p>
</div></div>`,
};
