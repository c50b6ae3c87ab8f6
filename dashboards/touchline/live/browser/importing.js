const { Message, Clipped, TimeZone } = window.touchline.parts;

export default {
  mixins: [window.touchline.linking],
  components: { Message, Clipped, TimeZone },
  props: { most: Number, result: Object },
  emits: ["preview"],
  data: () => ({ t: window.touchline, name: "", sample: "", cut: false, mapping: "", ticket: 0, waiting: false, shown: null }),
  watch: {
    result(result) {
      if (!result || result.ticket !== this.ticket) return;
      this.waiting = false;
      this.shown = result;
      if (result.mapping) this.mapping = result.mapping;
    },
  },
  computed: {
    stem() { return (this.name.replace(/\.[^.]*$/, "") || "file").replace(/[^\w.-]/g, "_"); },
    command() { return `touchline import '${this.name.replaceAll("'", "'\\''")}'${this.mapping ? ` --map ${this.stem}.yaml` : ""}`; },
  },
  methods: {
    async choose(event) {
      const [file] = event.target.files;
      if (!file) return;
      const bytes = new Uint8Array(await file.slice(0, this.most).arrayBuffer());
      let text = "";
      for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
      Object.assign(this, { name: file.name.slice(-200), sample: btoa(text), cut: file.size > this.most, mapping: "", shown: null });
      this.preview();
    },
    preview() {
      this.ticket = (this.ticket + 1) % 2 ** 31;
      this.waiting = true;
      this.$emit("preview", { ticket: this.ticket, name: this.name, sample: this.sample, cut: this.cut, mapping: this.mapping });
    },
    save() {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([this.mapping], { type: "application/yaml" }));
      link.download = `${this.stem}.yaml`;
      link.click();
      URL.revokeObjectURL(link.href);
    },
  },
  template: `
<main class="tl-page">
  <div class="tl-top"><div>
    <h1>Import</h1>
    <p class="tl-lead">See what a file gives before you import it. Only its beginning ({{ t.count(most / 1024) }} KB) is read, and nothing is stored.</p>
  </div></div>
  <section class="tl-card tl-form">
    <label>A file: .csv, .tsv, .txt, .ndjson or .jsonl<input type="file" accept=".csv,.tsv,.txt,.ndjson,.jsonl" @change="choose"></label>
    <p v-if="waiting" class="tl-muted" role="status">Reading…</p>
  </section>
  <template v-if="shown">
    <section class="tl-card">
      <p v-if="shown.error" class="tl-fault" role="alert"><message :text="shown.error"/></p>
      <template v-else>
        <h2>{{ t.many(shown.rows, "row") }}<template v-if="shown.cut"> in the beginning of the file</template>, {{ t.count(shown.refused) }} refused</h2>
        <p v-if="shown.detected.length" class="tl-muted">Detected: {{ shown.detected.map(([option, value]) => option.replaceAll("_", " ") + " " + value).join(", ") }}.</p>
        <ul v-if="shown.reasons.length" class="tl-reasons"><li v-for="[why, rows, first] in shown.reasons" :key="why"><b>{{ t.many(rows, "row") }}</b> ({{ first }}): <message :text="why"/></li></ul>
      </template>
    </section>
    <section v-if="mapping" class="tl-card tl-form">
      <label>Mapping: check each line, and those with TODO first
        <textarea v-model="mapping" rows="16" maxlength="65536" spellcheck="false" class="tl-code"></textarea></label>
      <p class="tl-buttons">
        <button type="button" class="tl-main" :disabled="waiting" @click="preview">Show what it gives</button>
        <button type="button" @click="save">Download {{ stem }}.yaml</button>
      </p>
      <p class="tl-muted">Then import the whole file: <code>{{ command }}</code></p>
    </section>
    <p v-else-if="!shown.error" class="tl-muted">The rows are native events: no mapping is needed. Import the file: <code>{{ command }}</code></p>
    <section v-if="shown.shown && shown.shown.length" class="tl-card">
      <h2>The first rows as events</h2>
      <div class="tl-scroll" tabindex="0" role="region" aria-label="The first rows as events"><table class="tl-table" data-wide="true">
        <thead><tr><th>Row</th><th>Time</th><th>Type</th><th>Channel</th><th>Identifiers</th><th>Data</th></tr></thead>
        <tbody><template v-for="row in shown.shown" :key="row.row">
          <tr v-for="(event, n) in row.events" :key="n">
            <td data-title="Row">{{ row.row }}</td><td data-title="Time"><time :title="t.exact(event.at)">{{ t.when(event.at) }}</time></td><td data-title="Type">{{ event.type }}</td>
            <td data-title="Channel">{{ event.channel }}</td><td data-title="Identifiers">{{ event.identifiers }}</td><td data-title="Data"><clipped :text="event.data" :full="event.full"/></td>
          </tr>
          <tr v-if="row.refused"><td data-title="Row">{{ row.row }}</td><td colspan="5" data-title="Refused" class="tl-fault"><message :text="row.refused"/></td></tr>
        </template></tbody>
      </table></div>
    </section>
  </template>
  <time-zone/>
</main>`,
};
