// What all parts of the live page say in the same way: numbers, times, addresses, colours.
window.touchline = (() => {
  const UNITS = [["year", 31536e6], ["month", 2592e6], ["day", 864e5], ["hour", 36e5], ["minute", 6e4], ["second", 1e3]];
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const number = new Intl.NumberFormat("en");
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const day = { day: "numeric", month: "short" };
  const format = (ms, options) => new Intl.DateTimeFormat("en-GB", options).format(new Date(ms));
  const thisYear = (ms) => new Date(ms).getFullYear() === new Date().getFullYear();
  return {
    count: (n) => number.format(n),
    many: (n, one, more) => `${number.format(n)} ${n === 1 ? one : more || one + "s"}`,
    percent: (part, whole) => (whole ? `${(100 * part / whole).toFixed(part && part / whole < 0.1 ? 1 : 0)} %` : "–"),
    ago(ms, now) {
      const past = now - ms;
      const [unit, size] = UNITS.find(([, size]) => Math.abs(past) >= size) || UNITS[5];
      return Math.abs(past) < 1000 ? "just now" : relative.format(-(size < 36e5 ? Math.trunc : Math.round)(past / size), unit);
    },
    when: (ms) => format(ms, { ...day, ...(thisYear(ms) ? {} : { year: "numeric" }), ...clock }),
    date: (ms) => format(ms, { ...day, year: "numeric" }),
    exact: (ms) => `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`,
    took(ms) {
      const [unit, size] = UNITS.find(([, size]) => ms >= size) || UNITS[5];
      const n = Math.round(ms / size);
      return `${n} ${unit}${n === 1 ? "" : "s"}`;
    },
    // A point of time on an axis of a length.
    tick: (ms, length) => (length < 1728e5 ? format(ms, clock) : length < 12096e5 ? format(ms, { ...day, ...clock })
      : format(ms, thisYear(ms) ? day : { month: "short", year: "numeric" })),
    // A number on an axis or in a tooltip, with its unit.
    value(n, unit) {
      if (n === null || n === undefined) return "–";
      if (unit === "share") return `${number.format(+(100 * n).toFixed(1))} %`;
      if (unit !== "seconds") return number.format(+n.toFixed(2));
      const [size, name] = n >= 172800 ? [86400, "d"] : n >= 7200 ? [3600, "h"] : n >= 120 ? [60, "min"] : [1, "s"];
      return `${number.format(+(n / size).toFixed(1))} ${name}`;
    },
    customer: (key) => `/customer/${encodeURIComponent(key)}`,
    ink: (name) => getComputedStyle(document.body).getPropertyValue(name).trim(),
    // A clock that ticks once a second while its owner is on the page.
    ticking: {
      data: () => ({ now: Date.now() }),
      mounted() { this.ticker = setInterval(() => { this.now = Date.now(); }, 1000); },
      beforeUnmount() { clearInterval(this.ticker); },
    },
  };
})();
