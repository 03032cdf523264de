// For whoever runs this: what works, and what the workers found.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { clusters as fetchClusters, readiness } from "../api/client";
import * as operator from "../api/operator";
import type { Clusters, Readiness, Status, Task, TaskWorker } from "../api/types";
import { ClusterMap } from "../operator/cluster-map";
import { Import } from "../operator/import";
import { Streams } from "../operator/streams";
import { Recompute, Tasks } from "../operator/tasks";
import { me, personal } from "../session";
import { attempt } from "../ui/toast";
import { moment, words } from "../words";

const REFRESH_MS = 5_000;

const ready = signal<Readiness | null>(null);
const clusters = signal<Clusters | null>(null);
const status = personal<Status | null>(null);
const tasks = personal<Task[]>([]);
const workers = personal<TaskWorker[]>([]);

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
      {status.value && <Streams status={status.value} />}
      {status.value && <Tasks tasks={tasks.value} workers={workers.value} queues={status.value.queues} />}
      {status.value && <Import after={loadTasks} />}
      <SongClusters />
    </div>
  );
}

async function load() {
  [ready.value, clusters.value] = await Promise.all([readiness(), fetchClusters()]);
  if (me.peek()?.kind !== "operator") return;
  status.value = await operator.status();
  await loadTasks();
  workers.value = await operator.workers();
}

async function loadTasks() {
  tasks.value = await operator.tasks();
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
      {status.value && <Recompute after={loadTasks} />}
      {found && <ClusterMap clusters={found.clusters} />}
      {found?.computed_at && (
        <img class="cluster-picture" src={`/v1/clusters/music/picture?version=${found.version}`} alt={w.picture} />
      )}
    </section>
  );
}
