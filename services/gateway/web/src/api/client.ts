// Calls about moods and picks.
import { bodyOf, http, within } from "./request";
import type {
  Clusters,
  Emotion,
  FeedbackAction,
  Goal,
  Kind,
  KindView,
  MoodNote,
  MoodState,
  PictureReading,
  Readiness,
  Recommendations,
  SaidPage,
  Taste,
  TasteCorrection,
} from "./types";

export interface Wish {
  kind: Kind | "all";
  count: number;
  goal?: Goal;
  mood?: MoodState;
  exclude?: string[];
  page_token?: string;
}

export function kinds(): Promise<KindView[]> {
  return bodyOf(http.GET("/v1/kinds"));
}

export function clusters(): Promise<Clusters> {
  return bodyOf(http.GET("/v1/clusters"));
}

/** What the gateway depends on, whether it is ready or not. */
export async function readiness(): Promise<Readiness> {
  const { data, error } = await http.GET("/health/ready");
  return (data ?? error) as Readiness;
}

export function recommendations(user_id: string, query: Wish): Promise<Recommendations> {
  return bodyOf(http.GET("/v1/users/{user_id}/recommendations", { params: { path: { user_id }, query } }));
}

/** Say which mood a person is in; it counts before what is detected for half an hour. */
export async function correctMood(user_id: string, mood: Emotion): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/mood/correction", { params: { path: { user_id } }, body: { mood } }));
}

/** The gateway waits 20 s for a picture, and 10 s for its reading. */
const PICTURE_TIMEOUT_MS = 40_000;

/** Every face in a picture; needs consent, and nothing is kept. */
export function readPicture(picture: File): Promise<PictureReading> {
  const form = new FormData();
  form.append("image", picture);
  const body = { image: "" };
  return bodyOf(http.POST("/v1/images", { body, bodySerializer: () => form, fetch: within(PICTURE_TIMEOUT_MS) }));
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
  await bodyOf(http.POST("/v1/users/{user_id}/feedback", { params, body, keepalive: true }));
}

/** What a person last said of items, the newest first. */
export function feedback(user_id: string, page_token = ""): Promise<SaidPage> {
  const params = { path: { user_id }, query: { count: 50, page_token } };
  return bodyOf(http.GET("/v1/users/{user_id}/feedback", { params }));
}

export async function undoFeedback(user_id: string, idempotency_key: string): Promise<void> {
  const params = { path: { user_id, idempotency_key } };
  await bodyOf(http.DELETE("/v1/users/{user_id}/feedback/{idempotency_key}", { params }));
}

export function taste(user_id: string): Promise<Taste> {
  return bodyOf(http.GET("/v1/users/{user_id}/taste", { params: { path: { user_id } } }));
}

/** What is believed once a person has said this of something. */
export function correctTaste(user_id: string, body: TasteCorrection): Promise<Taste> {
  return bodyOf(http.PUT("/v1/users/{user_id}/taste/word", { params: { path: { user_id } }, body }));
}

/** The last mood of each minute of a week in which somebody was seen, the oldest first. */
export function moods(user_id: string): Promise<MoodNote[]> {
  return bodyOf(http.GET("/v1/users/{user_id}/moods", { params: { path: { user_id } } }));
}

export async function forgetMoods(user_id: string): Promise<void> {
  await bodyOf(http.DELETE("/v1/users/{user_id}/moods", { params: { path: { user_id } } }));
}
