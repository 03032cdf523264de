// Calls about the account: who somebody is, what they agreed to, and what is kept of them.
import { ask } from "./request";

export interface Me {
  user_id: string;
  kind: "guest" | "member" | "operator" | "local";
  name: string | null;
  consent: { version: number; given_at: string } | null;
  created_at: string | null;
}

export interface Statement {
  code: string;
  text: string;
}

export interface Settings {
  consent: { version: number; statements: Statement[] };
  demo_user: string | null;
  open: boolean;
}

export interface Device {
  id: string;
  name: string;
  created_at: string;
  expires_at: string;
}

export const settings = () => ask<Settings>("GET", "/v1/settings");
export const me = () => ask<Me>("GET", "/v1/users/me");
export const beginAsGuest = () => ask<Me>("POST", "/v1/guests", {});
export const signIn = (name: string, password: string) => ask<Me>("POST", "/v1/session", { name, password });
export const signOut = () => ask<void>("DELETE", "/v1/session");
export const signUp = (name: string, password: string) => ask<Me>("PUT", "/v1/users/me/login", { name, password });
export const giveConsent = (version: number) => ask<Me>("PUT", "/v1/users/me/consent", { version });
export const withdrawConsent = () => ask<Me>("DELETE", "/v1/users/me/consent");
export const exportData = () => ask<unknown>("GET", "/v1/users/me/export");
export const deleteAccount = () => ask<void>("DELETE", "/v1/users/me");
export const devices = () => ask<{ devices: Device[] }>("GET", "/v1/users/me/devices");
export const addDevice = (name: string) =>
  ask<{ device: Device; token: string }>("POST", "/v1/users/me/devices", { name });
export const removeDevice = (id: string) => ask<void>("DELETE", `/v1/users/me/devices/${encodeURIComponent(id)}`);
