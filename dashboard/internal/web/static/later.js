// Pages that few open: their scripts are fetched when somebody does.

import { useEffect, useState } from "./vendor/hooks.js";
import { html } from "./html.js";

/**
 * What is read of a page: its component, or why there is none.
 * @typedef {{ body?: (props: object) => unknown, error?: string }} Read
 */

/**
 * A component that fetches what draws it.
 * @param {() => Promise<(props: any) => unknown>} fetch
 * @param {string} place The class of what stands in its place meanwhile.
 */
export function later(fetch, place = "note") {
  /** @type {Read} */
  let known = {};
  return function Later(/** @type {object} */ props) {
    const [read, setRead] = useState(known);
    useEffect(() => {
      if (read.body) return;
      fetch().then(
        (body) => setRead((known = { body })),
        (error) => setRead({ error: String(error.message) }),
      );
    }, []);
    if (read.error) return html`<p class="note" role="alert">This page could not be read: ${read.error}. <a href=${location.href}>Read it again</a></p>`;
    return read.body ? html`<${read.body} ...${props} />` : html`<p class=${place} aria-busy="true"></p>`;
  };
}
