// What distinguishes those affected: opens when `opened` grows, and is loading until `explained` or `error` is set.
export default {
  components: { Message: window.touchline.parts.Message },
  props: { opened: Number, title: String, scope: String, explained: Object, error: String,
    points: Array, series: Array, at: Number, chosen: String },
  emits: ["point", "closed"],
  data: () => ({ t: window.touchline }),
  watch: {
    opened() { if (!this.$refs.dialog.open) this.$refs.dialog.showModal(); },
  },
  methods: {
    close() { this.$refs.dialog.close(); },
    choose(at, series) { this.$emit("point", { at: +at, series }); },
    percent: (share) => `${(100 * share).toFixed(1)}%`,
  },
  template: `
<div class="tl-page tl-explaining"><dialog ref="dialog" class="tl-dialog" aria-labelledby="tl-explain" @close="$emit('closed', {})" @click.self="close">
  <div class="tl-form">
    <h2 id="tl-explain">What is different about those affected?</h2>
    <p><b>{{ title }}</b><span v-if="scope" class="tl-muted"> · {{ scope }}</span></p>
    <div v-if="points && points.length" class="tl-pair">
      <label>Frictions that opened from
        <select :value="at" @change="choose($event.target.value, chosen)">
          <option v-for="[time, total] in points" :key="time" :value="time">{{ t.when(time) }} ({{ t.count(total) }})</option>
        </select></label>
      <label v-if="series.length">Series
        <select :value="chosen" @change="choose(at, $event.target.value)">
          <option value="">All</option>
          <option v-for="[id, name] in series" :key="id" :value="id">{{ name }}</option>
        </select></label>
    </div>
    <div aria-live="polite" :aria-busy="!explained && !error">
      <p v-if="error" class="tl-fault" role="alert">This could not be explained: <message :text="error"/>. It retries while this is open.</p>
      <template v-else-if="!explained">
        <p class="tl-muted">Comparing those affected with those who could have been…</p>
        <div class="tl-skeleton" aria-hidden="true"><i class="tl-line"></i><i class="tl-line tl-short"></i></div>
      </template>
      <template v-else>
        <p class="tl-muted">{{ t.many(explained.affected, "customer") }} affected, compared with {{ explained.compared }}.</p>
        <p v-if="explained.verdict">{{ explained.verdict }}</p>
        <ol class="tl-findings">
          <li v-for="finding in explained.findings" :key="finding.sentence">
            <p><b>{{ t.unbroken(finding.sentence) }}</b></p>
            <div class="tl-bar" aria-hidden="true"><i :style="{ width: percent(finding.share) }"></i></div>
            <div class="tl-bar tl-others" aria-hidden="true"><i :style="{ width: percent(finding.share_of_others) }"></i></div>
            <p class="tl-muted">{{ t.unbroken(finding.detail) }}</p>
          </li>
        </ol>
        <p v-if="explained.hidden" class="tl-muted">{{ t.count(explained.hidden) }} more: touchline explain --json shows them all.</p>
        <p v-if="explained.findings.length" class="tl-muted">A difference is not yet a cause: check it before you act.</p>
      </template>
    </div>
    <p class="tl-buttons"><button type="button" autofocus @click="close">Close</button></p>
  </div>
</dialog></div>`,
};
