// The first visit: what this is, what somebody agrees to, and the ways to begin.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { SignIn } from "../account/sign-in";
import type { Emotion } from "../api/types";
import { turnOn } from "../camera/camera";
import { PictureReader } from "../camera/picture";
import { EMOTIONS } from "../mood/emotions";
import { Glyph } from "../mood/glyph";
import { MoodChoice } from "../mood/headline";
import { sayMood } from "../mood/telling";
import { agree, asked, begin, putTermsAside, settings, watch } from "../session";
import { Icon } from "../ui/icon";
import { attempt } from "../ui/toast";
import { words } from "../words";

const choosing = signal(false);

export function Welcome() {
  const w = words.value.welcome;
  return (
    <div class="welcome">
      <header>
        <h1>{w.title}</h1>
        <p>{w.lead}</p>
      </header>
      <Constellation />
      <Terms />
      <section class="panel ways" aria-labelledby="otherwise">
        <h2 id="otherwise">{w.otherwise}</h2>
        <Way detail={w.byHandDetail}>
          <ByHand />
        </Way>
        <Way detail={w.uploadDetail}>
          <PictureReader />
        </Way>
        <Demo />
        <SignIn />
      </section>
    </div>
  );
}

function Terms() {
  const w = words.value;
  return (
    <section class="panel terms" aria-labelledby="terms">
      <h2 id="terms">{w.welcome.agreeTitle}</h2>
      <ul>
        {settings.value?.consent.statements.map(({ code, text }) => (
          <li key={code}>
            <Icon name="finish" />
            {w.consent[code] ?? text}
          </li>
        ))}
      </ul>
      <button type="button" class="button main large" onClick={() => void attempt(agreeAndWatch)}>
        <Icon name="camera" /> {w.welcome.agree}
      </button>
      {asked.value && (
        <button type="button" class="button large" onClick={putTermsAside}>
          {w.welcome.decline}
        </button>
      )}
    </section>
  );
}

async function agreeAndWatch() {
  await agree();
  await turnOn();
}

function Way({ detail, children }: { detail: string; children: ComponentChildren }) {
  return (
    <div class="way">
      {children}
      <p class="quiet">{detail}</p>
    </div>
  );
}

function ByHand() {
  if (choosing.value) {
    return (
      <MoodChoice
        onChoose={(emotion) => {
          choosing.value = false;
          if (emotion) void attempt(() => beginWith(emotion));
        }}
      />
    );
  }
  return (
    <button type="button" class="button" onClick={() => (choosing.value = true)}>
      <Icon name="hand" /> {words.value.welcome.byHand}
    </button>
  );
}

async function beginWith(emotion: Emotion) {
  await begin();
  putTermsAside();
  sayMood(emotion);
}

function Demo() {
  const w = words.value.welcome;
  const demo = settings.value?.demo_user;
  if (!demo) return null;
  return (
    <Way detail={w.demoDetail}>
      <button type="button" class="button" onClick={() => watch(demo)}>
        <Icon name="trailer" /> {w.demo}
      </button>
    </Way>
  );
}

// In per cent of the width and height, so that none covers another.
const PLACES: Record<Emotion, readonly [number, number]> = {
  angry: [12, 26],
  fear: [36, 20],
  disgust: [24, 72],
  sad: [48, 76],
  neutral: [58, 38],
  surprise: [76, 74],
  happy: [86, 28],
};

function Constellation() {
  return (
    <div class="constellation" aria-hidden="true">
      {EMOTIONS.map((emotion) => {
        const [left, top] = PLACES[emotion];
        return (
          <span key={emotion} style={{ left: `${left}%`, top: `${top}%` }}>
            <Glyph state={emotion} face size={64} />
          </span>
        );
      })}
    </div>
  );
}
