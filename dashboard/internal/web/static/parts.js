// Small parts that both pages use.

import { useMemo } from "./vendor/hooks.js";
import { computed } from "./vendor/signals.js";
import { now, today } from "./clock.js";
import { age } from "./format.js";
import { html } from "./html.js";
/** @import { Mark, Severity } from "./types.js" */

/**
 * SHAPES draws each mark on a square of 10, so that colour is never alone.
 * @type {Record<Mark, string>}
 */
export const SHAPES = {
  ok: "M5 2a3 3 0 1 1 0 6a3 3 0 1 1 0-6z",
  warning: "M5 .8 9.6 9H.4z",
  critical: "M5 0 10 5 5 10 0 5z",
  stale: "M5 .5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9zM5 2v6a3 3 0 0 0 0-6z",
  offline: "M5 .5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9zM5 2.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6z",
};

/**
 * A state as shape and word.
 * @param {{ mark: Mark }} props
 */
export function State({ mark }) {
  return html`<span class=${"state is-" + mark}>
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d=${SHAPES[mark]} fill="currentColor" fill-rule="evenodd" /></svg>
    <span>${mark}</span>
  </span>`;
}

/**
 * A thin bar from 0 to 100, for the eye only: its value stands beside it.
 * @param {{ percent: number | undefined, severity?: Severity }} props
 */
export function Bar({ percent, severity }) {
  const part = Math.max(0, Math.min(100, percent ?? 0));
  const tone = severity && severity !== "ok" ? " is-" + severity : "";
  return html`<span class=${"bar" + tone} aria-hidden="true" style=${{ backgroundSize: `${part.toFixed(1)}% 100%` }}></span>`;
}

/**
 * How long ago a moment was, with the exact time on hover.
 * @param {{ time: string }} props
 */
export function Ago({ time }) {
  const text = useMemo(() => computed(() => age((now.value - Date.parse(time)) / 1000)), [time]);
  return html`<time datetime=${time} title=${exact(time)}>${text}</time>`;
}

// Formatters are made once: it takes a hundred times as long as using one.
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/**
 * A moment as a clock's time, with the date where it was on another day.
 * @param {{ time: string }} props
 */
export function At({ time }) {
  const moment = new Date(time);
  const short = moment.toDateString() === today.value;
  return html`<time datetime=${time} title=${exact(time)}>${short ? CLOCK.format(moment) : `${DATE.format(moment)} ${CLOCK.format(moment)}`}</time>`;
}

/**
 * A moment to the second, in the browser's zone.
 * @param {string} time
 */
export function exact(time) {
  const moment = new Date(time);
  return Number.isNaN(moment.getTime()) ? time : EXACT.format(moment);
}
