// What is believed of the person's taste, and what each belief was learned from.
import type { Belief } from "../api/types";
import { words } from "../words";
import { taste } from "./opinions";
import { SaidRow } from "./said";

const SHOWN = 12;
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
  const { group, value, liking, because } = belief;
  const name = (w.group[group] ?? String)(value);
  const width = `${Math.min(1, Math.abs(liking) / STRONG) * 100}%`;
  return (
    <li>
      <details>
        <summary>
          <b>{name}</b> <span class="quiet">{liking > 0 ? w.likes : w.dislikes}</span>
          <span class={liking > 0 ? "liking" : "liking less"} aria-hidden="true">
            <i style={{ width }} />
          </span>
        </summary>
        <p class="quiet">{because.length ? w.because : w.fromDeeds}</p>
        <ul>
          {because.map((entry) => (
            <SaidRow key={entry.idempotency_key} entry={entry} />
          ))}
        </ul>
      </details>
    </li>
  );
}
