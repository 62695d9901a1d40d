// The fleet's filters, order and view; all of them live in the URL.

import { Sums } from "./fleet-sums.js";
import { html } from "./html.js";
import { GROUPS, SORTS, offers } from "./order.js";
import { query, setQuery } from "./router.js";
import * as store from "./store.js";

/** STATES are the marks in the order in which the filter offers them. */
const STATES = /** @type {const} */ (["critical", "warning", "offline", "stale", "ok"]);

/**
 * Filters is the row above the hosts; the plain one has no groups and views.
 * @param {{ plain?: boolean }} props
 */
export function Filters({ plain: bare }) {
  store.shape.value;
  const count = store.counts.value;
  const { tags, systems } = offers(store.summaries());
  const states = STATES.map((state) => ({ value: state, label: `${state} (${count[state]})` }));
  return html`<div class="filters" role="group" aria-label="Filters and order">
    <${Pick} name="state" label="State" options=${states} all="any state" />
    <${Pick} name="tag" label="Tag" options=${plain(tags)} all="any tag" />
    <${Pick} name="os" label="Operating system" options=${plain(systems)} all="any OS" />
    <${Pick} name="sort" label="Order" options=${SORTS.slice(1).map(({ key, label }) => ({ value: key, label: "by " + label }))} all="worst first" />
    ${!bare && html`<${Pick} name="group" label="Group" options=${GROUPS.map((value) => ({ value, label: "grouped by " + (value === "os" ? "OS" : value) }))} all="not grouped" /><${Sums} /><${View} />`}
  </div>`;
}

/**
 * Options whose label is their value.
 * @param {string[]} values
 */
function plain(values) {
  return values.map((value) => ({ value, label: value }));
}

/**
 * A choice of one value, or of none. A value in the URL that no host has is
 * offered too, so that the filter in force is always seen.
 * @param {{ name: string, label: string, all: string, options: { value: string, label: string }[] }} props
 */
function Pick({ name, label, all, options }) {
  const value = query.value.get(name) ?? "";
  const known = value === "" || options.some((option) => option.value === value);
  const shown = known ? options : [...options, { value, label: value }];
  const pick = (/** @type {Event} */ event) => setQuery(name, /** @type {HTMLSelectElement} */ (event.target).value);
  return html`<select class=${value === "" ? "" : "set"} aria-label=${label} value=${value} onChange=${pick}>
    <option value="">${all}</option>
    ${shown.map((option) => html`<option key=${option.value} value=${option.value}>${option.label}</option>`)}
  </select>`;
}

/** VIEWS are the ways to show hosts; the first one needs no word in the URL. */
const VIEWS = ["cards", "table", "heat"];

/** View switches between them. */
function View() {
  const asked = query.value.get("view") ?? "";
  const view = VIEWS.includes(asked) ? asked : VIEWS[0];
  const button = (/** @type {string} */ name) => html`<button
    key=${name}
    aria-pressed=${view === name ? "true" : "false"}
    onClick=${() => setQuery("view", name === VIEWS[0] ? "" : name)}
  >${name}</button>`;
  return html`<div class="view" role="group" aria-label="View">${VIEWS.map((name) => button(name))}</div>`;
}
