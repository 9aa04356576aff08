import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** System calls that change files, make changes durable, or send an answer. */
const CALLS = "openat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,ftruncate,fsync,fdatasync," +
  "write,writev,pwrite64,pwritev,sendto,sendmsg";

/**
 * Runs a registry on the data folder, records every relevant system call from its start on, uses it, ends it, and
 * returns the record. `more` are further options of strace, for example to delay calls.
 *
 * @throws {Error} if the system forbids to trace a process, with the message of strace.
 */
export async function withTracedRegistry(
  strace: string,
  data: string,
  use: (url: string) => Promise<void>,
  more: string[] = [],
): Promise<string> {
  const record = await Deno.makeTempFile({ prefix: "skerry-trace-" });
  // "-y" tells the paths behind descriptors, "-s" how much of what is written; paths are always whole.
  const options = ["-f", "-y", "-s", "32", "-o", record, "-e", `trace=${CALLS}`, ...more];
  const child = new Deno.Command(strace, {
    args: [...options, Deno.execPath(), "run", "--allow-all", MAIN],
    env: { HOST: "127.0.0.1", PORT: "0", SKERRY_DATA: data, SKERRY_LOG: "json" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [url, errors] = [Promise.withResolvers<string>(), new Response(child.stderr).text()];
  const drained = (async () => {
    let log = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      log += text;
      const listening = /"url":"([^"]+)"/.exec(log)?.[1];
      if (listening !== undefined) url.resolve(listening);
    }
    url.reject(new Error(`Cannot trace the registry:\n${log}${await errors}`));
  })();
  try {
    await use(await url.promise);
  } finally {
    await endTraced(record);
    await child.status;
    await Promise.all([drained, errors]);
  }
  const trace = await Deno.readTextFile(record);
  await Deno.remove(record);
  return trace;
}

/** Stops the process that the record is of: its first line is of its first thread. */
async function endTraced(record: string): Promise<void> {
  const pid = Number.parseInt(await Deno.readTextFile(record));
  if (Number.isNaN(pid)) return; // nothing was traced
  try {
    Deno.kill(pid, "SIGINT");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
  }
}
