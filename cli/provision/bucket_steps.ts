import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
  type PublicAccessBlockConfiguration,
  PutBucketLifecycleConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { Outcome, Step } from "./step.ts";

/** Bucket that the steps configure, and its client. */
export interface BucketStepOptions {
  /** Client of S3. */
  client: S3Client;
  /** Name of the bucket. */
  bucket: string;
  /** Prefix of all keys. */
  prefix: string;
  /** AWS region in which the bucket is created. */
  region: string;
  /** True for AWS S3 itself, false for a compatible store. */
  atAws: boolean;
}

/** Days after which incomplete parts are removed: longer than an upload may take. */
const ABORT_AFTER_DAYS = 7;

/** Id of our lifecycle rule. */
const RULE_ID = "skerry-abort-incomplete-uploads";

/** Settings that close a bucket to the public: public policies are rejected, and public ACLs are ignored. */
const BLOCKS = ["IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"] as const;

/** Steps: the bucket, closed to the public, and a lifecycle rule for incomplete parts that the sweep does not find. */
export function bucketSteps(options: BucketStepOptions): Step[] {
  const name = `bucket "${options.bucket}"`;
  return [
    { what: name, ensure: (dryRun) => ensureBucket(options, dryRun) },
    {
      what: `${name}: public access blocked`,
      optional: true,
      ensure: (dryRun) => ensurePrivate(options, dryRun),
    },
    {
      what: `${name}: incomplete uploads aborted after ${ABORT_AFTER_DAYS} days`,
      optional: true,
      ensure: (dryRun) => ensureLifecycle(options, dryRun),
    },
    { what: `${name}: no rule that expires objects`, optional: true, ensure: () => verifyNoExpiry(options) },
  ];
}

async function ensureBucket(
  { client, bucket, region }: BucketStepOptions,
  dryRun: boolean,
): Promise<Outcome> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
    return { state: "there" };
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 403) {
      return { state: "wrong", reason: "It belongs to another account, or access is denied" };
    }
    if (status === 301) return { state: "wrong", reason: `It is not in the region "${region}"` };
    if (status !== 404) throw error;
  }
  if (!dryRun) {
    // The oldest region is the one that must not be named.
    const place = region === "us-east-1" ? {} : {
      CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
    };
    await client.send(new CreateBucketCommand({ Bucket: bucket, ...place }));
  }
  return { state: "changed" };
}

/**
 * At AWS public ACLs are rejected as well. Elsewhere it is enough that they are ignored: Ceph before summer 2025
 * accepts no object at all if it should reject them (ceph/ceph#64290).
 */
async function ensurePrivate(
  { client, bucket, atAws }: BucketStepOptions,
  dryRun: boolean,
): Promise<Outcome> {
  const wanted = atAws ? [...BLOCKS, "BlockPublicAcls" as const] : BLOCKS;
  const found = await client.send(new GetPublicAccessBlockCommand({ Bucket: bucket }))
    .catch(unless("NoSuchPublicAccessBlockConfiguration", dryRun));
  const blocks: PublicAccessBlockConfiguration = found?.PublicAccessBlockConfiguration ?? {};
  if (wanted.every((name) => blocks[name])) return { state: "there" };
  if (!dryRun) {
    const all = { ...blocks, ...Object.fromEntries(wanted.map((name) => [name, true])) };
    const block = { Bucket: bucket, PublicAccessBlockConfiguration: all };
    await client.send(new PutPublicAccessBlockCommand(block));
  }
  return { state: "changed" };
}

async function ensureLifecycle(options: BucketStepOptions, dryRun: boolean): Promise<Outcome> {
  const { client, bucket, prefix } = options;
  const { rules, ...rest } = await lifecycleOf(options, dryRun);
  const covers = (rule: LifecycleRule) =>
    rule.Status === "Enabled" && rule.AbortIncompleteMultipartUpload !== undefined && isFor(rule, prefix);
  if (rules.some(covers)) return { state: "there" };
  if (!dryRun) {
    // The request replaces all rules, so it contains the existing ones. S3 rejects a mix of `Prefix` and `Filter`.
    const old = rules.some(({ Filter }) => Filter === undefined);
    const rule: LifecycleRule = {
      ID: RULE_ID,
      Status: "Enabled",
      ...(old ? { Prefix: prefix } : { Filter: { Prefix: prefix } }),
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: ABORT_AFTER_DAYS },
    };
    const LifecycleConfiguration = { Rules: [...rules.filter(({ ID }) => ID !== RULE_ID), rule] };
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration, ...rest }),
    );
  }
  return { state: "changed" };
}

/** A rule that deletes objects deletes blobs that are in use. */
async function verifyNoExpiry(options: BucketStepOptions): Promise<Outcome> {
  const { rules } = await lifecycleOf(options, true);
  const bad = rules.filter((rule) =>
    rule.Status === "Enabled" && (rule.Expiration?.Days ?? rule.Expiration?.Date) !== undefined &&
    (isFor(rule, options.prefix) || prefixOf(rule)?.startsWith(options.prefix))
  );
  if (bad.length === 0) return { state: "there" };
  const names = bad.map(({ ID }) => `"${ID ?? "unnamed"}"`).join(", ");
  return { state: "wrong", reason: `Content would be deleted by the lifecycle rule ${names}` };
}

async function lifecycleOf({ client, bucket }: BucketStepOptions, dryRun: boolean) {
  const found = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }))
    .catch(unless("NoSuchLifecycleConfiguration", dryRun));
  const { TransitionDefaultMinimumObjectSize: size } = found ?? {};
  return {
    rules: found?.Rules ?? [],
    ...(size !== undefined && { TransitionDefaultMinimumObjectSize: size }),
  };
}

/** True if the rule covers every key with this prefix. A rule with further conditions covers only some of them. */
function isFor(rule: LifecycleRule, prefix: string): boolean {
  const covered = prefixOf(rule);
  return covered !== undefined && prefix.startsWith(covered);
}

function prefixOf({ Filter, Prefix }: LifecycleRule): string | undefined {
  if (Filter === undefined) return Prefix ?? "";
  const conditions = Object.entries(Filter).filter(([, condition]) => condition !== undefined);
  return conditions.every(([name]) => name === "Prefix") ? Filter.Prefix ?? "" : undefined;
}

/** Turns a "not found" answer into `undefined`, and a missing bucket too in a dry run. */
function unless(none: string, dryRun: boolean): (error: unknown) => undefined {
  return (error) => {
    const { name } = error as Error;
    if (name === none || (dryRun && name === "NoSuchBucket")) return undefined;
    throw error;
  };
}
