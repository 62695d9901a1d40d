// Whether the palette is open: the palette itself is fetched when it is.

import { signal } from "./vendor/signals.js";

/** open tells whether it is. */
export const open = signal(false);

addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey) return;
  event.preventDefault();
  open.value = !open.value;
});
