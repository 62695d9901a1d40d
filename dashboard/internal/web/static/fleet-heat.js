// The fleet as a heat-map: one square a host, for hundreds.

import { memo } from "./memo.js";
import { percent } from "./format.js";
import { html } from "./html.js";
import { SHAPES } from "./parts.js";
import { hostURL } from "./router.js";
import { SORTS } from "./order.js";
import { query } from "./router.js";
import { useSlice } from "./slice.js";
import * as store from "./store.js";
import { reasons } from "./summary.js";

/**
 * Heat is the squares of some hosts.
 * @param {{ names: string[], first: number, label: string }} props
 */
export function Heat({ names, first, label }) {
  const [slice, ref] = useSlice(names.length, first);
  const sort = SORTS.find((one) => one.key === query.value.get("sort"));
  return html`${first === 0 && html`<p class="shades muted">${sort?.metric ? `The stronger the shade, the more ${sort.label}: 0 to 100 %` : "Order by a number to see it as shades."}</p>`}
  <ul class="heat" aria-label=${label} ref=${ref} style=${{ paddingTop: slice.before + "px", paddingBottom: slice.after + "px" }}>
    ${names.slice(slice.start, slice.end).map((name, i) => html`<${Square} key=${name} name=${name} index=${first + slice.start + i} metric=${sort?.metric ?? ""} label=${sort?.label ?? ""} />`)}
  </ul>`;
}

/**
 * Square is one host: its mark where it is not well, and a shade for the
 * metric that the fleet is ordered by.
 * @type {(props: { name: string, index: number, metric: string, label: string }) => unknown}
 */
const Square = memo(({ name, index, metric, label }) => {
  const summary = store.host(name);
  if (summary === undefined) return null;
  const mark = store.mark(summary);
  const reading = metric === "" ? undefined : store.reading(summary, metric);
  const share = reading === undefined ? 0 : Math.max(0, Math.min(100, reading));
  const said = [`${name}: ${mark}`, reading === undefined ? "" : `${label} ${percent(reading)}`, ...reasons(summary).map((one) => one.text)];
  const text = said.filter(Boolean).join(", ");
  return html`<li>
    <a class=${"square is-" + mark} href=${hostURL(name)} data-index=${index} title=${text} aria-label=${text} style=${{ "--share": share.toFixed(0) + "%" }}>
      ${mark !== "ok" && html`<svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d=${SHAPES[mark]} fill="currentColor" fill-rule="evenodd" /></svg>`}
    </a>
  </li>`;
});
