import type { Config } from "./configuration.ts";

/** True if only this machine can reach the address. */
export function isLocal(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Warnings about a valid configuration, one sentence each, for the log. */
export function risksOf(config: Config): string[] {
  const { storage, host, auth, readOnly, s3Bucket, dynamodbTable, deliveryRules } = config;
  const risks = [];
  if (storage !== "aws" && [config, ...deliveryRules].some(({ delivery }) => delivery !== "proxy")) {
    risks.push(
      `Blobs are not redirected, because SKERRY_STORAGE is "${storage}": the registry sends their bytes itself`,
    );
  }
  if (storage !== "aws" && s3Bucket + dynamodbTable !== "") {
    risks.push(`The bucket and the table are not used: SKERRY_STORAGE is "${storage}"`);
  }
  if (storage === "memory") risks.push("Content is stored only in memory and is lost when this process ends");
  if (!isLocal(host) && !readOnly && auth === undefined) {
    risks.push(`Authentication is off: anyone who can reach ${host} can push and delete (docs/access.md)`);
  }
  if (config.tlsCert !== "" && auth?.url.startsWith("http:")) {
    risks.push('The port accepts HTTPS only, but clients are sent to "auth.url", which begins with "http:"');
  }
  return risks;
}
