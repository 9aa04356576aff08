import type { Config, ReadReplica } from "./configuration.ts";
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
  return [
    ...missing,
    ...long,
    ...brief,
    ...alone,
    ...tlsConflicts(config),
    ...redirectConflicts(config),
    ...purgeConflicts(config),
    ...replicaConflicts(config),
  ];
}

/** Replicas that cannot be read, and settings that need others. */
function replicaConflicts(config: Config): { key: keyof Config; reason: string }[] {
  const { storage, readReplicas, tableReads, replicationTime } = config;
  const lacks = (key: "bucket" | "table") => !readReplicas.some((replica) => replica[key] !== undefined);
  return [
    ...(readReplicas.length > 0 && storage !== "aws"
      ? [{ key: "readReplicas" as const, reason: 'Requires "storage" to be "aws"' }]
      : []),
    ...(tableReads === "near" && lacks("table")
      ? [{
        key: "tableReads" as const,
        reason: 'Must be "home" unless a replica in "readReplicas" has a "table"',
      }]
      : []),
    ...(replicationTime > 0 && lacks("bucket")
      ? [{
        key: "replicationTime" as const,
        reason: 'Must be 0 unless a replica in "readReplicas" has a "bucket"',
      }]
      : []),
    ...readReplicas.flatMap((replica, index) => {
      const reason = misplaced(replica, config);
      return reason === undefined
        ? []
        : [{ key: "readReplicas" as const, reason: `Replica ${index}: ${reason}` }];
    }),
  ];
}

/** Reason why the stores of a replica are not those that the operator means; `undefined` if none is known. */
function misplaced(replica: ReadReplica, config: Config): string | undefined {
  const { awsRegion, awsEndpoint, s3Bucket, dynamodbTable } = config;
  const s3Endpoint = config.s3Endpoint || awsEndpoint;
  const dynamodbEndpoint = config.dynamodbEndpoint || awsEndpoint;
  const isThere = (endpoint: string, other: string) => endpoint === other && replica.region === awsRegion;
  if (replica.bucket !== undefined) {
    if (s3Endpoint !== "" && replica.s3Endpoint === undefined) {
      return 'Requires "s3Endpoint", as the home bucket has';
    }
    if (replica.bucket === s3Bucket && isThere(replica.s3Endpoint ?? "", s3Endpoint)) {
      return "Is the home bucket";
    }
  }
  if (replica.table !== undefined) {
    if (dynamodbEndpoint !== "" && replica.dynamodbEndpoint === undefined) {
      return 'Requires "dynamodbEndpoint", as the home table has';
    }
    if (replica.table === dynamodbTable && isThere(replica.dynamodbEndpoint ?? "", dynamodbEndpoint)) {
      return "Is the home table";
    }
  }
  return undefined;
}

/** A certificate without its key, or the other way round. */
function tlsConflicts({ tlsCert, tlsKey }: Config) {
  const isWhole = (tlsCert === "") === (tlsKey === "");
  return isWhole ? [] : [{ key: "tlsKey" as const, reason: 'Must be set together with "tlsCert"' }];
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
