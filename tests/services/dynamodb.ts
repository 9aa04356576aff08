import { dirname } from "node:path";
import { freePort } from "../harness/ports.ts";
import { tool } from "../tools/tool.ts";
import { answers, ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";

/** Options of {@linkcode startDynamoDb}. */
export interface DynamoDbOptions {
  /** The folder of the tables, which stays; without one they are in memory and end with the process. */
  readonly folder?: string;
  /** The TCP port, for a service that comes back where it was. By default a free one. */
  readonly port?: number;
}

/** A running DynamoDB. */
export interface DynamoDb extends ServiceProcess {
  /** `http://host:port`, without a slash at the end. */
  readonly endpoint: string;
}

/**
 * Starts DynamoDB Local, Amazon's own program in Java. It takes any key, and knows neither throttling nor reads that lag
 * behind. It has no option to listen on the loopback interface alone.
 *
 * @throws {Error} When it does not come up.
 */
export async function startDynamoDb(options: DynamoDbOptions = {}): Promise<DynamoDb> {
  const [java, jar] = [await tool("java"), await tool("dynamodb_local")];
  const port = options.port ?? freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await using stack = new AsyncDisposableStack();
  const process = stack.use(
    await startProcess("DynamoDB Local", {
      program: java,
      args: [
        "-Xmx512m",
        `-Djava.library.path=${dirname(jar)}/DynamoDBLocal_lib`,
        "-jar",
        jar,
        ...(options.folder === undefined ? ["-inMemory"] : ["-dbPath", options.folder]),
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        `${port}`,
      ],
      cwd: await ownFolder(stack, "dynamodb"),
      ready: () => answers(endpoint),
    }),
  );
  const kept = stack.move();
  return { ...process, endpoint, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
