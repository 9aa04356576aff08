import { type Folder, makeFolder } from "./folder.ts";
import { type Server, startServer } from "./server.ts";

/** Options of {@linkcode startSubject}. */
export interface SubjectOptions {
  /** Settings that differ from the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The data folder; by default a fresh one, which goes with the process. */
  readonly data?: Folder;
  /** Port that it listens at, by default a free one. */
  readonly port?: number;
  /** Absolute path of its script, by default `main.ts` of the sources. */
  readonly script?: string;
}

/** Starts the registry with its defaults. It writes its log, which is not read. */
export async function startSubject(
  { settings, data, port, script = "main.ts" }: SubjectOptions = {},
): Promise<Server> {
  const folder = data ?? await makeFolder();
  const env = { SKERRY_DATA: folder.path, ...settings };
  const server = await startServer({ script, env, ...(port === undefined ? {} : { port }) });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (data === undefined) await folder[Symbol.asyncDispose]();
    },
  };
}
