// What to list: the kind as tabs, the goal as a switch.
import type { Goal, Kind } from "../api/types";
import { Icon, iconOf } from "../ui/icon";
import { words } from "../words";
import { goal, kind, kinds } from "./store";

const GOALS: readonly Goal[] = ["match", "lift", "calm", "focus", "journey"];

export function KindTabs({ panel }: { panel: string }) {
  const w = words.value;
  const tabs: [Kind | "all", string][] = [
    ["all", w.everything],
    ...kinds.value.map((each): [Kind, string] => [each.kind, w.kind[each.kind] ?? each.title]),
  ];
  return (
    <div class="tabs" role="tablist" aria-label={w.kindsLabel} onKeyDown={moveFocus}>
      {tabs.map(([value, name]) => (
        <button
          key={value}
          id={`tab-${value}`}
          type="button"
          role="tab"
          aria-selected={kind.value === value}
          aria-controls={panel}
          tabIndex={kind.value === value ? 0 : -1}
          onClick={() => (kind.value = value)}
        >
          <Icon name={value === "all" ? "everything" : iconOf(value)} />
          {name}
        </button>
      ))}
    </div>
  );
}

const STEPS: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };

function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }) {
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")];
  const at = tabs.indexOf(document.activeElement as HTMLElement);
  const step = STEPS[event.key];
  const to =
    event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : step && (at + step + tabs.length) % tabs.length;
  if (to === undefined) return;
  event.preventDefault();
  tabs[to]?.focus();
  tabs[to]?.click();
}

export function GoalSwitch() {
  const w = words.value;
  const current = goal.value;
  return (
    <fieldset class="goals">
      <legend>{w.goalLabel}</legend>
      <div class="goal-choices">
        <GoalChoice value={undefined} label={w.goalAuto} />
        {GOALS.map((each) => (
          <GoalChoice key={each} value={each} label={w.goal[each]} />
        ))}
      </div>
      <p class="quiet" role="status">
        {current ? w.goalDetail[current] : w.goalAutoDetail}
      </p>
    </fieldset>
  );
}

function GoalChoice({ value, label }: { value: Goal | undefined; label: string }) {
  return (
    <label class="chip">
      <input type="radio" name="goal" checked={goal.value === value} onChange={() => (goal.value = value)} />
      {label}
    </label>
  );
}
