// A file on its way to the import folder. XMLHttpRequest tells how far it has got; fetch does not.
import { problemFrom, UnreachableError } from "./request";
import type { UploadedFile } from "./types";

const TIMEOUT_MS = 3_600_000;

/**
 * Send a file; resolves once it lies there whole.
 *
 * @param tell is told the share that was sent, 0..1.
 * @throws `ProblemError`, `UnreachableError`, or the reason of `signal`.
 */
export function uploadFile(file: File, tell: (share: number) => void, signal: AbortSignal): Promise<UploadedFile> {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("PUT", `/v1/operator/files/${encodeURIComponent(file.name)}`);
    call.responseType = "json";
    call.timeout = TIMEOUT_MS;
    call.upload.onprogress = ({ loaded, total }) => tell(total ? loaded / total : 1);
    call.onload = () =>
      call.status < 400 ? resolve(call.response as UploadedFile) : reject(problemFrom(call, call.response));
    call.onerror = call.ontimeout = () => reject(new UnreachableError("the file did not get there"));
    call.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => call.abort());
    call.send(file);
  });
}
