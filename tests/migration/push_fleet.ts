import { digest } from "../harness/stores.ts";
import type { Fleet } from "./fleet.ts";

/** Pushes a fleet to a registry, one request after another. */
export async function pushFleet(base: string, fleet: Fleet): Promise<void> {
  for (const [name, { blobs, manifests }] of fleet) {
    for (const blob of blobs) await pushBlob(`${base}/v2/${name}`, blob);
    for (const { bytes, mediaType, tags } of manifests) {
      for (const reference of tags.length === 0 ? [digest(bytes)] : tags) {
        await request(`${base}/v2/${name}/manifests/${reference}`, {
          method: "PUT",
          headers: { "content-type": mediaType },
          body: bytes,
        });
      }
    }
  }
}

async function pushBlob(repository: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const begun = await request(`${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(begun.headers.get("location")!, repository);
  location.searchParams.set("digest", digest(bytes));
  const headers = { "content-type": "application/octet-stream" };
  await request(location.href, { method: "PUT", headers, body: bytes });
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (response.ok) return response;
  throw new Error(`${init.method} ${url} was answered ${response.status}: ${text}`);
}
