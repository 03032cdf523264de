// Every call of the gateway, typed by its OpenAPI description. Nothing else in the page knows an address.
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { Clusters, FeedbackAction, Goal, Kind, KindView, MoodState, Problem, Recommendations } from "./types";

export const TIMEOUT_MS = 10_000;

const http = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(TIMEOUT_MS)]) }),
});

/** The gateway refused; `code` is stable, and the words are its own. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly advice: string;

  constructor(problem: Omit<Problem, "type" | "title" | "fields">) {
    super(problem.detail);
    this.status = problem.status;
    this.code = problem.code;
    this.advice = problem.advice;
  }

  /** Whether the same call may succeed later. */
  get passing(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

/** The gateway could not be reached, or took too long. */
export class UnreachableError extends Error {
  readonly passing = true;
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; raises `ProblemError` or `UnreachableError`. */
async function told<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const answer = await call.catch((error: unknown) => {
    throw new UnreachableError(String(error));
  });
  if (answer.response.ok) return answer.data as Data;
  const problem = answer.error as Partial<Problem> | undefined;
  throw new ProblemError({
    status: answer.response.status,
    code: problem?.code ?? "unknown",
    detail: problem?.detail ?? answer.response.statusText,
    advice: problem?.advice ?? "",
  });
}

export interface Wish {
  kind: Kind | "all";
  count: number;
  goal?: Goal;
  mood?: MoodState;
  exclude?: string[];
  page_token?: string;
}

export function kinds(): Promise<KindView[]> {
  return told(http.GET("/v1/kinds"));
}

export function clusters(): Promise<Clusters> {
  return told(http.GET("/v1/clusters"));
}

export function recommendations(user_id: string, query: Wish): Promise<Recommendations> {
  return told(http.GET("/v1/users/{user_id}/recommendations", { params: { path: { user_id }, query } }));
}

export interface Feedback {
  item_id: string;
  action: FeedbackAction;
  key: string;
}

/** Say what a person did with an item. Repeating the key changes nothing, so that a failed call may be made again. */
export async function giveFeedback(user_id: string, { key, ...body }: Feedback): Promise<void> {
  const params = { path: { user_id }, header: { "Idempotency-Key": key } };
  // A page that is being closed may still say what was done on it.
  await told(http.POST("/v1/users/{user_id}/feedback", { params, body, keepalive: true }));
}
