// For you: every pick of a kind, towards a goal.
import { GoalSwitch, KindTabs } from "../picks/choices";
import { PickListView } from "../picks/list-view";
import { kind } from "../picks/store";
import { words } from "../words";

export function ForYou() {
  return (
    <div class="for-you">
      <h1>{words.value.nav.forYou}</h1>
      <GoalSwitch />
      <KindTabs panel="picks" />
      <section id="picks" role="tabpanel" aria-labelledby={`tab-${kind.value}`}>
        <PickListView />
      </section>
    </div>
  );
}
