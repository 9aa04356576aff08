import { fileURLToPath } from "node:url";
import { CREDENTIALS_ENV } from "../../tests/services/mod.ts";
import { type Child, startChild } from "./child.ts";

const MAIN = fileURLToPath(new URL("stores_main.ts", import.meta.url));
const LOCK = fileURLToPath(new URL("../../tests/deno.lock", import.meta.url));

/** Addresses of the stores, as their process prints them. */
interface Addresses {
  /** URL of the S3 server. */
  readonly s3: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** URL of the DynamoDB server. */
  readonly dynamoDb: string;
  /** Name of the table. */
  readonly table: string;
}

/** The running stores. */
export interface Stores extends Addresses {
  /** Process id. */
  readonly pid: number;
  /** File with what the process has written. */
  readonly logFile: string;
  /** Resolves when the process has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  /** Settings of a registry that uses them. */
  readonly env: Readonly<Record<string, string>>;
  /** Stops the process, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts an S3 server and a DynamoDB server that keep their content in a folder.
 *
 * @param stop Aborts the start.
 * @throws {Error} if they do not start.
 */
export async function startStores(
  folder: string,
  env: Record<string, string>,
  logFile: string,
  stop: AbortSignal,
): Promise<Stores> {
  const { promise: printed, resolve, reject } = Promise.withResolvers<Addresses>();
  stop.addEventListener("abort", () => reject(new Error("Stopped")));
  let text = "";
  const child: Child = await startChild(
    ["--allow-all", "--lock", LOCK, MAIN, folder],
    env,
    logFile,
    (piece) => {
      text += piece;
      const line = /^\{.*\}$/m.exec(text)?.[0];
      if (line !== undefined) resolve(JSON.parse(line));
    },
  );
  const ended = child.status.then(({ code }) => {
    throw new Error(`Cannot start the stores: exit code ${code}\n${child.lastLines()}`);
  });
  ended.catch(() => {}); // once they have started
  const addresses = await Promise.race([printed, ended]).catch(async (error) => {
    await child.stop();
    throw error;
  });
  return {
    ...addresses,
    pid: child.pid,
    logFile,
    status: child.status,
    env: {
      ...CREDENTIALS_ENV,
      SKERRY_STORAGE: "aws",
      SKERRY_S3_BUCKET: addresses.bucket,
      SKERRY_S3_PATH_STYLE: "on",
      SKERRY_DYNAMODB_TABLE: addresses.table,
      AWS_ENDPOINT_URL_S3: addresses.s3,
      AWS_ENDPOINT_URL_DYNAMODB: addresses.dynamoDb,
    },
    stop: () => child.stop(),
  };
}
