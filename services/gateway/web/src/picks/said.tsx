// What the person liked, saved, and does not want to see.
import { Icon, iconOf } from "../ui/icon";
import { words } from "../words";
import { memoryOf, type Remembered } from "./remembered";

const SHOWN = ["save", "like", "dislike"] as const;

export function Said() {
  const w = words.value;
  const all = memoryOf.value;
  return (
    <section class="panel said" aria-labelledby="said">
      <h2 id="said">{w.saidTitle}</h2>
      {!all.length && <p class="quiet">{w.saidNothing}</p>}
      {SHOWN.map((action) => (
        <Group key={action} title={w.saidGroup[action]} entries={all.filter((entry) => entry.action === action)} />
      ))}
    </section>
  );
}

function Group({ title, entries }: { title: string; entries: readonly Remembered[] }) {
  if (!entries.length) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {entries.map(({ id, kind, title: name, by }) => (
          <li key={id}>
            <Icon name={iconOf(kind)} /> {name} <span class="quiet">{by}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
