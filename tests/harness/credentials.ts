/**
 * The key that every store of a test takes, and no other one in the world. All take the same: test files that run in
 * parallel share the environment of one process.
 */
export const CREDENTIALS = {
  // DynamoDB Local takes no more than letters and digits.
  accessKeyId: "skerrytest",
  secretAccessKey: "skerry-test-secret",
} as const;

/** The region that the stores of these tests say they are in. */
export const REGION = "us-east-1";

/** Environment of a process that may use the stores of these tests. */
export const CREDENTIALS_ENV: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_REGION: REGION,
};
