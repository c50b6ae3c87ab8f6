// Formats of the live page: numbers, times, addresses, colours.
window.touchline = (() => {
  const MINUTE = 6e4, HOUR = 36e5, DAY = 864e5;
  const UNITS = [["year", 365 * DAY], ["month", 30 * DAY], ["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", 1e3]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const number = new Intl.NumberFormat("en");
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { day: "numeric", month: "short" };
  const VIEW_CHANGED = "touchline-view";
  const zone = window.touchlineZone;
  const format = (ms, options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(new Date(ms));
  const isThisYear = (ms) => format(ms, { year: "numeric" }) === format(Date.now(), { year: "numeric" });
  const unitOf = (ms) => UNITS.find(([, size]) => ms >= size) || UNITS.at(-1);

  return {
    zone,
    count: (n) => number.format(n),
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
    exact: (ms) => `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`,
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
    // A number on an axis or in a tooltip, with its unit.
    value(n, unit) {
      if (n === null || n === undefined) return "–";
      if (unit === "share") return `${number.format(+(100 * n).toFixed(1))} %`;
      if (unit !== "seconds") return number.format(+n.toFixed(2));
      const [size, name] = n >= 172800 ? [86400, "d"] : n >= 7200 ? [3600, "h"] : n >= 120 ? [60, "min"] : [1, "s"];
      return `${number.format(+(n / size).toFixed(1))} ${name}`;
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
    ink: (name) => getComputedStyle(document.body).getPropertyValue(name).trim(),
    // Mixin: `now` is updated once a second while the component is on the page.
    ticking: {
      data: () => ({ now: Date.now() }),
      mounted() { this.ticker = setInterval(() => { this.now = Date.now(); }, 1000); },
      beforeUnmount() { clearInterval(this.ticker); },
    },
  };
})();
