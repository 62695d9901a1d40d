/** uPlot draws lines on a canvas; options and data are as in its documentation. */
declare class UPlot {
  constructor(options: object, data: unknown[], target: HTMLElement);
  setData(data: unknown[]): void;
  setSize(size: { width: number; height: number }): void;
  redraw(rebuildPaths?: boolean): void;
  valToPos(value: number, scale: string): number;
  posToIdx(left: number): number;
  posToVal(left: number, scale: string): number;
  data: number[][];
  over: HTMLElement;
  cursor: { idx?: number | null; left?: number };
  destroy(): void;
}

export default UPlot;
