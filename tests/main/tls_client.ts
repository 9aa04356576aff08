import { AUTHORITY } from "../../cli/doctor/testing/certificates.ts";

/** True if a registry with the certificate of tests answers at this URL, whose scheme is another one. */
export async function untilOpenAt(url: string): Promise<boolean> {
  using client = Deno.createHttpClient({ caCerts: [AUTHORITY] });
  try {
    const target = `https://localhost:${new URL(url).port}/livez`;
    const response = await fetch(target, { client, signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // no process listens yet
  }
}
