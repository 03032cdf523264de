// Calls about the account: who somebody is, what they agreed to, and what is kept of them.
import { bodyOf, http } from "./request";
import type { Device, DeviceWithToken, Me, Settings } from "./types";

const own = { params: { path: { user_id: "me" } } };

export function settings(): Promise<Settings> {
  return bodyOf(http.GET("/v1/settings"));
}

export function me(): Promise<Me> {
  return bodyOf(http.GET("/v1/users/{user_id}", own));
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

export function giveConsent(version: number): Promise<Me> {
  return bodyOf(http.PUT("/v1/users/{user_id}/consent", { ...own, body: { version } }));
}

export function withdrawConsent(): Promise<Me> {
  return bodyOf(http.DELETE("/v1/users/{user_id}/consent", own));
}

export function deleteAccount(): Promise<unknown> {
  return bodyOf(http.DELETE("/v1/users/{user_id}", own));
}

export async function devices(): Promise<Device[]> {
  return (await bodyOf(http.GET("/v1/users/{user_id}/devices", own))).devices;
}

export function addDevice(name: string): Promise<DeviceWithToken> {
  return bodyOf(http.POST("/v1/users/{user_id}/devices", { ...own, body: { name } }));
}

export function removeDevice(device_id: string): Promise<unknown> {
  return bodyOf(
    http.DELETE("/v1/users/{user_id}/devices/{device_id}", { params: { path: { user_id: "me", device_id } } }),
  );
}
