// For whoever runs this: what works, and what the workers found.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clusters as fetchClusters, readiness } from "../api/client";
import type { Clusters, Readiness } from "../api/types";
import { ClusterMap } from "../operator/cluster-map";
import { attempt } from "../ui/toast";
import { moment, words } from "../words";

const REFRESH_MS = 5_000;

const ready = signal<Readiness | null>(null);
const clusters = signal<Clusters | null>(null);

export function OperatorPage() {
  useEffect(() => {
    void attempt(load);
    const timer = setInterval(() => void load().catch(() => {}), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="operator">
      <h1>{words.value.nav.operator}</h1>
      <Dependencies />
      <SongClusters />
    </div>
  );
}

async function load() {
  [ready.value, clusters.value] = await Promise.all([readiness(), fetchClusters()]);
}

function Dependencies() {
  const w = words.value.operator;
  return (
    <section class="panel" aria-labelledby="dependencies">
      <h2 id="dependencies">{w.dependencies}</h2>
      <ul class="states">
        {Object.entries(ready.value?.dependencies ?? {}).map(([name, { state, detail }]) => (
          <li key={name} class={state}>
            <b>{name}</b> {w.state[state]}
            {detail && <span class="quiet">{detail}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function SongClusters() {
  const w = words.value.operator;
  const found = clusters.value;
  return (
    <section class="panel" aria-labelledby="clusters">
      <h2 id="clusters">{w.clusters}</h2>
      <p class="quiet">{found?.computed_at ? w.computed(moment(new Date(found.computed_at))) : w.notComputed}</p>
      {found && <ClusterMap clusters={found.clusters} />}
    </section>
  );
}
