// The bar of a host's page that shows a moment of the past.

import { useLayoutEffect, useRef } from "./vendor/hooks.js";
import { now } from "./clock.js";
import { age } from "./format.js";
import { html } from "./html.js";
import { exact } from "./parts.js";
import { bounds, range } from "./range.js";
import { at, past, resume, rewind, walk } from "./rewind.js";

/** Rewound says which moment is shown, and goes to others. */
export function Rewound() {
  const bar = useRef(/** @type {HTMLElement | null} */ (null));
  // Whoever was in the bar when it goes is back where one rewinds.
  useLayoutEffect(() => () => {
    if (bar.current?.contains(document.activeElement)) document.getElementById("rewind")?.focus({ preventScroll: true });
  }, []);
  const shown = past.value;
  const error = shown !== null && "error" in shown ? shown.error.replace(/\d{4}-\d\d-\S+/g, exact) : "";
  const moment = shown !== null && "at" in shown ? shown : null;
  const [from, to] = bounds(range.value);
  return html`<div ref=${bar} class="rewound" role="region" aria-label="Moment shown">
    <p role="status">
      ${error !== "" && html`Not shown: ${error}.`}
      ${error === "" && moment === null && "Reading…"}
      ${moment && html`<strong>As it was <time datetime=${moment.at}>${exact(moment.at)}</time></strong>, ${age((now.value - Date.parse(moment.at)) / 1000)}`}
    </p>
    <input type="range" aria-label="Moment" aria-valuetext=${moment ? exact(moment.at) : ""} min=${from.toFixed(0)} max=${to.toFixed(0)} step="1" value=${at.value}
      onInput=${(/** @type {InputEvent} */ event) => rewind(Number(/** @type {HTMLInputElement} */ (event.target).value))} />
    <span class="steps">
      <button aria-disabled=${!moment?.before} onClick=${() => walk(-1)}>Sample before</button>
      <button aria-disabled=${!moment} onClick=${() => walk(1)}>Sample after</button>
      <button class="set" onClick=${resume}>Back to now</button>
    </span>
  </div>`;
}
