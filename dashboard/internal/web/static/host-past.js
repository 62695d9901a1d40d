// What a host's page says of the past: what happened.

import { useState } from "./vendor/hooks.js";
import { duration } from "./format.js";
import { html } from "./html.js";
import { At } from "./parts.js";
import { happenings } from "./rewind.js";
/** @import { Happening } from "./types.js" */

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
