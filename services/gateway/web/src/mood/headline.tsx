// The mood in words, and the way to correct it.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Emotion, Mood } from "../api/types";
import { clock, duration, percent, type Words, words } from "../words";
import { EMOTIONS, isEmotion } from "./emotions";
import { Glyph } from "./glyph";
import { seen, tell, told } from "./store";
import { sayMood } from "./telling";

const TICK_MS = 5_000;
const JUST_NOW_S = 10;
const choosing = signal(false);

export function Headline() {
  const w = words.value;
  const said = told.value;
  const mood = seen.value;
  const state = said?.state ?? mood?.state ?? "absent";
  return (
    <section class={`headline ${state}`} aria-labelledby="mood-words">
      <Glyph state={state} face size={96} />
      <div class="headline-words">
        <h1 id="mood-words" aria-live="polite">
          {said ? w.told[said.state] : mood ? w.mood[mood.state] : w.moodUnknown}
        </h1>
        {said ? <p class="quiet">{w.toldDetail(clock(new Date(said.until)))}</p> : <Detail mood={mood} />}
        <Correction />
      </div>
    </section>
  );
}

function Detail({ mood }: { mood: Mood | null }) {
  const now = useClock();
  return <p class="quiet">{detailOf(mood, words.value, now)}</p>;
}

function detailOf(mood: Mood | null, w: Words, now: number): string {
  if (!mood) return w.moodUnknownDetail;
  if (!isEmotion(mood.state)) return mood.state === "absent" ? w.absentDetail : w.uncertainDetail;
  const seconds = Math.max(0, (now - Date.parse(mood.since)) / 1000);
  return [
    w.sure(percent(mood.probabilities[mood.state] ?? mood.confidence)),
    seconds < JUST_NOW_S ? w.justNow : w.forHowLong(duration(seconds)),
  ].join(" · ");
}

function useClock(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Correction() {
  const w = words.value;
  if (told.value)
    return (
      <button type="button" class="button" onClick={() => tell(null)}>
        {w.backToCamera}
      </button>
    );
  if (!choosing.value)
    return (
      <button type="button" class="button" onClick={() => (choosing.value = true)}>
        {w.notRight}
      </button>
    );
  return (
    <MoodChoice
      onChoose={(emotion) => {
        choosing.value = false;
        if (emotion) sayMood(emotion);
      }}
    />
  );
}

/** Seven buttons; `null` where the person thinks better of it. */
export function MoodChoice({ onChoose }: { onChoose: (emotion: Emotion | null) => void }) {
  const w = words.value;
  return (
    <fieldset class="mood-choice">
      <legend>{w.howDoYouFeel}</legend>
      {EMOTIONS.map((emotion) => (
        <button key={emotion} type="button" class={`chip ${emotion}`} onClick={() => onChoose(emotion)}>
          <Glyph state={emotion} face size={24} />
          {w.emotion[emotion]}
        </button>
      ))}
      <button type="button" class="chip" onClick={() => onChoose(null)}>
        {w.cancel}
      </button>
    </fieldset>
  );
}
