// The palette: hosts, pages and actions by a few letters.

import { useEffect, useRef, useState } from "./vendor/hooks.js";
import { html } from "./html.js";
import { State } from "./parts.js";
import { fleetURL, go, hostURL } from "./router.js";
import * as store from "./store.js";
import { nextTheme } from "./theme.js";
import { opened } from "./opened.js";
/** @import { Mark } from "./types.js" */

/** MOST is how many are listed, and HOSTS how many hosts where other things fit,
 * too. */
const [MOST, HOSTS] = [12, 5];

/** @typedef {{ text: string, kind: string, mark?: Mark, act: () => void }} Entry */

/**
 * Pages and actions.
 * @returns {Entry[]}
 */
function fixed() {
  const to = (/** @type {string} */ url) => () => go(url);
  return [
    { text: "Fleet", kind: "page", act: to(fleetURL.peek()) },
    { text: "Fleet as a table", kind: "page", act: to("/?view=table") },
    { text: "Fleet as a heat-map", kind: "page", act: to("/?view=heat") },
    { text: "Compare hosts", kind: "page", act: to("/compare") },
    { text: "Explore with PromQL", kind: "page", act: to("/explore") },
    { text: "Change the theme", kind: "action", act: nextTheme },
    { text: "Show the keys", kind: "action", act: () => (opened.value = "help") },
  ];
}

/**
 * Metrics to compare hosts by.
 * @returns {Entry[]}
 */
function metrics() {
  return store.catalogue.peek().flatMap((group) =>
    group.metrics
      .filter((one) => one.unit !== "timestamp")
      .map((one) => ({ text: `${group.label}: ${one.label}`, kind: "metric", act: () => go("/compare?metric=" + encodeURIComponent(one.id)) })),
  );
}

/**
 * What fits the letters: hosts first, those that begin with them before others.
 * @param {string} typed
 * @returns {Entry[]}
 */
function found(typed) {
  const low = typed.trim().toLowerCase();
  const fits = (/** @type {Entry} */ one) => low.split(/\s+/).every((word) => one.text.toLowerCase().includes(word));
  const all = store.summaries().map((one) => ({ text: one.name, kind: "host", mark: store.mark(one), act: () => go(hostURL(one.name)) }));
  const hosts = all.filter(fits).sort((a, b) => a.text.localeCompare(b.text, "en", { numeric: true }));
  const others = [...fixed(), ...(low === "" ? [] : metrics())].filter(fits);
  const rank = (/** @type {Entry} */ one) => Number(!one.text.toLowerCase().startsWith(low));
  const first = (/** @type {Entry[]} */ some) => some.sort((a, b) => rank(a) - rank(b));
  return first([...first(hosts).slice(0, Math.max(HOSTS, MOST - others.length)), ...others]).slice(0, MOST);
}

/** Palette is the dialog, while it is open. */
export function Palette() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  const entries = found(typed);
  const at = Math.min(chosen, entries.length - 1);
  const close = () => opened.value === "palette" && (opened.value = "");
  const take = (/** @type {Entry | undefined} */ entry) => {
    if (entry === undefined) return;
    close();
    entry.act(); // which may open another dialog
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "ArrowDown") setChosen((at + 1) % entries.length);
    else if (event.key === "ArrowUp") setChosen((at - 1 + entries.length) % entries.length);
    else if (event.key === "Enter") take(entries[at]);
    else return;
    event.preventDefault();
  };
  const type = (/** @type {InputEvent} */ event) => {
    setTyped(/** @type {HTMLInputElement} */ (event.target).value);
    setChosen(0);
  };
  return html`<dialog class="palette" ref=${dialog} aria-label="Go to" closedby="any" onClose=${close}>
    <input type="text" aria-label="Host, page, metric or action" placeholder="Host, page, metric or action" autocomplete="off" spellcheck=${false} autofocus
      role="combobox" aria-expanded="true" aria-controls="entries" aria-activedescendant=${at >= 0 ? "entry-" + at : undefined}
      value=${typed} onInput=${type} onKeyDown=${press} />
    <ul id="entries" role="listbox" aria-label="Entries">
      ${entries.map((one, i) => html`<li key=${one.kind + one.text} id=${"entry-" + i} role="option" aria-selected=${i === at ? "true" : "false"} onClick=${() => take(one)}>
        <span class="clip">${one.text}</span>
        ${one.mark ? html`<${State} mark=${one.mark} />` : html`<span class="muted">${one.kind}</span>`}
      </li>`)}
    </ul>
    ${entries.length === 0 && html`<p class="muted">Nothing fits.</p>`}
  </dialog>`;
}
