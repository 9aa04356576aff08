import { freePort } from "../harness/ports.ts";
import { tool } from "../tools/tool.ts";
import { answers, ownFolder, type ServiceProcess, startProcess } from "./service_process.ts";

/** A running Varnish. */
export interface Varnish extends ServiceProcess {
  readonly port: number;
  /** Removes everything with this cache tag. */
  ban(tag: string): Promise<void>;
}

/**
 * Starts Varnish with `varnish.vcl` before the registry on this port of the loopback interface.
 *
 * @param host Public host of the registry, without port.
 * @param port Port to listen on; a free one by default.
 * @throws {Error} When it does not come up.
 */
export async function startVarnish(registryPort: number, host: string, port = freePort()): Promise<Varnish> {
  const program = await tool("varnishd");
  const url = `http://127.0.0.1:${port}`;
  await using stack = new AsyncDisposableStack();
  const folder = await ownFolder(stack, "varnish");
  const vcl = await Deno.readTextFile(new URL("varnish.vcl", import.meta.url));
  const path = `${folder}/edge.vcl`;
  await Deno.writeTextFile(
    path,
    vcl.replace('.port = "8000"', `.port = "${registryPort}"`).replace("pull.example.com", host),
  );
  const process = stack.use(
    await startProcess("Varnish", {
      program,
      // "-F": in the foreground; "-j none": as the user of the test, to whom the folder belongs.
      args: ["-F", "-j", "none", "-a", `127.0.0.1:${port}`, "-f", path, "-n", folder, "-s", "malloc,64m"],
      ready: () => answers(`${url}/`),
    }),
  );
  const kept = stack.move();
  return {
    ...process,
    port,
    async ban(tag) {
      const response = await fetch(url, { method: "BAN", headers: { "X-Cache-Tag": tag } });
      await response.body?.cancel();
      if (response.status !== 204) throw new Error(`Varnish answers ${response.status} to the ban`);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
