// The last hour of hosts, as lines on their cards: asked for together, those
// in sight alone, and again from time to time.

import { signal } from "./vendor/signals.js";
import { useEffect } from "./vendor/hooks.js";
import { now } from "./clock.js";
import * as store from "./store.js";
/** @import { Signal } from "./vendor/signals.js" */

/** SPAN is the time shown, and STEP that of one point, in seconds. */
const [SPAN, STEP] = [3600, 120];

/** GATHER is how long hosts are gathered for one question, in milliseconds,
 * FRESH how long an answer holds, and MOST how many hosts are asked for at once. */
const [GATHER, FRESH, MOST] = [150, 60_000, 100];

/** @typedef {object} Past What is known of a host's last hour.
 * @property {Signal<(number | null)[]>} values Oldest first, one for each step.
 * @property {number} asked When it was asked for, in milliseconds.
 * @property {number} seen How many cards show it. */

/** @type {Map<string, Past>} */
const known = new Map();

/** @type {number | undefined} */
let timer;

/**
 * The last hour of a host's CPU usage, while a card shows it.
 * @param {string} name
 */
export function useSpark(name) {
  let past = known.get(name);
  if (past === undefined) {
    past = { values: signal(/** @type {(number | null)[]} */ ([])), asked: 0, seen: 0 };
    known.set(name, past);
  }
  const one = past;
  const open = store.history.value?.open ?? false;
  useEffect(() => {
    if (!open) return;
    one.seen++;
    plan(GATHER);
    return () => {
      if (--one.seen === 0 && known.size > 2000) known.delete(name);
    };
  }, [name, open]);
  return one.values;
}

/**
 * Asks in a while.
 * @param {number} wait
 */
function plan(wait) {
  clearTimeout(timer);
  timer = setTimeout(ask, wait);
}

/** Asks for all that are seen and not known any more. */
async function ask() {
  const time = Date.now();
  const due = [...known].filter(([, one]) => one.seen > 0 && time - one.asked > FRESH).slice(0, MOST);
  if (due.length > 0 && document.visibilityState === "visible") {
    for (const [, one] of due) one.asked = time;
    const end = Math.floor(now.peek() / 1000 / STEP) * STEP;
    const hosts = due.map(([name]) => name.replace(/[^a-z0-9-]/g, ".")).join("|");
    const body = new URLSearchParams({
      query: `avg_over_time(systant_cpu_usage_percent{host=~"${hosts}"}[${STEP}s])`,
      start: String(end - SPAN + STEP),
      end: String(end),
      step: String(STEP),
    });
    const answer = await fetch("/api/v1/query_range", { method: "POST", body }).then((response) => response.json()).catch(() => null);
    for (const { metric, values } of answer?.data?.result ?? []) {
      const line = Array(SPAN / STEP).fill(null);
      for (const [at, value] of values) line[Math.round((at - end + SPAN) / STEP) - 1] = Number(value);
      const one = known.get(metric.host);
      if (one) one.values.value = line;
    }
  }
  plan(due.length === MOST ? GATHER : FRESH / 4);
}
