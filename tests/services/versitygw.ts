import { freePort } from "../harness/ports.ts";
import { tool } from "../tools/tool.ts";
import { CREDENTIALS, REGION } from "../harness/credentials.ts";
import { answers, ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";

/** Options of {@linkcode startVersityGw}. */
export interface VersityGwOptions {
  /** Folder of the buckets, which stays after the process. By default a new one that is removed with the process. */
  readonly folder?: string;
  /** TCP port, for a restart at the same port. By default a free one. */
  readonly port?: number;
}

/** A running S3 server. */
export interface S3Service extends ServiceProcess {
  /** `http://host:port`, without a slash at the end; buckets are in the path. */
  readonly endpoint: string;
}

/**
 * Starts Versity S3 Gateway over a folder. The file system of the folder must support extended attributes.
 *
 * @throws {Error} if it does not start.
 */
export async function startVersityGw(options: VersityGwOptions = {}): Promise<S3Service> {
  const program = await tool("versitygw");
  const port = options.port ?? freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  await using stack = new AsyncDisposableStack();
  const folder = options.folder ?? await ownFolder(stack, "versitygw");
  const process = stack.use(
    await startProcess("versitygw", {
      program,
      args: [
        ...["--access", CREDENTIALS.accessKeyId, "--secret", CREDENTIALS.secretAccessKey, "--region", REGION],
        ...["--port", `127.0.0.1:${port}`, "--keep-alive", "--quiet"],
        ...["posix", folder],
      ],
      ready: () => answers(endpoint),
    }),
  );
  const kept = stack.move();
  return { ...process, endpoint, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
