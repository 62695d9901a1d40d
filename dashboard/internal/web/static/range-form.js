// The form that asks for two moments.

import { html } from "./html.js";
import { fix } from "./range.js";

/**
 * Form has charts show the time between two moments.
 * @param {{ from: number, to: number, onDone: () => void }} props Moments in seconds since 1970.
 */
export function Form({ from, to, onDone }) {
  const take = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [one, other] = ["from", "to"].map((name) => Date.parse(String(given.get(name))) / 1000);
    onDone();
    fix(Math.min(one, other), Math.max(one, other));
  };
  return html`<form onSubmit=${take}>
    ${[["from", from], ["to", to]].map(([name, moment]) => html`
      <label for=${"between-" + name}>${name}</label>
      <input key=${name} id=${"between-" + name} type="datetime-local" name=${name} required value=${local(Number(moment))} />
    `)}
    <button class="set">Show</button>
  </form>`;
}

/**
 * A moment as an input of date and time has it: in the browser's zone.
 * @param {number} seconds Since 1970.
 */
function local(seconds) {
  const moment = new Date(seconds * 1000);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
