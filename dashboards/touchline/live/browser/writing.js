// Mixin of what writes on the page: sends requests with the writer's name, and shows the answer.
window.touchline.writing = {
  props: { login: String, readOnly: String, answer: Object },
  data: () => ({ author: window.touchline.author(), ticket: 0, waiting: false, fault: "" }),
  watch: {
    answer(answer) {
      if (!answer || answer.ticket !== this.ticket) return;
      this.waiting = false;
      this.fault = answer.error;
      if (!answer.error) this.written();
    },
  },
  methods: {
    // Emits a request; `written` is called once it is stored.
    send(name, fields) {
      this.ticket = (this.ticket + 1) % 2 ** 31;
      this.waiting = true;
      this.fault = "";
      if (!this.login) window.touchline.keepAuthor(this.author.trim());
      this.$emit(name, { ticket: this.ticket, author: this.login ? "" : this.author.trim(), ...fields });
    },
  },
};
// The name of the writer, where the login does not give one.
window.touchline.parts.Author = {
  props: { login: String, modelValue: String },
  emits: ["update:modelValue"],
  template: `
<p v-if="login" class="tl-muted">Signed in as {{ login }}.</p>
<label v-else>Your name
  <input :value="modelValue" required maxlength="80" autocomplete="name" @input="$emit('update:modelValue', $event.target.value)">
</label>`,
};
