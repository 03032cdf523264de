// One pick: what it is, why it is here, and what can be done with it.
import type { FeedbackAction, Item, Link, Pick } from "../api/types";
import { canPlay, play, queue } from "../spotify/store";
import { Icon, iconOf } from "../ui/icon";
import { attempt } from "../ui/toast";
import { decimal, words } from "../words";
import { wordReasons } from "../words/reasons";
import { stepsOf } from "../words/steps";
import { said, tellAbout } from "./store";

export function Card({ pick, place }: { pick: Pick; place?: number }) {
  const { item } = pick;
  const heading = `pick-${item.id}`;
  return (
    <li class="card" data-moves>
      <article aria-labelledby={heading}>
        <header>
          <Feel item={item} place={place} />
          <div>
            <h3 id={heading}>{item.title}</h3>
            <p class="quiet by">{lineUnder(item)}</p>
          </div>
        </header>
        <Why pick={pick} />
        <Steps item={item} />
        <Actions item={item} />
      </article>
    </li>
  );
}

function Why({ pick: { why, reasons } }: { pick: Pick }) {
  return reasons?.length ? <p class="why">{wordReasons(words.value, reasons, why ?? [])}</p> : null;
}

function lineUnder(item: Item): string {
  const w = words.value;
  const parts = [
    item.creators.join(", "),
    item.year,
    item.rating && `★ ${decimal(item.rating)}`,
    item.duration_min && w.minutes(String(item.duration_min)),
    item.genres.slice(0, 2).join(", "),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** A small map of where the item lies between unpleasant and pleasant, sleepy and lively. */
function Feel({ item, place }: { item: Item; place?: number }) {
  return (
    <span class="feel">
      <svg viewBox="-24 -24 48 48" aria-hidden="true">
        <path class="axis" d="M-20 0H20M0-20V20" />
        <circle class={`spot ${quarterOf(item)}`} cx={item.valence * 17} cy={item.arousal * -17} r="5" />
      </svg>
      {place === undefined ? <Icon name={iconOf(item.kind)} /> : <b class="place">{place}</b>}
    </span>
  );
}

function quarterOf({ valence, arousal }: Item): string {
  if (arousal >= 0) return valence >= 0 ? "bright" : "tense";
  return valence >= 0 ? "mellow" : "low";
}

function Steps({ item }: { item: Item }) {
  const [steps, language] = stepsOf(item);
  if (!steps.length) return null;
  return (
    <details>
      <summary>{words.value.steps}</summary>
      <ol lang={language}>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </details>
  );
}

function Actions({ item }: { item: Item }) {
  return (
    <footer>
      <Places item={item} />
      <div class="verdict">
        <Say item={item} action="like" />
        <Say item={item} action="save" />
        <span class="spacer" />
        <Say item={item} action="not_now" />
        <Say item={item} action="dislike" />
      </div>
    </footer>
  );
}

function Places({ item }: { item: Item }) {
  const w = words.value;
  const trailer = item.links.find((link) => link.purpose === "trailer");
  const home = item.links.find((link) => link !== trailer);
  if (!home && !trailer && !item.steps.length) return null;
  return (
    <div class="actions">
      {item.kind === "music" && canPlay.value && <OnSpotify item={item} />}
      {home && <Out item={item} link={home} label={w.openAt(home.provider)} main />}
      {trailer && <Out item={item} link={trailer} label={w.trailer} />}
      {item.steps.length > 0 && <Say item={item} action="finish" />}
    </div>
  );
}

function OnSpotify({ item }: { item: Item }) {
  const w = words.value;
  const start = () => attempt(() => play(item)).then((plays) => plays && tellAbout(item, "play"));
  return (
    <>
      <button
        type="button"
        class="button main"
        aria-label={w.about(w.spotify.play, item.title)}
        onClick={() => void start()}
      >
        {w.spotify.play}
      </button>
      <button
        type="button"
        class="button"
        aria-label={w.about(w.spotify.queue, item.title)}
        onClick={() => void attempt(() => queue(item))}
      >
        {w.spotify.queue}
      </button>
    </>
  );
}

function Out({ item, link, label, main = false }: { item: Item; link: Link; label: string; main?: boolean }) {
  const w = words.value;
  return (
    <a
      class={main ? "button tinted" : "button"}
      href={link.url}
      target="_blank"
      rel="noopener noreferrer"
      aria-label={`${w.about(label, item.title)} (${w.newTab})`}
      onClick={main ? () => tellAbout(item, "play") : undefined}
    >
      <Icon name={main ? "play" : "trailer"} />
      {label}
    </a>
  );
}

const STAYS: readonly FeedbackAction[] = ["like", "save"];

function Say({ item, action }: { item: Item; action: FeedbackAction }) {
  const w = words.value;
  const pressed = said.value.get(item.id) === action;
  return (
    <button
      type="button"
      class={action === "finish" ? "button" : "button bare"}
      aria-label={w.about(w.action[action], item.title)}
      aria-pressed={STAYS.includes(action) ? pressed : undefined}
      onClick={() => pressed || tellAbout(item, action)}
    >
      {STAYS.includes(action) || action === "finish" ? <Icon name={action} filled={pressed} /> : null}
      {w.action[action]}
    </button>
  );
}
