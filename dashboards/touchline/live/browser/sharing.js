// What leaves the page: the rows of a panel, and links to what it shows.
Object.assign(window.touchline.parts, {
  PanelMenu: {
    mixins: [window.touchline.linking],
    props: { panel: Object },
    data: () => ({ t: window.touchline, said: "" }),
    methods: {
      file(kind) { return this.link(`/panel/${this.panel.id}.${kind}`); },
      close() {
        this.$refs.menu.open = false;
        this.$refs.opener.focus();
      },
      leave(event) { if (!this.$refs.menu.contains(event.relatedTarget)) this.$refs.menu.open = false; },
      async copyRows() {
        try {
          const answer = await fetch(this.file("tsv"));
          const text = await answer.text();
          if (!answer.ok) throw new Error(JSON.parse(text).error?.message || answer.status);
          this.said = (await this.t.copy(text)) ? "Copied" : "The browser does not allow copying";
        } catch (error) {
          this.said = `Not copied: ${error.message}`;
        }
      },
      toggled() { this.said = ""; },
    },
    template: `
<details ref="menu" class="tl-menu" @toggle="toggled" @keydown.esc.stop="close" @focusout="leave">
  <summary ref="opener" :aria-label="'Menu of the panel ' + panel.title"><span aria-hidden="true">⋯</span></summary>
  <div>
    <a :href="file('csv')" download @click="close">Download CSV</a>
    <button type="button" @click="copyRows"><span aria-live="polite">{{ said || "Copy the rows" }}</span></button>
  </div>
</details>`,
  },

  // Copies a link; with dates, it shows the same figures later on.
  Share: {
    props: { start: Number, end: Number },
    data: () => ({ t: window.touchline, copied: "" }),
    methods: {
      async copy(kind, address) {
        this.copied = (await this.t.copy(address)) ? kind : "failed";
      },
      print() {
        this.$refs.dialog.close();
        window.print();
      },
    },
    template: `
<div class="tl-share">
  <button type="button" @click="copied = ''; $refs.dialog.showModal()">Share</button>
  <dialog ref="dialog" class="tl-dialog" aria-labelledby="tl-share">
    <h2 id="tl-share">Share this view</h2>
    <div class="tl-form">
      <p>Who opens the link needs the password of this page.</p>
      <p><button type="button" autofocus @click="copy('live', t.address())">{{ copied === "live" ? "Copied" : "Copy the link" }}</button>
        <span class="tl-muted"> shows the same period as of then, such as the last 24 hours</span></p>
      <p><button type="button" @click="copy('fixed', t.address(start, end))">{{ copied === "fixed" ? "Copied" : "Copy with these dates" }}</button>
        <span class="tl-muted"> {{ t.when(start) }} to {{ t.when(end) }}</span></p>
      <p><button type="button" @click="print">Print or save as PDF</button></p>
      <p v-if="copied === 'failed'" class="tl-fault" role="alert">The browser does not allow copying: copy the address of the page.</p>
      <p class="tl-buttons"><button type="button" @click="$refs.dialog.close()">Close</button></p>
    </div>
  </dialog>
</div>`,
  },
});
