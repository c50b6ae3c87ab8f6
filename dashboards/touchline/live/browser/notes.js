// The notes of a dashboard: a list, and a dialog to write one.
window.touchline.parts.Notes = {
  mixins: [window.touchline.writing],
  components: { Author: window.touchline.parts.Author, Message: window.touchline.parts.Message },
  props: { notes: Array, rules: Array, begin: Number, end: Number },
  emits: ["note", "remove"],
  data: () => ({ t: window.touchline, note: null, from: "", to: "", removing: "" }),
  computed: {
    rule() { return new Map(this.rules); },
  },
  methods: {
    open(note) {
      this.note = note
        ? { ...note } : { id: "", text: "", everywhere: false, rule: "" };
      this.from = this.t.minute(note ? note.starts_at : this.end);
      this.to = note && note.ends_at !== null ? this.t.minute(note.ends_at) : "";
      this.fault = "";
      this.$nextTick(() => this.$refs.dialog.showModal());
    },
    save() {
      const { id, text, everywhere, rule } = this.note;
      this.send("note", {
        id, text, everywhere, rule,
        starts_at: this.t.fromMinute(this.from), ends_at: this.to ? this.t.fromMinute(this.to) : null,
      });
    },
    written() {
      this.removing = "";
      this.$refs.dialog.close();
    },
    // The first click asks, the second deletes.
    remove(note) {
      if (!this.login && !this.author.trim()) this.open(note);
      else if (this.removing !== note.id) this.removing = note.id;
      else this.send("remove", { id: note.id });
    },
    period(note) {
      const { when } = this.t;
      return note.ends_at === null ? when(note.starts_at) : `${when(note.starts_at)} – ${when(note.ends_at)}`;
    },
  },
  template: `
<section class="tl-card tl-notes-card" aria-labelledby="tl-notes">
  <h2 id="tl-notes">Notes <small>What happened, for everybody who reads these charts</small></h2>
  <p v-if="readOnly" class="tl-muted"><message :text="readOnly"/>.</p>
  <ul v-if="notes.length">
    <li v-for="note in notes" :key="note.id" class="tl-note-row">
      <p><b>{{ period(note) }}</b> {{ note.text }}
        <span class="tl-muted">{{ [note.author, t.when(note.written_at), note.everywhere ? "all dashboards" : "", note.rule && (rule.get(note.rule) || note.rule)].filter(Boolean).join(" · ") }}</span></p>
      <p v-if="!readOnly" class="tl-buttons">
        <button type="button" :aria-label="'Edit the note: ' + note.text" @click="open(note)">Edit</button>
        <button type="button" :aria-label="(removing === note.id ? 'Delete for good: ' : 'Delete the note: ') + note.text" @click="remove(note)" @blur="removing = ''">{{ removing === note.id ? "Really delete?" : "Delete" }}</button>
      </p>
    </li>
  </ul>
  <p v-else-if="!readOnly" class="tl-muted">No notes in this period. A campaign, an outage, a new price: note it, and the charts show it.</p>
  <p v-if="fault && !note" class="tl-fault" role="alert"><message :text="fault"/>.</p>
  <p v-if="!readOnly"><button type="button" @click="open(null)">Add a note</button></p>
  <dialog ref="dialog" class="tl-dialog" aria-labelledby="tl-note-title" @close="note = null">
    <form v-if="note" @submit.prevent="save">
      <h2 id="tl-note-title">{{ note.id ? "Edit the note" : "Add a note" }}</h2>
      <label>What happened?<textarea v-model="note.text" required maxlength="500" rows="3" autofocus @keydown.ctrl.enter="save"></textarea></label>
      <div class="tl-pair">
        <label>When? ({{ t.zone }})<input v-model="from" type="datetime-local" required></label>
        <label>Until, if it lasted<input v-model="to" type="datetime-local" :min="from"></label>
      </div>
      <label v-if="rules.length">About the rule
        <select v-model="note.rule"><option value="">None</option><option v-for="[id, name] in rules" :key="id" :value="id">{{ name }}</option></select>
      </label>
      <label class="tl-check"><input v-model="note.everywhere" type="checkbox"> Show on all dashboards</label>
      <author v-model="author" :login="login"/>
      <p v-if="fault" class="tl-fault" role="alert"><message :text="fault"/>.</p>
      <p class="tl-buttons">
        <button type="submit" class="tl-main" :disabled="waiting">{{ waiting ? "Saving…" : "Save" }}</button>
        <button type="button" @click="$refs.dialog.close()">Cancel</button>
      </p>
    </form>
  </dialog>
</section>`,
};
