import { assert, assertEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, verify } from "node:crypto";
import { ClientUrls } from "./client_urls.ts";
import { CloudFrontSigner } from "./cloudfront_signer.ts";
import { makeStore } from "./testing/mod.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEY = {
  keyPairId: "K2JCJMDEHXQW5F",
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
};

/** Asserts that CloudFront would accept the URL for the resource until `end`, in seconds since the epoch. */
function assertAccepted(url: string, resource: string, end: number): void {
  const [address, query = ""] = url.split("?");
  assertEquals(address, resource);
  const [, expires, signature, keyPairId] =
    /^Expires=(\d+)&Signature=([A-Za-z0-9_~-]+)&Key-Pair-Id=(\w+)$/.exec(query) ?? [];
  assertEquals([Number(expires), keyPairId], [end, KEY.keyPairId]);
  const policy =
    `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${end}}}}]}`;
  const base64 = signature!.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/");
  assert(verify("sha1", Buffer.from(policy), publicKey, Buffer.from(base64, "base64")));
}

Deno.test("CloudFrontSigner readUrl() signs a canned policy", async () => {
  const signer = new CloudFrontSigner("https://d1.cloudfront.net/", KEY);
  const { url, credentialsEnd } = await signer.readUrl("blobs/a", 3600, new Date(1_800_000_000_000));
  assertAccepted(url, "https://d1.cloudfront.net/blobs/a", 1_800_003_600);
  assertEquals(credentialsEnd, Infinity);
});

Deno.test("CloudFrontSigner repeats the URL of a window in every process", async () => {
  const urlAt = (now: number) => {
    const signer = new CloudFrontSigner("https://d1.cloudfront.net", KEY);
    return new ClientUrls(signer, { lifetime: 3_600_000, now: () => now }).of("a");
  };
  assertEquals(await urlAt(1_800_000_000_000), await urlAt(1_800_000_000_000 + 899_999));
});

Deno.test("CloudFrontSigner refuses other keys, and shows none", () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const other = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  for (const key of [other, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----", ""]) {
    const make = () => new CloudFrontSigner("https://d1.cloudfront.net", { ...KEY, privateKey: key });
    const error = assertThrows(make, Error, "the key is not an RSA private key in PEM");
    assert(!Deno.inspect(error).includes("secret"));
  }
});

Deno.test("S3ObjectStore url() is the one of CloudFront when it has a key, with the prefix", async () => {
  const publicEndpoint = "https://d1.cloudfront.net";
  await using made = await makeStore({ prefix: "some/folder/", publicEndpoint, cloudFrontKey: KEY });
  const url = await made.store.url("a");
  assert(url);
  const end = Number(new URL(url).searchParams.get("Expires"));
  assertAccepted(url, "https://d1.cloudfront.net/some/folder/a", end);
});
