// Templates: htm bound to Preact. Text in a template is always text.

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

/** html is a tagged template that returns what Preact renders. */
export const html = htm.bind(h);
