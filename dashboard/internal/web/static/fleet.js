// The fleet: every host, worst first, as cards or as a table.

import { useEffect, useMemo, useRef } from "./vendor/hooks.js";
import { computed, effect, signal, untracked } from "./vendor/signals.js";
import { Cards, CardSkeletons } from "./fleet-cards.js";
import { Heat } from "./fleet-heat.js";
import { Filters } from "./fleet-filters.js";
import { Start } from "./fleet-start.js";
import { Table, TableSkeleton } from "./fleet-table.js";
import { html } from "./html.js";
import { choice, grouped, ordered } from "./order.js";
import { query } from "./router.js";
import * as store from "./store.js";

/** REST is how long a pointer must lie still before the order may change
 * under it, in milliseconds: a screen on a wall must not wait for ever. */
const REST = 30_000;

/** chosen changes with what the URL asks for, and not with the view. */
const chosen = computed(() => JSON.stringify(choice(query.value)));

/** wanted is the order that the states ask for now. */
const wanted = computed(() => {
  store.shape.value;
  return ordered(store.summaries(), JSON.parse(chosen.value));
});

/** held tells that a pointer is over the list. */
const held = signal(false);

/** Fleet is the page. */
export function Fleet() {
  const shown = useOrder();
  const pointer = useHold();
  const view = query.value.get("view") ?? "";
  const table = view === "table";
  if (store.loaded.value && store.counts.value.all === 0) return html`<${Start} />`;
  return html`<h1 class="unseen">Fleet</h1>
    <${Filters} />
    <div onPointerMove=${pointer.over} onPointerLeave=${pointer.out}>
      ${!store.loaded.value && (table ? html`<${TableSkeleton} />` : html`<${CardSkeletons} />`)}
      ${store.loaded.value && shown.value.length === 0 && html`<${None} />`}
      ${store.loaded.value && shown.value.length > 0 && html`<${Groups} names=${shown.value} view=${view} />`}
    </div>`;
}

/**
 * Groups are the hosts, with a heading for each group where they are grouped.
 * @param {{ names: string[], view: string }} props
 */
function Groups({ names, view }) {
  store.shape.value;
  const by = query.value.get("group") ?? "";
  const list = view === "table" ? Table : view === "heat" ? Heat : Cards;
  const hosts = names.map((name) => store.known(name)).filter((one) => one !== undefined);
  return grouped(hosts, by).map(({ label, names, first }) => html`<section key=${label} class="group">
    ${label !== "" && html`<h2>${label} <span class="muted">${names.length}</span></h2>`}
    <${list} names=${names} first=${first} label=${label || "Hosts"} />
  </section>`);
}

/** None says that no host passes the filters. */
function None() {
  return html`<p class="note">None of the ${store.counts.value.all} hosts fits. <a href="/">Show all</a></p>`;
}

/** The order shown: the wanted one, but not while a pointer is over it,
 * unless what was asked for has changed. */
function useOrder() {
  const shown = useMemo(() => signal(untracked(() => wanted.value)), []);
  useEffect(() => {
    let asked = chosen.peek();
    return effect(() => {
      const next = wanted.value;
      if (held.value && chosen.value === asked && shown.peek().length > 0) return;
      asked = chosen.value;
      const same = next.length === shown.peek().length && next.every((name, i) => name === shown.peek()[i]);
      if (!same) shown.value = next;
    });
  }, []);
  return shown;
}

/** Handlers that hold the order while a pointer moves over the list. */
function useHold() {
  const timer = useRef(/** @type {number | undefined} */ (undefined));
  const out = () => {
    clearTimeout(timer.current);
    held.value = false;
  };
  const over = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(out, REST);
    held.value = true;
  };
  useEffect(() => out, []);
  return { over, out };
}
