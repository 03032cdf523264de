// Calls about the person's own Spotify.
import { bodyOf, http } from "./request";
import type { Item, SpotifyState } from "./types";

const own = { params: { path: { user_id: "me" } } };

const songOf = ({ title, creators, external_ids }: Item) => ({
  title: title.slice(0, 300),
  creators: (creators ?? []).slice(0, 20),
  spotify_id: external_ids?.spotify ?? null,
});

export function state(): Promise<SpotifyState> {
  return bodyOf(http.GET("/v1/users/{user_id}/spotify", own));
}

/** Where the browser goes to agree. */
export async function connect(): Promise<string> {
  return (await bodyOf(http.POST("/v1/users/{user_id}/spotify", own))).authorize_url;
}

export async function disconnect(): Promise<void> {
  await bodyOf(http.DELETE("/v1/users/{user_id}/spotify", own));
}

export async function play(item: Item): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/play", { ...own, body: songOf(item) }));
}

export async function queue(item: Item): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/queue", { ...own, body: songOf(item) }));
}

export async function pause(): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/pause", own));
}

export async function skip(): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/next", own));
}
