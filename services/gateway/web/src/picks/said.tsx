// What the person liked, saved, and does not want to see.
import { useEffect } from "preact/hooks";
import type { FeedbackAction, SaidOfItem } from "../api/types";
import { Icon, iconOf } from "../ui/icon";
import { attempt } from "../ui/toast";
import { words } from "../words";
import { loadMore, loadOpinions, more, opinions, takeBack } from "./opinions";
import { said } from "./store";

const SHOWN = ["save", "like", "dislike", "rate"] as const satisfies FeedbackAction[];

export function Said() {
  const w = words.value;
  const all = opinions.value;
  // What was said a moment ago can still be undone here.
  useEffect(() => void attempt(loadOpinions), [said.value]);
  return (
    <section class="panel said" aria-labelledby="said">
      <h2 id="said">{w.saidTitle}</h2>
      {all?.length === 0 && <p class="quiet">{w.saidNothing}</p>}
      {SHOWN.map((action) => (
        <Group key={action} title={w.saidGroup[action]} entries={all?.filter((each) => each.action === action) ?? []} />
      ))}
      {more.value && (
        <button type="button" class="button" onClick={() => void attempt(loadMore)}>
          {w.more}
        </button>
      )}
    </section>
  );
}

function Group({ title, entries }: { title: string; entries: readonly SaidOfItem[] }) {
  if (!entries.length) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {entries.map((entry) => (
          <SaidRow key={entry.idempotency_key} entry={entry} />
        ))}
      </ul>
    </>
  );
}

export function SaidRow({ entry }: { entry: SaidOfItem }) {
  const w = words.value;
  const { kind, title, creators } = entry.item;
  return (
    <li>
      <Icon name={iconOf(kind)} />
      <span>
        {title} <span class="quiet">{creators?.join(", ")}</span>
      </span>
      <button
        type="button"
        class="button bare"
        aria-label={w.about(w.takeBack, title)}
        onClick={() => void attempt(() => takeBack(entry))}
      >
        {w.takeBack}
      </button>
    </li>
  );
}
