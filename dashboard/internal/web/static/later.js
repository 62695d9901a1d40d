// Pages and parts that few open: their scripts are fetched when somebody does.

import { useEffect, useState } from "./vendor/hooks.js";
import { signal } from "./vendor/signals.js";
import { html } from "./html.js";

/** unread is why a script could not be fetched, as after an upgrade of the dashboard. */
export const unread = signal("");

/**
 * Has the page say that a script could not be fetched.
 * @param {Error} error
 */
export function failed(error) {
  unread.value = error.message;
}

/**
 * A component that fetches what draws it.
 * @param {() => Promise<(props: any) => unknown>} fetch
 * @param {string} place The class of what stands in its place meanwhile.
 */
export function later(fetch, place = "note") {
  /** @type {((props: object) => unknown) | undefined} */
  let known;
  return function Later(/** @type {object} */ props) {
    const [body, setBody] = useState(() => known);
    useEffect(() => {
      if (!body) fetch().then((one) => setBody(() => (known = one)), failed);
    }, []);
    return body ? html`<${body} ...${props} />` : html`<p class=${place} aria-busy=${unread.value === ""}></p>`;
  };
}
