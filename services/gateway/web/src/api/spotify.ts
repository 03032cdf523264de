// Calls about the person's own Spotify.
import { bodyOf, http } from "./request";
import type { Item, SpotifyState } from "./types";

const of = (user_id: string) => ({ params: { path: { user_id } } });

const songOf = ({ title, creators, external_ids }: Item) => ({
  title: title.slice(0, 300),
  creators: (creators ?? []).slice(0, 20),
  spotify_id: external_ids?.spotify ?? null,
});

export function state(user_id: string): Promise<SpotifyState> {
  return bodyOf(http.GET("/v1/users/{user_id}/spotify", of(user_id)));
}

/** Where the browser goes to agree. */
export async function connect(user_id: string): Promise<string> {
  return (await bodyOf(http.POST("/v1/users/{user_id}/spotify", of(user_id)))).authorize_url;
}

export async function disconnect(user_id: string): Promise<void> {
  await bodyOf(http.DELETE("/v1/users/{user_id}/spotify", of(user_id)));
}

export async function play(user_id: string, item: Item): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/play", { ...of(user_id), body: songOf(item) }));
}

export async function queue(user_id: string, item: Item): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/queue", { ...of(user_id), body: songOf(item) }));
}

export async function pause(user_id: string): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/pause", of(user_id)));
}

export async function skip(user_id: string): Promise<void> {
  await bodyOf(http.POST("/v1/users/{user_id}/spotify/next", of(user_id)));
}
