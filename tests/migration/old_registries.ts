import { freePort } from "../harness/ports.ts";
import { CREDENTIALS, REGION } from "../harness/credentials.ts";
import { answers, ownFolder, startProcess } from "../services/service_process.ts";
import { tool, type ToolName } from "../tools/tool.ts";

/** Storage of a registry of another program. */
export type OldStorage = { folder: string } | { endpoint: string; bucket: string };

/** Folder below the bucket's root that the registries use. */
export const ROOT_DIRECTORY = "old/registry";

/** Another program's registry with deduplication. Disposing of it stops the process; the storage stays. */
export interface OldRegistry extends AsyncDisposable {
  /** `http://host:port`. */
  readonly url: string;
}

/** Starts zot. */
export async function startZot(storage: OldStorage): Promise<OldRegistry> {
  return await start("zot", (port, folder) => ({
    distSpecVersion: "1.0.1-dev",
    storage: {
      rootDirectory: "folder" in storage ? storage.folder : folder,
      dedupe: true,
      gc: false,
      ...("folder" in storage ? {} : {
        remoteCache: false,
        storageDriver: { name: "s3", ...s3Settings(storage), skipverify: false },
      }),
    },
    http: { address: "127.0.0.1", port: `${port}` },
    log: { level: "error" },
  }));
}

/** Starts a release of CNCF distribution: Debian's package (version 2), or one that is built (version 3). */
export async function startDistribution(
  storage: OldStorage,
  program: "docker-registry" | "distribution",
): Promise<OldRegistry> {
  return await start(program, (port) => ({
    version: 0.1,
    log: { level: "error" },
    storage: {
      ...("folder" in storage
        ? { filesystem: { rootdirectory: storage.folder } }
        : { s3: { ...s3Settings(storage), forcepathstyle: true } }),
      cache: { blobdescriptor: "inmemory" },
      delete: { enabled: true },
      redirect: { disable: true },
    },
    http: { addr: `127.0.0.1:${port}` },
  }));
}

async function start(
  name: ToolName,
  configure: (port: number, folder: string) => unknown,
): Promise<OldRegistry> {
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, name);
  const port = freePort();
  const file = `${folder}/configuration.json`; // JSON is YAML, which distribution reads
  await Deno.writeTextFile(file, JSON.stringify(configure(port, folder)));
  const url = `http://127.0.0.1:${port}`;
  stack.use(
    await startProcess(name, {
      program: await tool(name),
      args: ["serve", file],
      ready: () => answers(`${url}/v2/`),
    }),
  );
  const kept = stack.move();
  return { url, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function s3Settings({ bucket, endpoint }: { endpoint: string; bucket: string }) {
  return {
    rootdirectory: `/${ROOT_DIRECTORY}`,
    bucket,
    region: REGION,
    regionendpoint: endpoint,
    accesskey: CREDENTIALS.accessKeyId,
    secretkey: CREDENTIALS.secretAccessKey,
    secure: false,
  };
}
