import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useClock } from "../time/zone";
import { formatTime } from "../time/format";

export interface Series { name: string; line: 1 | 2 | 3 | 4 | 5; values: (number | null)[] }

interface ChartProps {
  label: string;
  /** Seconds since 1970, where each step begins. */
  at: number[];
  series: Series[];
  format: (value: number) => string;
}

/** Lines over time. What the pointer is at stands in the legend, at a place that does not move. */
export default function Chart({ label, at, series, format }: ChartProps) {
  const { zone } = useClock();
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [dress, setDress] = useState(0);
  const data: uPlot.AlignedData = [at, ...series.map((each) => each.values)];
  const latest = useRef(data);
  latest.current = data;
  const names = series.map((each) => each.name).join("\n");

  useEffect(() => {
    const change = () => setDress((before) => before + 1);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", change);
    const observer = new MutationObserver(change);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      dark.removeEventListener("change", change);
      observer.disconnect();
    };
  }, []);

  useEffect(() => {
    const element = box.current!;
    const colour = colours(element);
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: colour("--ink-2"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: element.clientHeight,
        padding: [8, 24, 0, 0],
        legend: { show: false },
        cursor: { sync: { key: "range" }, drag: { x: false, y: false }, y: false, points: { size: 6 } },
        tzDate: (seconds) => (zone === "utc" ? uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") : new Date(seconds * 1000)),
        scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.08, 1)] } },
        axes: [
          { ...axis, grid: { show: false }, space: 70, values: [[86400, "{MM}-{DD}", null, null, null, null, null, null, 0], [60, "{HH}:{mm}", "\n{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1]] },
          { ...axis, size: 56, values: (_, splits) => splits.map(format) },
        ],
        series: [
          {},
          ...series.map((each) => ({
            label: each.name, stroke: colour(`--chart-${each.line}`), width: 1.6, points: { show: false }, spanGaps: false,
            ...(each.line === 1 ? { dash: [4, 3] } : {}),
          })),
        ],
        hooks: { setCursor: [(self) => setPointed(self.cursor.idx ?? null)] },
      },
      latest.current,
      element,
    );
    plot.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: element.clientHeight }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
    // New points are set without building anew.
  }, [zone, dress, names]);

  useEffect(() => plot.current?.setData(data), [data]);

  const index = pointed !== null && pointed < at.length ? pointed : null;
  return (
    <div className="chart-box">
      <div className="legend">
        {series.map((each) => {
          const value = index === null ? null : each.values[index];
          return (
            <span key={each.name}>
              <svg className={`line-${each.line}`} viewBox="0 0 16 8" aria-hidden="true"><path d="M0 4h16" /></svg>
              {each.name} <b>{value === null || value === undefined ? "" : format(value)}</b>
            </span>
          );
        })}
        <span className="num faint">{index === null ? "" : formatTime(new Date(at[index]! * 1000), zone).slice(5, 16)}</span>
      </div>
      <div ref={box} className="chart-canvas" role="img" aria-label={label} />
    </div>
  );
}

/** A canvas knows no light-dark(): the colour is asked of an element. */
function colours(element: HTMLElement) {
  const probe = document.createElement("span");
  return (token: string) => {
    probe.style.color = `var(${token})`;
    element.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  };
}
