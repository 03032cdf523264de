// Calls about the account: who somebody is, what they agreed to, and what is kept of them.
import { bodyOf, http } from "./request";
import type { Device, DeviceWithToken, Me, Settings } from "./types";

// Each names whose it is. Another person may have signed in on another page of this browser: the gateway refuses then,
// while "me" would be them.
const of = (user_id: string) => ({ params: { path: { user_id } } });

export function settings(): Promise<Settings> {
  return bodyOf(http.GET("/v1/settings"));
}

export function me(): Promise<Me> {
  return bodyOf(http.GET("/v1/users/{user_id}", of("me")));
}

export function beginAsGuest(): Promise<Me> {
  return bodyOf(http.POST("/v1/guests"));
}

export function signIn(name: string, password: string): Promise<Me> {
  return bodyOf(http.POST("/v1/session", { body: { name, password } }));
}

export function signOut(): Promise<unknown> {
  return bodyOf(http.DELETE("/v1/session"));
}

export function signUp(name: string, password: string): Promise<Me> {
  return bodyOf(http.PUT("/v1/users/me/login", { body: { name, password } }));
}

export function giveConsent(user_id: string, version: number): Promise<Me> {
  return bodyOf(http.PUT("/v1/users/{user_id}/consent", { ...of(user_id), body: { version } }));
}

export function withdrawConsent(user_id: string): Promise<Me> {
  return bodyOf(http.DELETE("/v1/users/{user_id}/consent", of(user_id)));
}

export function deleteAccount(user_id: string): Promise<unknown> {
  return bodyOf(http.DELETE("/v1/users/{user_id}", of(user_id)));
}

export async function devices(user_id: string): Promise<Device[]> {
  return (await bodyOf(http.GET("/v1/users/{user_id}/devices", of(user_id)))).devices;
}

export function addDevice(user_id: string, name: string): Promise<DeviceWithToken> {
  return bodyOf(http.POST("/v1/users/{user_id}/devices", { ...of(user_id), body: { name } }));
}

export function removeDevice(user_id: string, device_id: string): Promise<unknown> {
  return bodyOf(http.DELETE("/v1/users/{user_id}/devices/{device_id}", { params: { path: { user_id, device_id } } }));
}
