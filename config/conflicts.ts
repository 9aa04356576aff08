import type { Config } from "./configuration.ts";
import { skewOf } from "../registry/start.ts";

/** Contradictions between settings that are valid on their own. */
export function conflictsOf(config: Config): { key: keyof Config; reason: string }[] {
  const missing = (["s3Bucket", "dynamodbTable", "awsRegion"] as const)
    .filter((key) => config.storage === "aws" && config[key] === "")
    .map((key) => ({ key, reason: 'Must be set where "storage" is "aws"' }));
  const long = (["deadline", "cacheAge"] as const)
    .filter((key) => config[key] * 4 > config.grace)
    .map((key) => ({ key, reason: 'Must be at most a quarter of "grace"' }));
  // The expiry must outlast a request and the difference between clocks, with half of it left: see
  // registry/protocol/heal.ts.
  const least = [
    { time: config.deadline, reason: 'Must be at least four times "deadline"' },
    { time: skewOf(config), reason: 'Must be at least 20m, or half of "grace" where that is less' },
  ];
  const brief = least
    .filter(({ time }) => time * 4 > config.uploadExpiry)
    .map(({ reason }) => ({ key: "uploadExpiry" as const, reason }));
  const alone = config.storage === "memory" && config.workers > 1
    ? [{
      key: "workers" as const,
      reason: 'Must be 1 where "storage" is "memory": processes cannot share it',
    }]
    : [];
  return [...missing, ...long, ...brief, ...alone, ...redirectConflicts(config), ...purgeConflicts(config)];
}

/** A key without all that it is for. */
function redirectConflicts({ redirectEndpoint, redirectKey, redirectKeyPairId }: Config) {
  const isComplete = redirectEndpoint.startsWith("https:") && redirectKey !== "" && redirectKeyPairId !== "";
  return redirectKey + redirectKeyPairId === "" || isComplete ? [] : [{
    key: "redirectKeyPairId" as const,
    reason: 'Must be set together with "redirectKey" and a "redirectEndpoint" with "https:"',
  }];
}

/** An API token that is missing, or that is given twice. */
function purgeConflicts({ public: face, purgeToken, purgeTokenFile }: Config) {
  const { purge = {} } = face ?? {};
  const needsToken = "fastly" in purge || "cloudflare" in purge;
  if (purgeToken !== "" && purgeTokenFile !== "") {
    return [{ key: "purgeTokenFile" as const, reason: 'Cannot be combined with "purgeToken"' }];
  }
  return needsToken && purgeToken + purgeTokenFile === ""
    ? [{
      key: "purgeToken" as const,
      reason: 'Must be set, or "purgeTokenFile", for the purges of "public.purge"',
    }]
    : [];
}
