export default {
  mixins: [window.touchline.ticking],
  props: { story: Object, failed: Boolean },
  data() { return { t: window.touchline }; },
  computed: {
    s() { return this.story; },
    name() { return this.s.matches[0].name; },
    open() { return this.s.strikes.filter((strike) => strike.open); },
    newestFirst() { return [...this.s.strikes].reverse(); },
    // Where each row stands in its journey's lanes, and where the line comes from.
    lanes() {
      return this.s.journeys.map((journey) => {
        const width = window.innerWidth < 560 ? 11 : 18;
        let from = null;
        return { width: journey.channels.length * width, rows: journey.rows.map((row, index) => {
          // A strike stands on the line where the customer was when it was found.
          const stays = row.kind === "strike" && from !== null;
          const x = stays ? from : journey.channels.indexOf(row.channel) * width + width / 2;
          const lane = { x, from, last: index === journey.rows.length - 1 };
          from = x;
          return lane;
        }) };
      });
    },
  },
  methods: {
    state(strike) {
      if (strike.open) return "open";
      return `resolved after ${this.t.took(strike.resolved - strike.at)}`;
    },
    span(journey) {
      return journey.last - journey.start < 1000 ? this.t.when(journey.start)
        : `${this.t.when(journey.start)} – ${this.t.when(journey.last)}, ${this.t.took(journey.last - journey.start)}`;
    },
  },
  template: `
<main class="tl-page" :aria-busy="!s && !failed">
  <template v-if="!s">
    <section v-if="failed" class="tl-card tl-empty"><h1>Nothing to show yet</h1><p>The story appears here as soon as the store answers.</p></section>
    <div v-else class="tl-skeleton" role="status"><span class="tl-hidden">Loading the story</span>
      <i class="tl-line"></i><i class="tl-line tl-short"></i><i class="tl-block tl-tall"></i></div>
  </template>
  <section v-else-if="!s.matches.length" class="tl-card tl-empty" data-state="unknown">
    <h1>No customer is known as “{{ s.sought }}”</h1>
    <p>Search by an identifier that came with an event, such as <code>account:u-17</code>, an e-mail address or a phone number
      with its country code (<code>+31…</code>), or by a customer id. Ids change where customers turn out to be one: an identifier always finds them.</p>
    <p><a href="/">Back to the first page</a></p>
  </section>
  <section v-else-if="s.matches.length > 1" class="tl-card tl-empty" data-state="several">
    <h1>“{{ s.sought }}” may be one of {{ s.matches.length }} customers</h1>
    <ul><li v-for="match in s.matches" :key="match.customer"><a :href="t.customer(match.customer)">{{ match.name }}</a></li></ul>
  </section>
  <template v-else>
    <p class="tl-crumb"><a href="/">Friction now</a> / customer</p>
    <div class="tl-top"><div>
      <h1>{{ name }}</h1>
      <p class="tl-lead">
        <template v-if="s.strikes.length"><b>{{ t.many(s.strikes.length, "friction") }}</b>, {{ open.length ? t.count(open.length) + " still open" : "none open" }}</template>
        <template v-else><b>No friction</b></template>
        in {{ t.many(s.touchpoints, "touchpoint") }} and {{ t.many(s.journeys.length, "journey") }}.
        <template v-if="s.journeys.length">Last seen <time :title="t.exact(s.journeys[0].last)">{{ t.ago(s.journeys[0].last, now) }}</time> ({{ t.when(s.journeys[0].last) }}).</template>
      </p>
      <ul class="tl-names" aria-label="Known as"><li v-for="name in s.names" :key="name">{{ name }}</li><li v-if="s.hidden_names">and {{ s.hidden_names }} more</li></ul>
    </div></div>
    <section class="tl-card" v-if="s.strikes.length">
      <h2>What went wrong <small>newest first</small></h2>
      <ol class="tl-strikes">
        <li v-for="strike in newestFirst" :key="strike.number" :data-open="strike.open">
          <a class="tl-mark" :href="'#strike-' + strike.number" :aria-label="'Strike ' + strike.number + ' in the story'">{{ strike.number }}</a>
          <div><b>{{ strike.title }}</b> <span class="tl-tag" :data-open="strike.open">{{ state(strike) }}</span>
            <p class="tl-muted">{{ strike.place }} · <time :title="t.exact(strike.at)">{{ t.ago(strike.at, now) }}, {{ t.when(strike.at) }}</time> · −{{ t.many(strike.points, "point") }}</p></div>
        </li>
      </ol>
    </section>
    <section v-for="(journey, j) in s.journeys" :key="journey.start" class="tl-card">
      <h2><span class="tl-grade" :data-grade="journey.grade">{{ journey.grade }}</span>
        {{ journey.score }} of 100 <small>{{ span(journey) }} · {{ t.many(journey.strikes, "strike point") }} · {{ journey.outcome }}</small></h2>
      <p class="tl-muted tl-lanes-key">Lanes: <template v-for="(channel, c) in journey.channels" :key="channel"><i :class="'tl-lane-' + c % 6"></i>{{ channel }} </template></p>
      <ol class="tl-story">
        <li v-for="(row, r) in journey.rows" :key="row.kind + (row.number || '') + row.at + r" :class="'tl-' + row.kind" :data-open="row.open" :id="row.kind === 'strike' ? 'strike-' + row.number : null">
          <time :datetime="new Date(row.at).toISOString()" :title="t.exact(row.at)">{{ t.when(row.at) }}<span class="tl-muted">{{ t.ago(row.at, now) }}</span></time>
          <span class="tl-lane" :style="{ width: lanes[j].width + 'px' }"><svg aria-hidden="true">
            <line v-if="lanes[j].rows[r].from !== null" :x1="lanes[j].rows[r].from" y1="0" :x2="lanes[j].rows[r].x" y2="20"/>
            <line v-if="!lanes[j].rows[r].last" :x1="lanes[j].rows[r].x" y1="20" :x2="lanes[j].rows[r].x" y2="100%"/>
            <path v-if="row.kind === 'strike'" :d="'M' + lanes[j].rows[r].x + ' 12 l8 15 h-16 z'"/>
            <circle v-else :cx="lanes[j].rows[r].x" cy="20" r="5.5" :class="'tl-lane-' + journey.channels.indexOf(row.channel) % 6"/>
          </svg></span>
          <div v-if="row.kind === 'touchpoint'" class="tl-what">
            <b>{{ row.title }}</b><b v-if="row.count > 1"> × {{ t.count(row.count) }}</b> <span class="tl-muted">{{ row.place }}<template v-if="row.count > 1">, over {{ t.took(row.until - row.at) }}</template></span>
            <span v-for="mark in row.marks" :key="mark" class="tl-evidence"><a :href="'#strike-' + mark">evidence of {{ mark }}</a></span>
            <dl v-if="row.details.length"><div v-for="[name, value] in row.details" :key="name"><dt>{{ name }}</dt><dd>{{ value }}</dd></div></dl>
          </div>
          <div v-else class="tl-what">
            <span class="tl-mark">{{ row.number }}</span> <b>Strike: {{ row.title }}</b> <span class="tl-tag" :data-open="row.open">{{ state(row) }}</span>
            <span v-for="mark in row.marks" :key="mark" class="tl-evidence"><a :href="'#strike-' + mark">evidence of {{ mark }}</a></span>
            <p v-if="row.why">{{ row.why }}</p>
            <p class="tl-muted">−{{ t.many(row.points, "point") }} · {{ row.place }} · rule {{ row.rule }} · {{ row.factor }} ·
              {{ t.many(row.evidence, 'piece') }} of evidence<template v-if="row.unseen"> ({{ t.count(row.unseen) }} not on this page)</template></p>
          </div>
        </li>
      </ol>
    </section>
    <p class="tl-muted" v-if="s.hidden_touchpoints">{{ t.many(s.hidden_touchpoints, "older touchpoint") }} not shown.</p>
  </template>
</main>`,
};
