/**
 * Verifies the public Sigstore bundle and a changed copy of it, for tests/deploy/verify_chain_test.ts. Prints one word
 * for each.
 *
 * @module
 */
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "../sigstore/trusted_root.ts";

const read = async (name: string) => await Deno.readTextFile(new URL(`${name}.json`, import.meta.url));

const root = new TrustedRoot(await read("public_root"));
const text = await read("public_bundle");
const changed = JSON.parse(text);
const { payload } = changed.dsseEnvelope;
changed.dsseEnvelope.payload = btoa(atob(payload).replace("sigstore", "sigstorf"));
if (changed.dsseEnvelope.payload === payload) throw new Error("Nothing was changed");

for (const bundle of [JSON.parse(text), changed]) {
  try {
    root.verify(bundleFromJSON(bundle));
    console.log("good");
  } catch {
    console.log("bad");
  }
}
