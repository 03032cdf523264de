// The list on the page: skeletons, cards, what waits, what went wrong.
import { useEffect } from "preact/hooks";
import { words } from "../words";
import { Card } from "./card";
import { goal, kind, list } from "./store";

const SKELETONS = [0, 1, 2, 3, 4, 5];

export function PickListView() {
  const w = words.value;
  const picks = list.picks.value;
  const numbered = goal.value === "journey" && kind.value !== "all";
  // A list that goes from under a pointer is not told that it left.
  useEffect(() => letGo, []);
  return (
    <>
      <Waiting />
      {list.problem.value !== null && <Failed />}
      {picks === null && list.problem.value === null && <Skeletons />}
      {list.empty.value && <p class="quiet">{w.nothing}</p>}
      <div {...holders}>
        <ol class="cards">
          {picks?.map((pick, index) => (
            <Card key={pick.item.id} pick={pick} place={numbered ? index + 1 : undefined} />
          ))}
        </ol>
        {list.next.value && (
          <button type="button" class="button more" onClick={() => void list.more()} disabled={list.loading.value}>
            {w.more}
          </button>
        )}
      </div>
    </>
  );
}

// A list must not move under a pointer or a finger, or away from the keyboard's focus.
const TOUCHED_MS = 8_000;
/** A pointer that leaves is on its way to something else; what it is about to click must not move either. */
const LEAVING_MS = 600;
let pointer = false;
let focus = false;
let release: ReturnType<typeof setTimeout> | undefined;

const hold = () => list.hold(pointer || focus);

function left() {
  pointer = false;
  hold();
}

function letGo() {
  clearTimeout(release);
  focus = false;
  left();
}

const holders = {
  onPointerEnter: () => {
    clearTimeout(release);
    pointer = true;
    hold();
  },
  onPointerLeave: ({ pointerType }: PointerEvent) => {
    // A finger leaves with every tap; whoever tapped is still reading.
    release = setTimeout(left, pointerType === "touch" ? TOUCHED_MS : LEAVING_MS);
  },
  onFocusIn: () => {
    focus = true;
    hold();
  },
  onFocusOut: ({ currentTarget, relatedTarget }: FocusEvent) => {
    // On its way from card to card, the focus is still in the list.
    focus = currentTarget instanceof Node && currentTarget.contains(relatedTarget as Node | null);
    hold();
  },
};

function Waiting() {
  const w = words.value;
  return (
    <div class="waiting" role="status">
      {list.waiting.value && (
        <p>
          {w.newPicks}
          <button type="button" class="button main" onClick={() => list.showWaiting()}>
            {w.showThem}
          </button>
        </p>
      )}
    </div>
  );
}

export function Failed() {
  const w = words.value;
  return (
    <p class="notice" role="alert">
      {w.picksFailed}
      <button type="button" class="button" onClick={() => void list.refresh()}>
        {w.tryAgain}
      </button>
    </p>
  );
}

export function Skeletons() {
  return (
    <div class="cards" aria-busy="true" role="status">
      <span class="unseen">{words.value.loading}</span>
      {SKELETONS.map((each) => (
        <div key={each} class="card skeleton" aria-hidden="true">
          <i class="square" />
          <i class="short" />
          <i />
        </div>
      ))}
    </div>
  );
}
