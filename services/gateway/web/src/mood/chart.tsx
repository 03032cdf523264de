// Pleasantness and energy over time. The drawing library is loaded with the page that needs it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { dark } from "../ui/theme";
import { language, type Words, words } from "../words";
import { NOTE_MS, type Note } from "./notes";
import { timeAxis } from "./time-axis";

const HEIGHT = 220;
const GAP_MS = 5 * NOTE_MS;

export interface ChartProps {
  notes: readonly Note[];
  from: number;
  to: number;
}

export default function Chart({ notes, from, to }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const w = words.value;
  // Colours are read when the chart is drawn, so that a new theme draws it anew.
  const look = `${dark.value} ${language.value}`;
  useEffect(() => {
    const root = box.current;
    if (!root) return undefined;
    const plot = new uPlot(options(root, w, from, to), series(notes), root);
    const observer = new ResizeObserver(() => plot.setSize({ width: root.clientWidth, height: HEIGHT }));
    observer.observe(root);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [notes, from, to, look]);
  return <div ref={box} class="chart" role="img" aria-label={w.chartLabel} />;
}

function series(notes: readonly Note[]): uPlot.AlignedData {
  const times: number[] = [];
  const valence: (number | null)[] = [];
  const arousal: (number | null)[] = [];
  notes.forEach((note, index) => {
    const before = notes[index - 1];
    if (before && note.at - before.at > GAP_MS) push(before.at + NOTE_MS, null, null);
    push(note.at, note.valence, note.arousal);
  });
  return [times, valence, arousal];

  function push(at: number, v: number | null, a: number | null) {
    times.push(at / 1000);
    valence.push(v);
    arousal.push(a);
  }
}

function options(root: HTMLElement, w: Words, from: number, to: number): uPlot.Options {
  const style = getComputedStyle(root);
  const [ink, line, first, second] = ["--quiet", "--line", "--accent", "--quiet"].map((name) => resolved(root, name));
  const { incrs, name } = timeAxis(to - from, language.value);
  const font = `${style.fontSize} ${style.fontFamily}`;
  const axis: uPlot.Axis = { font, stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const points: uPlot.Series.Points = { show: (plot) => plot.data[0].length < 3 };
  return {
    width: root.clientWidth,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: { x: { range: [from / 1000, to / 1000] }, y: { range: [-1, 1] } },
    axes: [
      { ...axis, incrs, values: (_, ticks) => ticks.map(name) },
      { ...axis, size: 48, splits: () => [-1, 0, 1], values: () => [w.low, "", w.high] },
    ],
    series: [
      {},
      { label: w.pleasantness, stroke: first, width: 2.5, points },
      { label: w.energy, stroke: second, width: 2, dash: [6, 4], points },
    ],
  };
}

/** A token's colour as the canvas understands it. */
function resolved(root: HTMLElement, name: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
