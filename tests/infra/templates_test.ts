import { assert, assertEquals } from "@std/assert";
import { tableDefinition, TTL_ATTRIBUTE } from "../../storage/table/dynamodb/mod.ts";
import { readStack } from "./templates.ts";

const HOME = {
  BucketName: "example-registry",
  Prefix: "images/",
  TableName: "example-table",
  DenoOrganization: "example",
  DenoApp: "registry",
};
const WITH_REPLICA = { ...HOME, ReplicaRegion: "us-west-2" };

interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: string;
}

/** The statements of docs/iam-policy.json for these resources. */
async function documentedStatements(region: string, bucket: string): Promise<Statement[]> {
  const policy = await Deno.readTextFile(new URL("../../docs/iam-policy.json", import.meta.url));
  const values: Record<string, string> = {
    BUCKET: bucket,
    PREFIX: HOME.Prefix,
    REGION: region,
    ACCOUNT: "123456789012",
    TABLE: HOME.TableName,
  };
  return JSON.parse(policy.replace(/\b(BUCKET|PREFIX|REGION|ACCOUNT|TABLE)\b/g, (name) => values[name]!))
    .Statement;
}

Deno.test("registry.yaml grants the role exactly the permissions of docs/iam-policy.json", async () => {
  const { RolePolicy, ReplicaPolicy } = await readStack("registry.yaml", HOME);
  assertEquals(
    RolePolicy?.Properties.PolicyDocument.Statement,
    await documentedStatements("eu-central-1", "example-registry"),
  );
  assertEquals(ReplicaPolicy, undefined);
});

Deno.test("registry.yaml grants the role only the reads of that policy in the replica region", async () => {
  const { RolePolicy, ReplicaPolicy } = await readStack("registry.yaml", WITH_REPLICA);
  assertEquals(
    RolePolicy?.Properties.PolicyDocument.Statement,
    await documentedStatements("eu-central-1", "example-registry"),
  );
  const granted: Statement[] = ReplicaPolicy?.Properties.PolicyDocument.Statement;
  const documented = await documentedStatements("us-west-2", "example-registry-replica");
  assertEquals(granted.map(({ Resource }) => Resource), documented.map(({ Resource }) => Resource));
  // docs/aws.md, "IAM policy".
  const reads = [
    "s3:GetObject",
    "s3:ListBucket",
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
  ];
  for (const [index, { Action }] of granted.entries()) {
    const allowed = [documented[index]!.Action].flat().filter((action) => reads.includes(action));
    assertEquals([Action].flat(), allowed);
  }
});

Deno.test("registry.yaml grants the role purges of the named distribution alone", async () => {
  assertEquals((await readStack("registry.yaml", HOME)).PurgePolicy, undefined);
  const { PurgePolicy } = await readStack("registry.yaml", { ...HOME, DistributionId: "E1EXAMPLE" });
  const [statement, ...others]: Statement[] = PurgePolicy?.Properties.PolicyDocument.Statement;
  assertEquals(others, []);
  assertEquals([statement?.Action, statement?.Resource], [
    "cloudfront:CreateInvalidation",
    "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE",
  ]);
});

Deno.test("registry.yaml trusts only the production context of the app", async () => {
  const { Role, IdentityProvider } = await readStack("registry.yaml", HOME);
  assertEquals(IdentityProvider?.Properties, {
    Url: "https://oidc.deno.com",
    ClientIdList: ["sts.amazonaws.com"],
  });
  const trust = {
    Effect: "Allow",
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        "oidc.deno.com:aud": "sts.amazonaws.com",
        "oidc.deno.com:sub": "deployment:example/registry/production",
      },
    },
  };
  assertEquals(Role?.Properties.AssumeRolePolicyDocument.Statement, [
    { ...trust, Principal: { Federated: "IdentityProvider" } },
  ]);
  const other = await readStack("registry.yaml", { ...HOME, CreateIdentityProvider: "no" });
  assertEquals(other.IdentityProvider, undefined);
  assertEquals(other.Role?.Properties.AssumeRolePolicyDocument.Statement, [
    { ...trust, Principal: { Federated: "arn:aws:iam::123456789012:oidc-provider/oidc.deno.com" } },
  ]);
});

Deno.test("registry.yaml creates the table that the driver requires", async () => {
  for (
    const [parameters, regions] of [[HOME, ["eu-central-1"]], [WITH_REPLICA, [
      "eu-central-1",
      "us-west-2",
    ]]] as const
  ) {
    const { Replicas, StreamSpecification, TimeToLiveSpecification, ...table } =
      (await readStack("registry.yaml", parameters)).Table!.Properties;
    assertEquals(table, tableDefinition("example-table"));
    assertEquals(TimeToLiveSpecification, { AttributeName: TTL_ATTRIBUTE, Enabled: true });
    assertEquals(Replicas.map(({ Region }: { Region: string }) => Region), regions);
    for (const { PointInTimeRecoverySpecification } of Replicas) {
      assertEquals(PointInTimeRecoverySpecification, { PointInTimeRecoveryEnabled: true });
    }
    // DynamoDB replicates by the stream.
    assertEquals(StreamSpecification !== undefined, regions.length > 1);
  }
});

Deno.test("the buckets are private, survive their stack, and expire no current object", async () => {
  const stacks = await Promise.all([
    readStack("registry.yaml", HOME),
    readStack("registry.yaml", WITH_REPLICA),
    readStack("replica.yaml", { BucketName: HOME.BucketName }),
  ]);
  for (const { Bucket, BucketPolicy } of stacks) {
    const { PublicAccessBlockConfiguration: block, LifecycleConfiguration: lifecycle } = Bucket!.Properties;
    assertEquals(Object.values(block), [true, true, true, true]);
    assertEquals((Bucket as { DeletionPolicy?: string }).DeletionPolicy, "Retain");
    assertEquals(BucketPolicy?.Properties.PolicyDocument.Statement[0].Effect, "Deny");
    for (const rule of lifecycle.Rules) {
      for (const key of Object.keys(rule)) assert(!/^(Expiration|Transition)/.test(key), key);
    }
  }
});

Deno.test("the home bucket aborts incomplete uploads, and has versions only for replication", async () => {
  const home = (await readStack("registry.yaml", HOME)).Bucket!.Properties;
  assertEquals(home.LifecycleConfiguration.Rules, [{
    Id: "skerry-abort-incomplete-uploads",
    Status: "Enabled",
    Prefix: "images/",
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  }]);
  assertEquals([home.VersioningConfiguration, home.ReplicationConfiguration], [undefined, undefined]);

  const replicated = (await readStack("registry.yaml", WITH_REPLICA)).Bucket!.Properties;
  const replica = (await readStack("replica.yaml", { BucketName: HOME.BucketName })).Bucket!.Properties;
  assertEquals(replicated.VersioningConfiguration, { Status: "Enabled" });
  assertEquals(replica.VersioningConfiguration, { Status: "Enabled" });
  const [rule] = replicated.ReplicationConfiguration.Rules;
  assertEquals(rule.Destination.Bucket, `arn:aws:s3:::${replica.BucketName}`);
  assertEquals(rule.Filter, { Prefix: "images/" });
});

Deno.test("cdn.yaml keeps an answer only as long as the registry says, and never an error", async () => {
  const { CachePolicy, Distribution } = await readStack("cdn.yaml", {
    HostName: "pull.example.com",
    OriginHostName: "origin.example.com",
    CertificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/x",
  });
  const { MinTTL, DefaultTTL, ParametersInCacheKeyAndForwardedToOrigin: key } =
    CachePolicy!.Properties.CachePolicyConfig;
  assertEquals([MinTTL, DefaultTTL], [0, 0]);
  // CloudFront removes a header that is not in the key: no client sends credentials to this host.
  assertEquals(key.HeadersConfig, { HeaderBehavior: "none" });
  assertEquals([key.EnableAcceptEncodingGzip, key.EnableAcceptEncodingBrotli], [false, false]);
  const { DefaultCacheBehavior, CacheBehaviors, CacheTagConfig, CustomErrorResponses } =
    Distribution!.Properties.DistributionConfig;
  assertEquals(CacheTagConfig, { HeaderName: "Cache-Tag" });
  assertEquals(CacheBehaviors, undefined);
  assertEquals(DefaultCacheBehavior.AllowedMethods, ["GET", "HEAD"]);
  assertEquals(DefaultCacheBehavior.Compress, false);
  assertEquals(DefaultCacheBehavior.ViewerProtocolPolicy, "https-only");
  // The statuses whose caching CloudFront lets a distribution change.
  const statuses = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];
  assertEquals(CustomErrorResponses, statuses.map((ErrorCode) => ({ ErrorCode, ErrorCachingMinTTL: 0 })));
});
