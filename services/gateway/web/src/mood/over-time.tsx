// The mood over the day and the week.
import { signal } from "@preact/signals";
import { lazy, Suspense } from "preact/compat";
import { useEffect } from "preact/hooks";
import { me } from "../session";
import { attempt } from "../ui/toast";
import { duration, percent, words } from "../words";
import type { ChartProps } from "./chart";
import { Glyph } from "./glyph";
import { forgetMoods, history, loadMoods } from "./history";
import { DAY_MS, KEPT_MS, type Note, shares } from "./notes";

const Chart = lazy(() => import("./chart").catch(() => ({ default: NoChart })));

function NoChart(_: ChartProps) {
  return (
    <p class="quiet" role="status">
      {words.value.chartFailed}
    </p>
  );
}

const span = signal<"day" | "week">("day");

export function OverTime() {
  const w = words.value;
  useEffect(() => {
    if (me.peek()) void attempt(loadMoods);
  }, []);
  const now = Date.now();
  const from = now - (span.value === "day" ? DAY_MS : KEPT_MS);
  const notes = history.value.filter((note) => note.at >= from);
  return (
    <section class="panel over-time" aria-labelledby="over-time">
      <h2 id="over-time">{w.overTime}</h2>
      <div class="chips">
        {(["day", "week"] as const).map((each) => (
          <label key={each} class="chip">
            <input type="radio" name="span" checked={span.value === each} onChange={() => (span.value = each)} />
            {w.span[each]}
          </label>
        ))}
      </div>
      {notes.length ? (
        <Told notes={notes} from={Math.max(from, (notes[0]?.at ?? from) - 60_000)} to={now} />
      ) : (
        <p class="quiet">{w.noHistory}</p>
      )}
      <p class="quiet">{w.historyKept}</p>
      {history.value.length > 0 && (
        <button type="button" class="button" onClick={() => void attempt(forgetMoods)}>
          {w.forgetMoods}
        </button>
      )}
    </section>
  );
}

function Told({ notes, from, to }: { notes: readonly Note[]; from: number; to: number }) {
  const w = words.value;
  const parts = shares(notes);
  const whole = parts.reduce((sum, [, ms]) => sum + ms, 0);
  return (
    <>
      <ul class="legend" aria-hidden="true">
        <li class="first">{w.pleasantness}</li>
        <li class="dashed">{w.energy}</li>
      </ul>
      <Suspense fallback={<div class="chart skeleton" />}>
        <Chart notes={notes} from={from} to={to} />
      </Suspense>
      <ul class="shares">
        {parts.map(([state, ms]) => (
          <li key={state} class={state}>
            <Glyph state={state} size={18} /> {{ ...w.emotion, ...w.noEmotion }[state]}
            <b>{percent(ms / whole)}</b>
            <span class="quiet">{duration(ms / 1000)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
