// Calls for whoever runs this.
import { newKey } from "./key";
import { bodyOf, http } from "./request";
import type { ImportOrder, Status, Task, TaskWorker } from "./types";

const fresh = () => ({ params: { header: { "Idempotency-Key": newKey() } } });

export function status(): Promise<Status> {
  return bodyOf(http.GET("/v1/operator/status"));
}

export function tasks(): Promise<Task[]> {
  return bodyOf(http.GET("/v1/operator/tasks", { params: { query: { count: 20 } } }));
}

export function workers(): Promise<TaskWorker[]> {
  return bodyOf(http.GET("/v1/operator/workers"));
}

export async function recompute(): Promise<void> {
  await bodyOf(http.POST("/v1/operator/clusters", fresh()));
}

export async function importFile(body: ImportOrder): Promise<void> {
  await bodyOf(http.POST("/v1/operator/imports", { ...fresh(), body }));
}
