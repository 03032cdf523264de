// One request, its deadline, and what can go wrong with it.
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { Problem } from "./types";

export const TIMEOUT_MS = 10_000;

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

/** `fetch` with a deadline. */
export function within(timeout_ms: number): (request: Request) => Promise<Response> {
  return (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeout_ms)]) });
}

/** Every path of the gateway, typed by its OpenAPI description. */
export const http = createClient<paths>({ baseUrl: location.origin, fetch: within(TIMEOUT_MS) });

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; raises `ProblemError` or `UnreachableError`. */
export async function bodyOf<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const answer = await call.catch((error: unknown) => {
    throw new UnreachableError(String(error));
  });
  if (answer.response.ok) return answer.data as Data;
  throw problemFrom(answer.response, answer.error);
}

/** What a refusal says, whatever its body is. */
export function problemFrom(answer: { status: number; statusText: string }, body: unknown): ProblemError {
  const problem = body as Partial<Problem> | null | undefined;
  return new ProblemError({
    status: answer.status,
    code: problem?.code ?? "unknown",
    detail: problem?.detail ?? answer.statusText,
    advice: problem?.advice ?? "",
  });
}
