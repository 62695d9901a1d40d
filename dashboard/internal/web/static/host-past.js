// What a host's page says of the past: the moment shown, and what happened.

import { useState } from "./vendor/hooks.js";
import { now } from "./clock.js";
import { age, duration } from "./format.js";
import { html } from "./html.js";
import { At, exact } from "./parts.js";
import { bounds, range } from "./range.js";
import { at, happenings, past, resume, rewind, walk } from "./rewind.js";
/** @import { Happening } from "./types.js" */

/** Rewound is the bar of a page that shows a moment of the past. */
export function Rewound() {
  if (at.value === 0) return null;
  const shown = past.value;
  const error = shown !== null && "error" in shown ? shown.error : "";
  const moment = shown !== null && "at" in shown ? shown : null;
  const [from, to] = bounds(range.value);
  return html`<div class="rewound" role="region" aria-label="Moment shown">
    <p role="status">
      ${error !== "" && html`Not shown: ${error}.`}
      ${error === "" && moment === null && "Reading…"}
      ${moment && html`<strong>As it was <time datetime=${moment.at}>${exact(moment.at)}</time></strong>, ${age((now.value - Date.parse(moment.at)) / 1000)}`}
    </p>
    <input type="range" aria-label="Moment" aria-valuetext=${moment ? exact(moment.at) : ""} min=${from.toFixed(0)} max=${to.toFixed(0)} step="1" value=${at.value}
      onInput=${(/** @type {InputEvent} */ event) => rewind(Number(/** @type {HTMLInputElement} */ (event.target).value))} />
    <span class="steps">
      <button disabled=${!moment?.before} onClick=${() => walk(-1)}>Sample before</button>
      <button disabled=${!moment?.after} onClick=${() => walk(1)}>Sample after</button>
      <button class="set" onClick=${resume}>Back to now</button>
    </span>
  </div>`;
}

/** WORDS are what a change is of. */
const WORDS = { os: "operating system", os_version: "system", kernel: "kernel", architecture: "architecture", agent_version: "agent" };

/**
 * What happened, in words.
 * @param {Happening} one
 */
export function happened(one) {
  if (one.kind === "boot") return "started";
  if (one.kind === "offline") return one.end === null ? "away since" : "away for " + duration(Math.max(1, Math.round(one.end - one.at)));
  const what = Object.hasOwn(WORDS, one.kind) ? WORDS[/** @type {keyof typeof WORDS} */ (one.kind)] : one.kind;
  return `${what} ${one.from || "unknown"} → ${one.to || "unknown"}`;
}

/** FEW is how many happenings are listed at first. */
const FEW = 12;

/** Happenings lists what happened in the time shown, newest first. */
export function Happenings() {
  const [all, setAll] = useState(false);
  const listed = happenings.value.toReversed();
  if (listed.length === 0) return null;
  const shown = all ? listed : listed.slice(0, FEW);
  return html`<section class="panel happenings" aria-labelledby="section-events">
    <h2 id="section-events">Events in the time shown</h2>
    <ul>
      ${shown.map((one) => html`<li key=${one.kind + one.at}>
        <${At} time=${new Date(one.at * 1000).toISOString()} /> <span>${happened(one)}</span>
      </li>`)}
    </ul>
    ${listed.length > shown.length && html`<button onClick=${() => setAll(true)}>Show all ${listed.length}</button>`}
  </section>`;
}
