// Names for the shapes of the interface that the page uses; the shapes themselves are generated from OpenAPI.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Emotion = Schemas["Emotion"];
export type MoodState = Schemas["MoodState"];
export type Mood = Schemas["MoodView"];
export type UserMood = Schemas["UserMood"];
export type Item = Schemas["Item"];
export type Pick = Schemas["Pick"];
export type Reason = Schemas["Reason"];
export type Goal = Schemas["Goal"];
export type Kind = Schemas["Kind"];
export type KindView = Schemas["KindView"];
export type FeedbackAction = Schemas["FeedbackAction"];
export type Recommendations = Schemas["Recommendations"];
export type LiveRecommendations = Schemas["LiveRecommendations"];
export type Notice = Schemas["Notice"];
export type Cluster = Schemas["Cluster"];
export type Clusters = Schemas["ClusterReport"];
export type Problem = Schemas["Problem"];
export type Readiness = Omit<Schemas["Readiness"], "status">;
export type Me = Schemas["Me"];
export type Settings = Schemas["PublicSettings"];
export type Device = Schemas["Device"];
export type DeviceWithToken = Schemas["DeviceWithToken"];
export type PictureReading = Schemas["PictureReading"];
export type Face = Schemas["FaceView"];
export type SaidOfItem = Schemas["SaidView"];
export type SaidPage = Schemas["SaidPage"];
export type Taste = Schemas["TasteView"];
export type Belief = Schemas["BeliefView"];
export type Status = Schemas["Status"];
export type SpotifyState = Schemas["SpotifyState"];
export type MoodNote = Schemas["MoodNoteView"];
export type Task = Schemas["TaskView"];
export type TaskWorker = Schemas["WorkerView"];
export type ImportOrder = Schemas["ImportRequest"];
