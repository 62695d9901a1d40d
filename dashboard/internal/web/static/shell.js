// What stands around every page: header, banners, dialogs, and the spoken log.

import { signal } from "./vendor/signals.js";
import { useEffect } from "./vendor/hooks.js";
import { html } from "./html.js";
import { later, unread } from "./later.js";
import { opened } from "./opened.js";
import { At } from "./parts.js";
import { fleetURL, query, route, setQuery } from "./router.js";
import * as store from "./store.js";
import { nextTheme, theme } from "./theme.js";

// Each page's modules are fetched with it; the server names them to the browser.
const Fleet = later(() => import("./fleet.js").then((module) => module.Fleet));
const Host = later(() => import("./host.js").then((module) => module.Host));
const Compare = later(() => import("./compare.js").then((module) => module.Compare));
const Explore = later(() => import("./explore.js").then((module) => module.Explore));
const Help = later(() => import("./help.js").then((module) => module.Help));
const Palette = later(() => import("./palette.js").then((module) => module.Palette));

/** Shell is the whole page. */
export function Shell() {
  const { page, host } = route.value;
  return html`
    <a class="skip" href="#main">Skip to content</a>
    <${Header} />
    ${unread.value && html`<p class="banner unread" role="alert">
      Part of this page could not be read: ${unread}. <button onClick=${() => location.reload()}>Load it again</button>
    </p>`}
    <${Banners} />
    <main id="main" tabindex="-1" class=${page + (store.old.value ? " old" : "")}>
      ${page === "fleet" && html`<${Fleet} />`}
      ${page === "host" && html`<${Host} key=${host} name=${host} />`}
      ${page === "compare" && html`<${Compare} />`}
      ${page === "explore" && html`<${Explore} />`}
      ${page === "unknown" && html`<p class="note">There is no page here. <a href="/">Fleet</a></p>`}
    </main>
    ${opened.value === "help" && html`<${Help} />`}
    ${opened.value === "palette" && html`<${Palette} />`}
    <${Spoken} />
  `;
}

/** MAC tells which key opens the palette. */
const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);

/** PAGES are in the header. */
const PAGES = [["compare", "Compare"], ["explore", "Explore"]];

/** Header holds the name, the search, the totals and the theme switch. */
function Header() {
  const words = { system: "as the system", light: "light", dark: "dark" };
  const word = words[/** @type {keyof typeof words} */ (theme.value)];
  return html`<header class="top">
    <a class="brand" href=${route.value.page === "fleet" ? "/" : fleetURL.value}>Systant</a>
    ${route.value.page === "fleet" && html`<${Search} />`}
    <nav class="pages" aria-label="Pages">
      ${PAGES.map(([name, label]) => html`<a key=${name} href=${"/" + name} aria-current=${route.value.page === name ? "page" : undefined}>${label}</a>`)}
    </nav>
    <${Totals} />
    <button class="goto" title="Go to a host, page, metric or action" onClick=${() => (opened.value = "palette")}>Go to… <kbd>${MAC ? "⌘K" : "Ctrl K"}</kbd></button>
    <button class="plain" title="Keys: ?" aria-label="Keys" onClick=${() => (opened.value = "help")}>?</button>
    <button class="plain" title=${"Theme: " + word} aria-label=${"Theme: " + word} onClick=${nextTheme}>
      <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
        <circle cx="7" cy="7" r="6" fill=${theme.value === "dark" ? "currentColor" : "none"} stroke="currentColor" />
        ${theme.value === "system" && html`<path d="M7 1a6 6 0 0 1 0 12z" fill="currentColor" />`}
      </svg>
    </button>
  </header>`;
}

/** Search filters the fleet while one types. */
function Search() {
  const type = (/** @type {InputEvent} */ event) => setQuery("q", /** @type {HTMLInputElement} */ (event.target).value);
  const press = (/** @type {KeyboardEvent} */ event) => {
    const hits = document.querySelectorAll("main a[data-index]");
    if (event.key === "Enter" && hits.length === 1) /** @type {HTMLElement} */ (hits[0]).click();
  };
  return html`<search>
    <label class="unseen" for="search">Search hosts</label>
    <input id="search" type="search" placeholder="Search hosts" autocomplete="off" spellcheck=${false} value=${query.value.get("q") ?? ""} onInput=${type} onKeyDown=${press} />
    <kbd aria-hidden="true">/</kbd>
  </search>`;
}

/** Totals counts the hosts, and those in each state that needs a look. */
function Totals() {
  if (!store.loaded.value) return html`<p class="totals"></p>`;
  const count = store.counts.value;
  const troubles = /** @type {const} */ (["critical", "warning", "offline", "stale"]);
  return html`<p class="totals">
    <span>${count.all} ${count.all === 1 ? "host" : "hosts"}</span>
    ${troubles.map((one) => count[one] > 0 && html`<span key=${one} class=${"is-" + one}>${count[one]} ${one}</span>`)}
  </p>`;
}

/** Banners tell that a link between a host's values and the page is down. */
function Banners() {
  const broker = store.broker.value;
  if (!store.connection.value.up) {
    const since = new Date(store.connection.value.reached).toISOString();
    return html`<p class="banner" role="status">
      Reconnecting… ${store.loaded.value ? html`The dashboard has not answered since <${At} time=${since} />.` : "The dashboard does not answer."}
    </p>`;
  }
  const history = store.history.value;
  const forgetful = history?.error && html`<p class="banner" role="status">
    Nothing is remembered since <${At} time=${history.since} /> (${history.error}). The present is shown all the same.
  </p>`;
  if (broker === null || broker.connected) return forgetful || null;
  return html`<p class="banner" role="status">
    Broker not reachable since <${At} time=${broker.since} /> (${broker.error || broker.address}). Retrying.
  </p>`;
}

/** said is the last change of state, for screen readers. */
const said = signal("");

/** Spoken is the live region; it speaks changes of state only. */
function Spoken() {
  useEffect(() => {
    /** @type {Map<string, string>} */
    let before = new Map();
    return store.shape.subscribe(() => {
      const marks = new Map(store.summaries().map((one) => [one.name, store.mark(one)]));
      const changed = [...marks].filter(([name, mark]) => before.has(name) && before.get(name) !== mark);
      before = marks;
      if (changed.length > 3) said.value = `${changed.length} hosts changed state`;
      else if (changed.length > 0) said.value = changed.map(([name, mark]) => `${name} is ${mark}`).join(", ");
    });
  }, []);
  return html`<p class="unseen" aria-live="polite">${said}</p>`;
}
