import { homedir } from "node:os";

/**
 * Variables of AWS that change endpoints or the source of credentials in ways that only the AWS SDK knows:
 * https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html.
 */
const RARE_VARIABLES = [
  "AWS_ACCOUNT_ID_ENDPOINT_MODE",
  "AWS_CONFIG_FILE",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_PROFILE",
  "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_STS_REGIONAL_ENDPOINTS",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_USE_FIPS_ENDPOINT",
];

/** Regions of the partition `aws`, as the AWS SDK has them. Other partitions have other domains. */
const REGION = /^(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/;

/** Reads an environment variable. */
export type Environment = (name: string) => string | undefined;

/** The environment of the process. An empty variable counts as unset, as in the AWS SDK. */
export const processEnvironment: Environment = (name) => Deno.env.get(name) || undefined;

/**
 * True if AWS's rules for endpoints and credentials are the plain ones: no rare variable is set and there are no files
 * in `~/.aws`. Otherwise the AWS SDK decides.
 */
export async function isPlain(env = processEnvironment): Promise<boolean> {
  if (RARE_VARIABLES.some((name) => env(name) !== undefined)) return false;
  const folder = `${env("HOME") ?? homedir()}/.aws`;
  const absent = await Promise.all([`${folder}/config`, `${folder}/credentials`].map(isAbsent));
  return absent.every(Boolean);
}

/** False also for a file that cannot be looked for: the AWS SDK reports the reason. */
async function isAbsent(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/** URL of a service in an ordinary region; `undefined` if the AWS SDK must decide. */
export function regionalUrl(service: string, region: string): URL | undefined {
  return REGION.test(region) ? new URL(`https://${service}.${region}.amazonaws.com`) : undefined;
}
