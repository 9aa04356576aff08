// Prints the credentials that a process finds in its environment: by the sources here, or by the AWS SDK.
import { credentialsFor } from "../credential_sources.ts";
import { sdkCredentials } from "../sdk_credentials.ts";

const source = Deno.args[0] === "sdk" ? sdkCredentials("us-east-1") : credentialsFor("us-east-1");
const { accessKeyId, secretAccessKey, sessionToken, expiration } = await source();
console.log(JSON.stringify({ accessKeyId, secretAccessKey, sessionToken, expiration }));
