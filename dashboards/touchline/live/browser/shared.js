// Formats of the live page: numbers, times, addresses, colours.
window.touchline = (() => {
  const MINUTE = 6e4, HOUR = 36e5, DAY = 864e5;
  const UNITS = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", 1e3]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const number = new Intl.NumberFormat("en");
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { day: "numeric", month: "short" };
  const VIEW_CHANGED = "touchline-view";
  const ZONE_KEY = "touchline-zone", AUTHOR_KEY = "touchline-author";
  // What the reader chose in this browser; '' without a choice, or where the browser keeps nothing.
  const kept = (key) => { try { return localStorage.getItem(key) || ""; } catch { return ""; } };
  const keep = (key, text) => { try { text ? localStorage.setItem(key, text) : localStorage.removeItem(key); } catch { /* kept nowhere */ } };
  const isZone = (name) => { try { return Boolean(new Intl.DateTimeFormat("en", { timeZone: name })); } catch { return false; } };
  const chosenZone = kept(ZONE_KEY);
  const zone = chosenZone && isZone(chosenZone) ? chosenZone : window.touchlineZone;
  // A format takes long to make: each is made once.
  const formats = new Map();
  const formatOf = (language, options) => {
    const key = language + JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(language, options));
    return formats.get(key);
  };
  const format = (ms, options) => formatOf("en-GB", { timeZone: zone, ...options }).format(new Date(ms));
  const isThisYear = (ms) => format(ms, { year: "numeric" }) === format(Date.now(), { year: "numeric" });
  const unitOf = (ms) => UNITS.find(([, size]) => ms >= size) || UNITS.at(-1);

  // The time of a clock in the zone, as forms take it: "2026-11-30T14:05:09"
  const local = (ms, where = zone) => formatOf("sv", { timeZone: where, dateStyle: "short", timeStyle: "medium" }).format(new Date(ms)).replace(" ", "T");

  // Charts take the colours of the scheme as they are drawn. What somebody is writing is not lost by that.
  const drawn = () => document.querySelector(".tl-chart :is(canvas, svg)") && !document.querySelector("dialog[open], details[open], textarea") && !window.matchMedia("print").matches;
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (drawn()) window.location.reload(); });

  // On paper, charts are as wide as the text of an A4 page (px at 96 dpi). They are drawn before the page is laid out for it.
  const PAPER = 718;
  // The colours of charts on paper, instead of those that the style names.
  const PAPER_COLOURS = { "--card": "#fff", "--ink": "#000", "--muted": "#333", "--line": "#ccc", "--soft": "#eee",
    "--heat-1": "#f0b46a", "--heat-2": "#d1495b", "--heat-3": "#7d1f3f" };
  // The colours that charts were drawn in, by name.
  const drawnIn = new Map();
  const ink = (name) => {
    drawnIn.set(name, getComputedStyle(document.body).getPropertyValue(name).trim());
    return drawnIn.get(name);
  };
  // A copy of a chart's options in the colours of paper.
  const onPaper = (options) => {
    const colours = new Map([...drawnIn].map(([name, colour]) => [colour, PAPER_COLOURS[name] || colour]));
    const recolour = (part) => {
      if (Array.isArray(part)) return part.map(recolour);
      if (part?.constructor === Object) return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, recolour(one)]));
      return colours.get(part) ?? part;
    };
    return recolour(options);
  };
  const onScreen = new Map();
  const draw = (width) => {
    for (const { id } of document.querySelectorAll(".tl-chart > [id]")) {
      const { chart } = getElement(id.slice(1));
      if (!chart) continue;
      if (width === PAPER && !onScreen.has(chart)) {
        onScreen.set(chart, chart.getOption());
        chart.setOption(onPaper(onScreen.get(chart)), true);
      } else if (width !== PAPER && onScreen.has(chart)) {
        chart.setOption(onScreen.get(chart), true);
        onScreen.delete(chart);
      }
      chart.resize({ width });
      chart.getZr().flush();
    }
  };
  window.addEventListener("beforeprint", () => draw(PAPER));
  window.addEventListener("afterprint", () => draw("auto"));

  return {
    zone,
    ownZone: window.touchlineZone,
    chooseZone(name) {
      keep(ZONE_KEY, name === window.touchlineZone ? "" : name);
      window.location.reload();
    },
    author: () => kept(AUTHOR_KEY),
    keepAuthor: (name) => keep(AUTHOR_KEY, name),
    // Copies a text, also where the page has no secure origin. Resolves to whether it worked.
    async copy(text) {
      try {
        await navigator.clipboard.writeText(text);
        return true;
      } catch {
        const field = Object.assign(document.createElement("textarea"), { value: text });
        const parent = document.querySelector("dialog[open]") || document.body;
        parent.append(field);
        field.select();
        const copied = document.execCommand("copy");
        field.remove();
        return copied;
      }
    },
    // The address of this page: as it is, or with the dates of the period that it shows (ms).
    address(start, end) {
      const address = new URL(window.location.href);
      if (start !== undefined) {
        const minute = (ms) => local(ms, window.touchlineZone).slice(0, 16);
        address.searchParams.set("span", `${minute(start)}..${minute(end + MINUTE - 1)}`);
      }
      return address.href;
    },
    // The value of a field for a minute, and back to ms.
    minute: (ms) => local(ms).slice(0, 16),
    fromMinute(text) {
      const shown = Date.parse(`${text}Z`);
      let ms = shown;
      for (let n = 0; n < 2; n += 1) ms = shown - (Date.parse(`${local(ms)}Z`) - Math.floor(ms / 1000) * 1000);
      return ms;
    },
    // A text whose lines do not break between a number and its unit.
    unbroken: (text) => text.replace(/(\d) (?=%|(?:s|min|h|d)\b)/g, "$1\u00a0"),
    count: (n) => number.format(n),
    // A text that begins with a capital letter.
    sentence: (text) => text.charAt(0).toUpperCase() + text.slice(1),
    many: (n, noun, plural = `${noun}s`) => `${number.format(n)} ${n === 1 ? noun : plural}`,
    // "5 minutes ago"
    ago(ms, now) {
      const past = now - ms;
      if (Math.abs(past) < 1000) return "just now";
      const [unit, size] = unitOf(Math.abs(past));
      const round = size < HOUR ? Math.trunc : Math.round;
      return relative.format(-round(past / size), unit);
    },
    // "3 Mar, 14:05", with the year if it is not this one
    when: (ms) => format(ms, { ...day, ...(isThisYear(ms) ? {} : { year: "numeric" }), ...clock }),
    // The head of a chart's tooltip: the time, and the changes that were deployed then.
    moment: (ms, changes) => [window.touchline.when(ms), changes[ms]].filter(Boolean).join(" · "),
    date: (ms) => format(ms, { ...day, year: "numeric" }),
    // "2026-03-03", as date inputs have it
    day: (ms) => local(ms).slice(0, 10),
    // "in the last 24 hours", "from 1 Mar 2026 to 3 Mar 2026"; `shown` is a board or a scorecard.
    period(shown, spans) {
      if (shown.span === "all") return "in total";
      const [, name] = spans.find(([key]) => key === shown.span) || [];
      if (name) return `in the last ${name.replace(/^1 /, "")}${shown.old ? " of data" : ""}`;
      const timed = /\dT\d/.test(shown.span);
      const moment = timed ? window.touchline.when : window.touchline.date;
      return `from ${moment(shown.start)} to ${moment(timed ? shown.end : shown.end - 1)}`;
    },
    // "29 Nov 2026, 19:10 to 30 Nov 2026, 19:10, UTC": on paper a period has dates.
    dates({ start, end }) {
      const [from, to] = [start, end].map((ms) => format(ms, { ...day, year: "numeric", ...clock }));
      return `${from} to ${to}, ${zone}`;
    },
    // The tooltip of a time: in the zone of the page, and in UTC.
    exact(ms) {
      const utc = `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
      return zone === "UTC" ? utc : `${local(ms).replace("T", " ")} ${zone} (${utc})`;
    },
    iso: (ms) => new Date(ms).toISOString(),
    // "2 hours"
    duration(ms) {
      const [unit, size] = unitOf(ms);
      const n = Math.round(ms / size);
      return `${n} ${unit}${n === 1 ? "" : "s"}`;
    },
    // A time on the axis of a chart that shows `length` ms.
    tick(ms, length) {
      if (length < 2 * DAY) return format(ms, clock);
      if (length < 14 * DAY) return format(ms, { ...day, ...clock });
      return format(ms, isThisYear(ms) ? day : { month: "short", year: "numeric" });
    },
    // The hours of UTC, from midnight on in the zone of the page; and one of them in that zone: "14:00".
    hours() {
      const at = (hour) => window.touchline.hour(hour);
      return [...Array(24).keys()].sort((one, other) => at(one).localeCompare(at(other))).map(String);
    },
    hour: (hour) => format(Math.floor(Date.now() / DAY) * DAY + hour * HOUR, clock),
    // The tooltip of a cell of a heat map. ECharts shows it as HTML, so it is escaped.
    cell(point, names) {
      const [hour, row, value] = point.value;
      const said = document.createElement("p");
      said.textContent = `${names[row]}, ${window.touchline.hour(+hour)}: ${number.format(value)}`;
      return said.innerHTML;
    },
    // The tooltip of a flow or of a node of a Sankey diagram, escaped as above.
    flow(point) {
      const said = document.createElement("p");
      const { source, target } = point.data;
      said.textContent = `${source === undefined ? point.name : `${source} → ${target}`}: ${number.format(point.value)}`;
      return said.innerHTML;
    },
    // A text in lines of at most `most` characters; longer words are cut.
    lines(text, most) {
      const lines = [];
      for (const word of text.split(" ").map((part) => (part.length > most ? `${part.slice(0, most - 1)}…` : part))) {
        if (lines.length && lines.at(-1).length + word.length < most) lines.push(`${lines.pop()} ${word}`);
        else lines.push(word);
      }
      return lines.join("\n");
    },
    // The label of a node, which a canvas shows as text: a step and its number, or one line for what came after it.
    node(point, most) {
      const [, then] = point.name.match(/^Then: (.*)$/) || [];
      return then ? `${number.format(point.value)} ${then}` : `${window.touchline.lines(point.name, most)}\n${number.format(point.value)}`;
    },
    // The colours of a heat map, from none to most: away from the colour of the page.
    heat: () => ["--soft", "--heat-1", "--heat-2", "--heat-3"].map(ink),
    // A number on an axis or in a tooltip, with its unit.
    value(n, unit) {
      if (n === null || n === undefined) return "–";
      if (unit === "share") return `${number.format(+(100 * n).toFixed(1))} %`;
      if (unit !== "seconds") return number.format(+n.toFixed(2));
      const [size, name] = n >= 172800 ? [86400, "d"] : n >= 7200 ? [3600, "h"] : n >= 120 ? [60, "min"] : [1, "s"];
      return `${number.format(+(n / size).toFixed(1))} ${name}`;
    },
    // The columns and rows of a chart's table, by kind of panel, from the options of the chart.
    tables: {
      timeseries({ xAxis, series, tooltip }) {
        const rows = xAxis.data.map((ms, n) => [window.touchline.when(+ms), ...series.map(({ data }) => tooltip.valueFormatter(data[n]))]);
        return [["Time", ...series.map(({ name }) => name)], rows];
      },
      heatmap({ xAxis, yAxis, series: [{ data }] }) {
        const values = new Map(data.map(([hour, row, value]) => [`${hour} ${row}`, value]));
        const rows = yAxis.data.map((name, row) => [name, ...xAxis.data.map((hour) => number.format(values.get(`${hour} ${row}`) || 0))]);
        return [["From", ...xAxis.data.map((hour) => window.touchline.hour(+hour))], rows];
      },
    },
    customer: (key) => `/customer/${encodeURIComponent(key)}`,
    // Changes the period and filters in the address; an empty value leaves the filter out.
    setView(chosen) {
      const query = new URLSearchParams(window.location.search);
      for (const [name, value] of Object.entries(chosen)) value ? query.set(name, value) : query.delete(name);
      window.history.replaceState(window.history.state, "", `${window.location.pathname}?${query}${window.location.hash}`);
      window.dispatchEvent(new Event(VIEW_CHANGED));
    },
    // Mixin: `link` is the address of another page with the period and filters of this one.
    linking: {
      data: () => ({ query: window.location.search }),
      mounted() {
        this.follow = () => { this.query = window.location.search; };
        this.follow();
        window.addEventListener(VIEW_CHANGED, this.follow);
      },
      beforeUnmount() { window.removeEventListener(VIEW_CHANGED, this.follow); },
      methods: {
        link(target) {
          const [path, own] = target.split("?");
          const query = new URLSearchParams(this.query);
          for (const [name, value] of new URLSearchParams(own)) query.set(name, value);
          return query.size ? `${path}?${query}` : path;
        },
      },
    },
    // Mixin: the address names the period that the page shows.
    naming: {
      created() { if (!new URLSearchParams(window.location.search).has("span")) window.touchline.setView({ span: this.span }); },
    },
    ink,
    // Mixin: `now` is updated once a second while the component is on the page.
    ticking: {
      data: () => ({ now: Date.now() }),
      mounted() { this.ticker = setInterval(() => { this.now = Date.now(); }, 1000); },
      beforeUnmount() { clearInterval(this.ticker); },
    },
  };
})();
