// Any question in PromQL, answered as a chart and as a table.

import { useEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
import { Canvas } from "./chart.js";
import { complete } from "./explore-complete.js";
import { csv, save } from "./csv.js";
import { askRange } from "./explore-read.js";
import { format } from "./format.js";
import { html } from "./html.js";
import { Ranges } from "./range-pick.js";
import { bounds, range } from "./range.js";
import { query, setQueries } from "./router.js";
import * as store from "./store.js";
import { turn } from "./clock.js";
/** @import { Chart, Line } from "./types.js" */

/** POINTS is how many moments there is room for. */
const POINTS = 500;

/** EXAMPLES are questions to begin with. */
const EXAMPLES = [
  ["The fullest filesystems", "topk(5, systant_disk_usage_percent)"],
  ["CPU by host", "systant_cpu_usage_percent"],
  ["Hosts online", "sum(systant_up)"],
  ["Full within a day", "predict_linear(systant_disk_available_bytes[6h], 86400) < 0"],
];

/** Explore is the page. */
export function Explore() {
  const expression = query.value.get("expr") ?? "";
  const [text, setText] = useState(expression);
  useEffect(() => setText(expression), [expression]);
  const ask = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (text.trim() !== expression) setQueries({ expr: text.trim() }, true);
  };
  return html`<header class="head">
      <div class="title"><h1>Explore</h1></div>
      <form class="ask" onSubmit=${ask}>
        <${Box} text=${text} onText=${setText} />
        <button class="set">Ask</button>
      </form>
      <div class="below"><p class="muted">PromQL over all that is remembered; metrics begin with <code>systant_</code>.</p><${Ranges} /></div>
    </header>
    ${expression === "" ? html`<ul class="examples">
      ${EXAMPLES.map(([label, one]) => html`<li key=${one}><a href=${"/explore?expr=" + encodeURIComponent(one)}>${label}</a> <code>${one}</code></li>`)}
    </ul>` : html`<${Answer} key=${expression} expression=${expression} />`}`;
}

/**
 * Box is where one types, with what the catalogue offers below it.
 * @param {{ text: string, onText: (text: string) => void }} props
 */
function Box({ text, onText }) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [chosen, setChosen] = useState(-1);
  const [open, setOpen] = useState(false);
  const offers = open ? complete(text, input.current?.selectionStart ?? text.length, store.catalogue.value) : [];
  const take = (/** @type {{ text: string, start: number, end: number }} */ offer) => {
    onText(text.slice(0, offer.start) + offer.text + text.slice(offer.end));
    setOpen(false);
    setChosen(-1);
    input.current?.focus();
  };
  const press = (/** @type {KeyboardEvent} */ event) => {
    if (offers.length === 0) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen((chosen + step + offers.length) % offers.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(offers[chosen]);
    else if (event.key === "Escape") setOpen(false);
    else return;
    event.preventDefault();
  };
  return html`<div class="box">
    <input ref=${input} id="expression" aria-label="Expression" placeholder="systant_cpu_usage_percent" autocomplete="off" autocapitalize="off" spellcheck=${false} value=${text}
      role="combobox" aria-expanded=${offers.length > 0 ? "true" : "false"} aria-controls="offers" aria-activedescendant=${chosen >= 0 && offers.length > 0 ? "offer-" + chosen : undefined}
      onInput=${(/** @type {InputEvent} */ event) => (onText(/** @type {HTMLInputElement} */ (event.target).value), setOpen(true), setChosen(-1))}
      onKeyDown=${press} onBlur=${() => setOpen(false)} />
    <ul id="offers" role="listbox" aria-label="Offers" hidden=${offers.length === 0}>
      ${offers.map((offer, i) => html`<li key=${offer.text} id=${"offer-" + i} role="option" aria-selected=${i === chosen ? "true" : "false"} onMouseDown=${(/** @type {Event} */ event) => (event.preventDefault(), take(offer))}>
        <span>${offer.text}</span> <span class="muted clip">${offer.help}</span>
      </li>`)}
    </ul>
  </div>`;
}

/**
 * Answer is the chart and the table of an expression.
 * @param {{ expression: string }} props
 */
function Answer({ expression }) {
  const [read, setRead] = useState(/** @type {{ chart?: Chart, bounds?: [number, number], error?: string }} */ ({}));
  const shown = range.value;
  const open = store.history.value?.open;
  const back = store.returns.value;
  const again = shown.end === 0 ? turn.value : 0;
  useEffect(() => {
    if (!open) return;
    const stop = new AbortController();
    const window = bounds(shown);
    askRange(expression, window, POINTS, stop.signal).then(
      (chart) => setRead({ chart, bounds: window }),
      (error) => stop.signal.aborted || setRead({ error: String(error.message) }),
    );
    return () => stop.abort();
  }, [expression, shown.name, shown.end, shown.span, again, open, back]);
  const unit = useMemo(() => unitOf(expression), [expression, store.catalogue.value]);
  if (store.history.value === null && store.loaded.value) return html`<p class="note">Nothing is remembered: history is switched off in the dashboard's configuration.</p>`;
  if (read.error) return html`<p class="note" role="alert">Not answered: ${read.error}</p>`;
  if (!read.chart || !read.bounds) return html`<div class="panel skeleton" aria-busy="true"></div>`;
  if (read.chart.lines.length === 0) return html`<p class="note">No series has a value in this time.</p>`;
  const name = (/** @type {Line} */ line) => line.instance ?? "";
  const plan = { key: expression, title: expression, unit, metrics: [] };
  return html`<section class="panel" aria-label="Answer">
      <figure class="chart tall"><${Canvas} plan=${plan} chart=${read.chart} bounds=${read.bounds} height=${320} /></figure>
      <button onClick=${() => read.chart && save("systant.csv", csv(read.chart, name))}>Save as CSV</button>
    </section>
    <section class="panel" aria-label="Last values">${read.chart.cut && html`<p class="muted">${read.chart.lines.length} of ${read.chart.all} series, those with the greatest mean.</p>`}<div class="scroller">
      <table class="dense"><thead><tr><th scope="col">Series</th><th scope="col" class="number">Last</th></tr></thead>
        <tbody>${read.chart.lines.map((line) => html`<tr key=${line.instance}>
          <th scope="row" class="clip">${line.instance}</th><td class="number">${format(unit, line.mean.findLast((v) => v !== null))}</td>
        </tr>`)}</tbody>
      </table>
    </div></section>`;
}

/**
 * The unit of an expression: that of its metric where it is one alone, or what
 * leaves the unit as it is.
 * @param {string} expression
 */
function unitOf(expression) {
  const named = [...new Set([...expression.matchAll(/systant_([a-z]+)_([a-z0-9_]+)/g)].map(([, group, field]) => `${group}.${field}`))];
  if (named.length !== 1 || /\b(count|rate|deriv|changes|timestamp|stddev|stdvar)\w*\s*\(|[*/]|\bbool\b/.test(expression)) return "count";
  return store.catalogue.value.flatMap((group) => group.metrics).find((one) => one.id === named[0])?.unit ?? "count";
}
