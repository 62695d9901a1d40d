// Chooses the time that charts show: a span until now, or any two moments.

import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { html } from "./html.js";
import { later } from "./later.js";
import { bounds, live, OFFSETS, range, SPANS } from "./range.js";
import { at, resume, walk } from "./rewind.js";
import { query, route, setQuery } from "./router.js";
import * as store from "./store.js";

const Form = later(() => import("./range-form.js").then((module) => module.Form));

/** Ranges is the row of choices; a host's page can go back in time besides. */
export function Ranges() {
  if (store.history.value === null) return null;
  const shown = range.value;
  const host = route.value.page === "host";
  return html`<nav class="ranges" aria-label="Time shown">
    ${SPANS.map(([name]) => html`<button key=${name} class="plain" aria-pressed=${shown.name === name} onClick=${() => live(name)}>${name}</button>`)}
    <${Between} />
    ${host && html`<${Before} />`}
    ${host && html`<button id="rewind" class="plain" title="See the host as it was (,)" aria-pressed=${at.value !== 0} onClick=${() => (at.value === 0 ? walk(-1) : resume())}>Rewind</button>`}
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
  const [open, setOpen] = useState(false);
  const shown = range.value;
  const fixed = shown.end !== 0;
  const [from, to] = bounds(shown);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const close = () => {
    setOpen(false);
    box.current?.querySelector("summary")?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const away = (/** @type {Event} */ event) => box.current?.contains(/** @type {Node} */ (event.target)) || setOpen(false);
    addEventListener("click", away);
    return () => removeEventListener("click", away);
  }, [open]);
  return html`<details ref=${box} class="between" open=${open} onToggle=${(/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open)}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && close()}>
    <summary class=${fixed ? "fixed" : ""}>${fixed ? stretch(from, to) : "from – to"}</summary>
    ${open && html`<${Form} from=${from} to=${to} onDone=${close} />`}
  </details>`;
}

/**
 * A fixed time in words; years are named where it is not all of this one.
 * @param {number} from In seconds since 1970.
 * @param {number} to
 */
export function stretch(from, to) {
  const [first, last] = [new Date(from * 1000), new Date(to * 1000)];
  const year = first.getFullYear() === new Date().getFullYear() ? undefined : /** @type {const} */ ("numeric");
  const second = to - from < 300 ? /** @type {const} */ ("2-digit") : undefined;
  const clock = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", second });
  const words = (/** @type {Date} */ moment) => moment.toLocaleString("en-GB", { day: "numeric", month: "short", year, ...clock });
  const same = first.toDateString() === last.toDateString();
  return words(first) + " – " + (same ? last.toLocaleTimeString("en-GB", clock) : words(last));
}
