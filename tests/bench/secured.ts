import { freePort } from "../harness/ports.ts";
import { authSetting, type AuthText } from "../harness/secured.ts";
import { type Folder, makeFolder } from "./folder.ts";
import { load } from "./load/mod.ts";
import type { Server } from "./server.ts";
import { startSubject } from "./subject.ts";

/** The repository that {@linkcode makeImageFolder} fills. */
export const REPOSITORY = "bench/image";

/** A data folder with an image in it. */
export interface ImageFolder extends AsyncDisposable {
  readonly folder: Folder;
  /** The path of its manifest. */
  readonly path: string;
}

/** Makes one, by a registry that is open to all. */
export async function makeImageFolder(): Promise<ImageFolder> {
  const folder = await makeFolder();
  await using subject = await startSubject({ data: folder });
  const { manifests } = await load("populate", { port: subject.port, repository: REPOSITORY, count: 1 });
  return {
    folder,
    path: `/v2/${REPOSITORY}/manifests/${manifests[0]}`,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Starts a registry on that folder that knows who asks. */
export async function startSecuredSubject(data: Folder, auth: AuthText): Promise<Server> {
  const port = freePort();
  return await startSubject({ data, port, settings: await authSetting(port, auth) });
}

/** The path that a token to pull the image comes from. */
export function tokenPathOf({ port }: Server): string {
  return `/token?service=127.0.0.1:${port}&scope=repository:${REPOSITORY}:pull`;
}

/** The value of `Authorization` that a token makes which the registry gives for a name and a password. */
export async function bearerFor(server: Server, authorization: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${server.port}${tokenPathOf(server)}`, {
    headers: { Authorization: authorization },
  });
  if (!response.ok) throw new Error(`Cannot get a token: ${response.status} ${await response.text()}`);
  return `Bearer ${(await response.json()).token}`;
}
