// The dialog that lists the keys.

import { useEffect, useRef } from "./vendor/hooks.js";
import { html } from "./html.js";
import { opened } from "./opened.js";

/**
 * KEYS are all keys, and what they do.
 * @type {[string[], string][]}
 */
const KEYS = [
  [["/"], "Search hosts"],
  [["j"], "Next host or section"],
  [["k"], "Previous host or section"],
  [["Enter"], "Open the host"],
  [["Ctrl", "K"], "Go to a host, page, metric or action"],
  [["g", "f"], "Fleet"],
  [["g", "c"], "Compare"],
  [["g", "x"], "Explore"],
  [["[", "]"], "Earlier, later"],
  [["-", "="], "Longer, shorter time"],
  [[",", "."], "Sample before, after"],
  [["l"], "Back to now"],
  [["Esc"], "Leave the search, close a dialog"],
  [["?"], "This help"],
];

/** Help is the dialog, while it is open. */
export function Help() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  return html`<dialog id="help" ref=${dialog} aria-labelledby="help-title" closedby="any" onClose=${() => (opened.value = "")}>
    <h2 id="help-title">Keys</h2>
    <dl>
      ${KEYS.map(([keys, text]) => html`<div key=${text}>
        <dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd> `)}</dt>
        <dd>${text}</dd>
      </div>`)}
    </dl>
    <form method="dialog"><button>Close</button></form>
  </dialog>`;
}
