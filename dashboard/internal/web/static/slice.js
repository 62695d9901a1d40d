// Renders of a long list only what is on the screen.

import { useEffect, useLayoutEffect, useRef, useState } from "./vendor/hooks.js";
import { lists } from "./keys.js";

/** WHOLE is the longest list that is rendered whole, so that the browser's
 * own search finds everything in a small fleet. */
const WHOLE = 150;

/** STEP is how far one scrolls until other rows are rendered, in px; as much
 * again is rendered above and below the screen. */
const STEP = 320;

/**
 * @typedef {object} Slice The part of a list to render.
 * @property {number} start
 * @property {number} end
 * @property {number} before Height of what is left out above, in px.
 * @property {number} after Height of what is left out below, in px.
 */

/**
 * The part of a list of equal rows to render. The element holds the rows; its
 * CSS states the height of one as --row, and the columns where it is a grid.
 * @param {number} count
 * @param {number} offset How many stand in lists before it.
 * @returns {[Slice, { current: HTMLElement | null }]}
 */
export function useSlice(count, offset) {
  const ref = useRef(/** @type {HTMLElement | null} */ (null));
  const grid = useRef({ pitch: 0, gap: 0, columns: 1 });
  const [seen, setSeen] = useState({ first: 0, last: 40 });

  const look = () => {
    if (!ref.current || grid.current.pitch === 0) return;
    const top = Math.floor(-ref.current.getBoundingClientRect().top / STEP) * STEP;
    const first = Math.max(0, Math.floor((top - STEP) / grid.current.pitch));
    const last = Math.max(0, Math.ceil((top + innerHeight + 2 * STEP) / grid.current.pitch));
    setSeen((old) => (old.first === first && old.last === last ? old : { first, last }));
  };
  useLayoutEffect(() => {
    const measured = () => {
      if (ref.current) grid.current = measure(ref.current);
      look();
    };
    measured();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", measured);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", measured);
    };
  }, [count > 0]);
  useEffect(() => {
    const list = { first: offset, count, show: (/** @type {number} */ index) => scrollTo(ref.current, grid.current, index - offset) };
    lists.add(list);
    return () => void lists.delete(list);
  }, [count, offset]);

  return [cut(count, seen, grid.current), ref];
}

/**
 * Measures rows as the stylesheet has them.
 * @param {HTMLElement} element
 */
function measure(element) {
  const style = getComputedStyle(element);
  const gap = Number.parseFloat(style.rowGap) || 0;
  const columns = style.display === "grid" ? style.gridTemplateColumns.split(" ").length : 1;
  return { pitch: (Number.parseFloat(style.getPropertyValue("--row")) || 0) + gap, gap, columns };
}

/**
 * The slice for the rows seen.
 * @param {number} count
 * @param {{ first: number, last: number }} seen
 * @param {{ pitch: number, columns: number }} grid
 * @returns {Slice}
 */
function cut(count, seen, { pitch, columns }) {
  const rows = Math.ceil(count / columns);
  if (count <= WHOLE) return { start: 0, end: count, before: 0, after: 0 };
  if (pitch === 0) return { start: 0, end: 0, before: 0, after: 0 }; // it is measured before anything is painted
  const first = Math.min(seen.first, Math.max(0, rows - 1));
  const last = Math.min(seen.last, rows);
  return {
    start: first * columns,
    end: Math.min(count, last * columns),
    before: first * pitch,
    after: Math.max(0, rows - last) * pitch,
  };
}

/**
 * Brings a row into view, below the sticky header.
 * @param {HTMLElement | null} element
 * @param {{ pitch: number, gap: number, columns: number }} grid
 * @param {number} index
 */
function scrollTo(element, { pitch, gap, columns }, index) {
  if (element === null) return;
  const header = 96;
  const top = element.getBoundingClientRect().top + Math.floor(index / columns) * pitch;
  const bottom = top + pitch - gap;
  if (top < header) scrollBy(0, top - header);
  else if (bottom > innerHeight) scrollBy(0, bottom - innerHeight + gap);
}
