// One host: what it is, what is wrong, and every section of its last sample.

import { Charts } from "./host-charts.js";
import { Happenings } from "./host-past.js";
import { facts } from "./host-facts.js";
import { Flat } from "./host-flat.js";
import { html } from "./html.js";
import { Instances } from "./host-instances.js";
import { VIEWS } from "./host-views.js";
import { later } from "./later.js";
import { Ago, At, State } from "./parts.js";
import { fleetURL } from "./router.js";
import { Ranges } from "./range-pick.js";
import { at, past } from "./rewind.js";
import { sections } from "./sections.js";
import * as store from "./store.js";
import { reasons } from "./summary.js";
/** @import { Detail, Summary } from "./types.js" */
/** @import { Section } from "./sections.js" */

// Most visits are to the present.
const Rewound = later(() => import("./host-rewound.js").then((module) => module.Rewound), "rewound");

/**
 * Host is the page.
 * @param {{ name: string }} props
 */
export function Host({ name }) {
  store.shape.value;
  const summary = store.host(name);
  const known = store.detail.value;
  const detail = known?.host.name === name ? known : null;
  if (store.loaded.value && summary === undefined) return html`<${Unknown} name=${name} />`;
  // Until the moment has been read the present stays, greyed; where it is not kept,
  // the charts of the present's sections do.
  const then = at.value !== 0 && past.value !== null && "detail" in past.value && past.value.detail.host.name === name ? past.value.detail : null;
  const kept = at.value === 0 || past.value === null || then !== null;
  return html`
    <${Head} name=${name} summary=${then?.host ?? summary} detail=${then ?? (kept ? detail : null)} kept=${kept} />
    <${Sections} summary=${then?.host ?? summary} detail=${then ?? detail} kept=${kept} />
  `;
}

/**
 * Unknown says that the dashboard has never heard of a host.
 * @param {{ name: string }} props
 */
function Unknown({ name }) {
  return html`<section class="note">
    <h1>No host named ${name}</h1>
    <p>The dashboard has no sample of it. It appears as soon as its agent sends one. <a href=${fleetURL.value}>Fleet</a></p>
  </section>`;
}

/**
 * Head is the host's name, state, reasons and facts.
 * @param {{ name: string, summary: Summary | undefined, detail: Detail | null, kept: boolean }} props
 */
function Head({ name, summary, detail, kept }) {
  const mark = summary && store.mark(summary);
  return html`<header class="head">
    <div class="title">
      <a class="back" href=${fleetURL.value}><span aria-hidden="true">‹</span> Fleet</a>
      <h1>${name}</h1>
      ${kept && mark && html`<${State} mark=${mark} />`}
      ${at.value === 0 && summary && html`<span class="muted">${summary.state === "online" ? "online since" : "since"} <${At} time=${summary.since} /></span>`}
      ${at.value === 0 && summary?.seen && html`<span class="muted seen">${summary.state === "online" ? "sampled" : "last sample"} <${Ago} time=${summary.seen} /></span>`}
    </div>
    ${kept && summary && html`<ul class=${"reasons" + (summary.state === "online" ? "" : " old")}>
      ${summary.state !== "online" && reasons(summary).length > 0 && html`<li>Before it went silent:</li>`}
      ${reasons(summary).map((reason) => html`<li key=${reason.metric + reason.instance} class=${"is-" + reason.severity}>
        ${reason.text}${reason.since && html` <span class="muted">since <${At} time=${reason.since} /></span>`}
      </li>`)}
    </ul>`}
    <div class="below">
      <p class="facts muted">${facts(kept ? summary : undefined, detail, summary && store.reading(summary, "system.uptime_seconds")).map((fact) => html`<span key=${fact}>${fact}</span>`)}</p>
      <${Ranges} />
    </div>
    ${at.value !== 0 && html`<${Rewound} />`}
  </header>`;
}

/**
 * Sections are the groups of the last sample.
 * @param {{ summary: Summary | undefined, detail: Detail | null, kept: boolean }} props
 */
function Sections({ summary, detail, kept }) {
  const groups = store.catalogue.value;
  const waiting = !store.loaded.value || groups.length === 0;
  if (waiting || (summary !== undefined && detail === null && !store.connection.value.up)) return html`<${Skeletons} />`;
  if (!summary || !detail?.stats) return html`<p class="note">No sample of this host has come since the dashboard started.</p>`;
  const stats = detail.stats;
  let index = 0;
  return html`<div class=${"sections" + (summary.state === "online" && (at.value === 0 || past.value !== null) ? "" : " old")}>
    ${stacks(sections(groups, stats)).map((stack) => html`<div key=${stack[0].name} class=${"stack " + width(stack[0])}>
      ${stack.map((section) => html`<${Panel} key=${section.name} section=${section} summary=${summary} kept=${kept} index=${index++} />`)}
    </div>`)}
    <${Happenings} />
  </div>`;
}

/**
 * Sections in the stacks in which they stand below each other.
 * @param {Section[]} all
 * @returns {Section[][]}
 */
function stacks(all) {
  /** @type {Section[][]} */
  const stacks = [];
  for (const section of all) {
    const below = view(section)?.below;
    const stack = below && stacks.find((one) => one[0].name === below);
    if (stack) stack.push(section);
    else stacks.push([section]);
  }
  return stacks;
}

/**
 * The view that a group has of its own.
 * @param {Section} section
 */
function view(section) {
  return Object.hasOwn(VIEWS, section.name) ? VIEWS[section.name] : undefined;
}

/**
 * The width of a section.
 * @param {Section} section
 */
function width(section) {
  return view(section)?.width ?? (section.instance === "" ? "third" : "whole");
}

/**
 * Panel is one section, in its own view where it has one.
 * @param {{ section: Section, summary: Summary, kept: boolean, index: number }} props
 */
function Panel({ section, summary, kept, index }) {
  const own = view(section);
  const body = own?.body ?? (section.instance === "" ? Flat : Instances);
  const id = "section-" + section.name;
  return html`<section class="panel" aria-labelledby=${id} tabindex="-1" data-index=${index}>
    <h2 id=${id}>${section.label}</h2>
    ${kept && html`<${body} section=${section} summary=${summary} without=${own?.without} />`}
    <${Charts} host=${summary.name} section=${section} />
  </section>`;
}

/** Skeletons stand where the first sections will be. */
function Skeletons() {
  return html`<div class="sections" aria-busy="true" aria-label="Loading">
    ${["third", "third", "third", "whole", "whole"].map((width, i) => html`<div key=${i} class=${"stack " + width}><div class="panel skeleton"></div></div>`)}
  </div>`;
}
