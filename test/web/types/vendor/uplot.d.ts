/** uPlot draws lines on a canvas; options and data are as in its documentation. */
declare class UPlot {
  constructor(options: object, data: unknown[], target: HTMLElement);
  setData(data: unknown[]): void;
  setSize(size: { width: number; height: number }): void;
  destroy(): void;
}

export default UPlot;
