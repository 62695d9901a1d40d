// Chooses the time that charts show: a span until now, or any two moments.

import { useRef } from "./vendor/hooks.js";
import { OFFSETS } from "./chart-before.js";
import { html } from "./html.js";
import { bounds, fix, live, range, SPANS } from "./range.js";
import { at, walk } from "./rewind.js";
import { query, route, setQuery } from "./router.js";
import * as store from "./store.js";

/** Ranges is the row of choices; a host's page can go back in time besides. */
export function Ranges() {
  if (store.history.value === null) return null;
  const shown = range.value;
  const host = route.value.page === "host";
  return html`<nav class="ranges" aria-label="Time shown">
    ${SPANS.map(([name]) => html`<button key=${name} class="plain" aria-pressed=${shown.name === name} onClick=${() => live(name)}>${name}</button>`)}
    <${Between} />
    ${host && html`<${Before} />`}
    ${host && at.value === 0 && html`<button class="plain" title="See the host as it was (,)" onClick=${() => walk(-1)}>Rewind</button>`}
  </nav>`;
}

/** Before puts an earlier time beside the one shown. */
function Before() {
  const name = query.value.get("before") ?? "";
  return html`<select aria-label="Beside it" class=${name ? "set" : ""} value=${name} onChange=${(/** @type {Event} */ event) => setQuery("before", /** @type {HTMLSelectElement} */ (event.target).value)}>
    <option value="">no comparison</option>
    ${Object.keys(OFFSETS).map((one) => html`<option key=${one} value=${one}>and the ${one} before</option>`)}
  </select>`;
}

/** Between asks for two moments, and says which are shown. */
function Between() {
  const place = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const shown = range.value;
  const fixed = shown.end !== 0;
  const [from, to] = bounds(shown);
  const take = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [one, other] = ["from", "to"].map((name) => Date.parse(String(given.get(name))) / 1000);
    if (place.current) place.current.open = false;
    fix(Math.min(one, other), Math.max(one, other));
  };
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape" && place.current) place.current.open = false;
  };
  return html`<details class="between" ref=${place} onKeyDown=${leave}>
    <summary class=${fixed ? "fixed" : ""}>${fixed ? stretch(from, to) : "from – to"}</summary>
    <form onSubmit=${take}>
      ${[["from", from], ["to", to]].map(([name, moment]) => html`
        <label for=${"between-" + name}>${name}</label>
        <input key=${name} id=${"between-" + name} type="datetime-local" name=${name} required value=${local(Number(moment))} />
      `)}
      <button class="set">Show</button>
    </form>
  </details>`;
}

/**
 * A moment as an input of date and time has it: in the browser's zone.
 * @param {number} seconds Since 1970.
 */
function local(seconds) {
  const moment = new Date(seconds * 1000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/**
 * A fixed time in words; years are named where it is not all of this one.
 * @param {number} from In seconds since 1970.
 * @param {number} to
 */
export function stretch(from, to) {
  const [first, last] = [new Date(from * 1000), new Date(to * 1000)];
  const year = first.getFullYear() === new Date().getFullYear() ? undefined : /** @type {const} */ ("numeric");
  const clock = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
  const words = (/** @type {Date} */ moment) => moment.toLocaleString("en-GB", { day: "numeric", month: "short", year, ...clock });
  const same = first.toDateString() === last.toDateString();
  return words(first) + " – " + (same ? last.toLocaleTimeString("en-GB", clock) : words(last));
}
