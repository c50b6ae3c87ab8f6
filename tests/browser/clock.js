// A clock that stands still until `letPass` moves it. Timers without a delay run as usual.
(() => {
  const { setTimeout: later, clearTimeout: forget } = window;
  const timers = new Map();
  let now = Date.now(), newest = 1e9;
  Date.now = () => now;
  window.setTimeout = (act, delay = 0, ...values) => {
    if (!(delay > 0)) return later(act, 0, ...values);
    timers.set(++newest, { act: () => act(...values), due: now + delay });
    return newest;
  };
  window.clearTimeout = (timer) => { if (!timers.delete(timer)) forget(timer); };
  // What is under way ends first: events of a frame, such as scrolls, and observers.
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => later(done))));
  const task = () => new Promise((done) => later(done));
  window.letPass = async (milliseconds) => {
    const end = now + milliseconds;
    await frame();
    for (;;) {
      const [next] = [...timers].sort(([, one], [, other]) => one.due - other.due);
      if (!next || next[1].due > end) break;
      timers.delete(next[0]);
      now = next[1].due;
      next[1].act();
      await task();
    }
    now = end;
  };
})();
