// Now: the mood as it is, and the best picks for it.
import { Link } from "wouter-preact";
import { Preview } from "../camera/preview";
import { Bars } from "../mood/bars";
import { Headline } from "../mood/headline";
import { Plane } from "../mood/plane";
import { seen, trail } from "../mood/store";
import { Card } from "../picks/card";
import { Failed, Skeletons } from "../picks/list-view";
import { list } from "../picks/store";
import { words } from "../words";

const PREVIEW = 6;

export function Now() {
  const w = words.value;
  return (
    <div class="now">
      <div class="column">
        <Headline />
        <section class="panel" aria-labelledby="plane-title">
          <h2 id="plane-title">{w.planeTitle}</h2>
          <Plane mood={seen.value} trail={trail.value} />
        </section>
      </div>
      <div class="column">
        <Preview />
        <section class="panel" aria-labelledby="bars-title">
          <h2 id="bars-title">{w.barsTitle}</h2>
          <Bars probabilities={seen.value?.probabilities ?? {}} top={seen.value?.state} />
        </section>
      </div>
      <section class="best" aria-labelledby="best-title">
        <h2 id="best-title">{w.bestNow}</h2>
        <Link href="/for-you">{w.seeAll}</Link>
        {list.problem.value !== null && <Failed />}
        {list.picks.value === null ? (
          list.problem.value === null && <Skeletons />
        ) : (
          <ol class="cards">
            {list.picks.value.slice(0, PREVIEW).map((pick) => (
              <Card key={pick.item.id} pick={pick} />
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}
