// What is believed of the person's taste, and what each belief was learned from.
import { useState } from "preact/hooks";
import type { Belief, TasteWord } from "../api/types";
import { attempt } from "../ui/toast";
import { words } from "../words";
import { ask, taste } from "./opinions";
import { SaidRow } from "./said";

const SHOWN = 12;
const WORDS: readonly TasteWord[] = ["less", "more"];
/** Beliefs are rarely stronger; such a bar is full. */
const STRONG = 0.5;

export function TasteView() {
  const w = words.value.taste;
  const believed = taste.value;
  if (!believed?.beliefs.length) return null;
  return (
    <section class="panel taste" aria-labelledby="taste">
      <h2 id="taste">{w.title}</h2>
      <p class="quiet">{w.detail(believed.learned_from)}</p>
      <ul>
        {believed.beliefs.slice(0, SHOWN).map((belief) => (
          <BeliefRow key={`${belief.group} ${belief.value}`} belief={belief} />
        ))}
      </ul>
    </section>
  );
}

function BeliefRow({ belief }: { belief: Belief }) {
  const w = words.value.taste;
  const [isOpen, open] = useState(false);
  const { group, value, liking, because, word } = belief;
  const name = (w.group[group] ?? String)(value);
  return (
    <li>
      <button type="button" class="belief" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        <b>{name}</b>
        <Liking liking={liking} />
        <span class="quiet">{word ? w.said : liking > 0 ? w.likes : w.dislikes}</span>
      </button>
      <Asking belief={belief} name={name} />
      {isOpen && (
        <div class="because">
          {because.length > 0 && <p class="quiet">{w.because}</p>}
          {!because.length && <p class="quiet">{word ? w.fromWord : w.fromDeeds}</p>}
          <ul>
            {because.map((entry) => (
              <SaidRow key={entry.idempotency_key} entry={entry} />
            ))}
          </ul>
        </div>
      )}
    </li>
  );
}

function Liking({ liking }: { liking: number }) {
  const width = `${Math.min(1, Math.abs(liking) / STRONG) * 100}%`;
  return (
    <span class={liking > 0 ? "liking" : "liking less"} aria-hidden="true">
      <i style={{ width }} />
    </span>
  );
}

function Asking({ belief, name }: { belief: Belief; name: string }) {
  const w = words.value;
  return (
    <div class="asking">
      {WORDS.map((word) => (
        <button
          key={word}
          type="button"
          class="button"
          aria-label={w.about(w.taste.word[word], name)}
          aria-pressed={belief.word === word}
          onClick={() => void attempt(() => ask(belief, word))}
        >
          {w.taste.word[word]}
        </button>
      ))}
    </div>
  );
}
