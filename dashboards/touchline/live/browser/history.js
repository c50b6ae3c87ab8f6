const { Loading, Clipped, TimeZone } = window.touchline.parts;
const NARROW_WINDOW = 560;

export default {
  mixins: [window.touchline.ticking, window.touchline.linking],
  components: { Loading, Clipped, TimeZone },
  props: { history: Object, failed: Boolean },
  data: () => ({ t: window.touchline }),
  computed: {
    name() { return this.history.matches[0].name; },
    open() { return this.history.frictions.filter((friction) => friction.open).length; },
    newestFirst() { return [...this.history.frictions].reverse(); },
    // The x position of each row in its journey's lanes (one for each channel), and where its line comes from.
    lanes() {
      const width = window.innerWidth < NARROW_WINDOW ? 11 : 18;
      return this.history.journeys.map((journey) => {
        let from = null;
        const rows = journey.rows.map((row, index) => {
          // A friction stays in the lane of the event before it.
          const stays = row.kind === "friction" && from !== null;
          const x = stays ? from : journey.channels.indexOf(row.channel) * width + width / 2;
          const lane = { x, from, last: index === journey.rows.length - 1 };
          from = x;
          return lane;
        });
        return { width: journey.channels.length * width, rows };
      });
    },
  },
  methods: {
    state(friction) {
      return friction.open ? "open" : `resolved after ${this.t.duration(friction.resolved - friction.at)}`;
    },
    period({ start, last }) {
      if (last - start < 1000) return this.t.when(start);
      return `${this.t.when(start)} – ${this.t.when(last)} (${this.t.duration(last - start)})`;
    },
  },
  template: `
<main class="tl-page" :aria-busy="!history && !failed">
  <loading v-if="!history" :failed="failed"/>

  <section v-else-if="!history.matches.length" class="tl-card tl-empty" data-state="unknown">
    <h1>No customer found for “{{ history.search }}”</h1>
    <p>Search for an identifier that occurs in an event, such as <code>account:u-17</code>, an e-mail address or a phone number
      with its country code (<code>+31…</code>), for a customer id, or for the id of an order, a contact or a ticket (at least 3 characters). Customer ids change when customers merge; identifiers do not.</p>
    <p><a :href="link('/')">Back to Friction now</a></p>
  </section>

  <section v-else-if="history.matches.length > 1" class="tl-card tl-empty" data-state="several">
    <h1>“{{ history.search }}” matches {{ history.matches.length }} customers</h1>
    <ul><li v-for="match in history.matches" :key="match.customer"><a :href="link(t.customer(match.customer))">{{ match.name }}</a><span v-if="match.by" class="tl-muted"> by {{ match.by }}</span></li></ul>
  </section>

  <template v-else>
    <p class="tl-crumb"><a :href="link('/')">Friction now</a> / Customer</p>
    <div class="tl-top">
      <div>
        <h1>{{ name }}</h1>
        <p class="tl-lead">
          <b>{{ history.frictions.length ? t.many(history.frictions.length, "friction") : "No friction" }}</b><template v-if="history.frictions.length">
          ({{ open ? t.count(open) + " open" : "none open" }})</template>
          in {{ t.many(history.events, "event") }} and {{ t.many(history.journeys.length, "journey") }}.
          <template v-if="history.journeys.length">Last seen <time :title="t.exact(history.journeys[0].last)">{{ t.ago(history.journeys[0].last, now) }}</time> ({{ t.when(history.journeys[0].last) }}).</template>
        </p>
        <p v-if="history.matches[0].by" class="tl-lead">Found by {{ history.matches[0].by }}: “{{ history.search }}”.</p>
        <p v-if="history.shared" class="tl-lead">{{ history.shared }}.</p>
        <ul class="tl-names" aria-label="Identifiers">
          <li v-for="identifier in history.identifiers" :key="identifier">{{ identifier }}</li>
          <li v-if="history.hidden_identifiers">and {{ history.hidden_identifiers }} more</li>
        </ul>
      </div>
    </div>

    <section v-if="history.frictions.length" class="tl-card">
      <h2>Frictions <small>newest first</small></h2>
      <ol class="tl-frictions">
        <li v-for="friction in newestFirst" :key="friction.number" :data-open="friction.open">
          <a class="tl-mark" :href="'#friction-' + friction.number" :aria-label="'Friction ' + friction.number + ' in its journey'">{{ friction.number }}</a>
          <div>
            <b>{{ friction.title }}</b> <span class="tl-tag" :data-open="friction.open">{{ state(friction) }}</span>
            <p class="tl-muted">{{ friction.touchpoint }} · <time :title="t.exact(friction.at)">{{ t.when(friction.at) }}, {{ t.ago(friction.at, now) }}</time> · {{ t.many(friction.strikes, "strike point") }}
              · <a :href="link('/case/' + friction.key)">{{ friction.case || (friction.open ? "take care of it" : "case") }}<span class="tl-hidden"> of friction {{ friction.number }}</span></a></p>
          </div>
        </li>
      </ol>
    </section>

    <section v-for="(journey, j) in history.journeys" :key="journey.start" class="tl-card">
      <h2>
        <span class="tl-grade" :data-grade="journey.grade">{{ journey.grade }}</span>
        Score {{ journey.score }} <small>{{ period(journey) }} · {{ t.many(journey.strikes, "strike point") }} · {{ journey.outcome }}</small>
      </h2>
      <p class="tl-muted tl-lanes-key"><template v-for="(channel, c) in journey.channels" :key="channel"><i :style="{ background: journey.colours[c] }"></i>{{ journey.names[c] }} </template></p>
      <ol class="tl-journey">
        <li v-for="(row, r) in journey.rows" :key="row.kind + (row.number || '') + row.at + r" :class="'tl-' + row.kind" :data-open="row.open" :id="row.kind === 'friction' ? 'friction-' + row.number : null">
          <time :datetime="t.iso(row.at)" :title="t.exact(row.at)">{{ t.when(row.at) }}<span class="tl-muted">{{ t.ago(row.at, now) }}</span></time>
          <span class="tl-lane" :style="{ width: lanes[j].width + 'px' }"><svg aria-hidden="true">
            <line v-if="lanes[j].rows[r].from !== null" :x1="lanes[j].rows[r].from" y1="0" :x2="lanes[j].rows[r].x" y2="20"/>
            <line v-if="!lanes[j].rows[r].last" :x1="lanes[j].rows[r].x" y1="20" :x2="lanes[j].rows[r].x" y2="100%"/>
            <path v-if="row.kind === 'friction'" :d="'M' + lanes[j].rows[r].x + ' 12 l8 15 h-16 z'"/>
            <circle v-else :cx="lanes[j].rows[r].x" cy="20" r="5.5" :fill="journey.colours[journey.channels.indexOf(row.channel)]"/>
          </svg></span>
          <div class="tl-what">
            <template v-if="row.kind === 'event'">
              <b>{{ row.title }}<template v-if="row.count > 1"> × {{ t.count(row.count) }}</template></b> <span class="tl-muted">{{ row.touchpoint }}<template v-if="row.count > 1">, over {{ t.duration(row.until - row.at) }}</template></span>
            </template>
            <template v-else>
              <span class="tl-mark">{{ row.number }}</span> <b>Friction: {{ row.title }}</b> <span class="tl-tag" :data-open="row.open">{{ state(row) }}</span>
            </template>
            <span v-for="number in row.evidence_for" :key="number" class="tl-evidence"><a :href="'#friction-' + number">evidence for {{ number }}</a></span>
            <dl v-if="row.kind === 'event' && row.details.length"><div v-for="detail in row.details" :key="detail.name"><dt>{{ detail.name }}</dt><dd><clipped :text="detail.value" :full="detail.full"/></dd></div></dl>
            <template v-if="row.kind === 'friction'">
              <p v-if="row.why">{{ row.why }}</p>
              <p class="tl-muted">{{ t.many(row.strikes, "strike point") }} · {{ row.touchpoint }} · rule {{ row.rule }} · {{ row.factor }}
                · {{ t.many(row.evidence, "piece") }} of evidence<template v-if="row.not_shown"> ({{ t.count(row.not_shown) }} not shown)</template></p>
            </template>
          </div>
        </li>
      </ol>
    </section>
    <p v-if="history.hidden_events" class="tl-muted">{{ t.many(history.hidden_events, "older event") }} not shown.</p>
    <time-zone/>
  </template>
</main>`,
};
