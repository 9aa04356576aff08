import { dirname } from "node:path";
import { startProcess } from "../../services/service_process.ts";
import { tool } from "../../tools/tool.ts";
import type { ApiServer } from "./api_server.ts";

/** Starts the controllers and the scheduler of Kubernetes, which create pods and assign them to nodes. */
export async function startControllers(server: ApiServer): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  for (const name of ["kube-controller-manager", "kube-scheduler"] as const) {
    const process = await startProcess(name, {
      program: await tool(name),
      args: [
        ...[`--kubeconfig=${server.kubeconfig}`, "--leader-elect=false", "--secure-port=0"],
        // By default one of the machine's folders, which is created.
        ...name === "kube-controller-manager"
          ? [`--flex-volume-plugin-dir=${dirname(server.kubeconfig)}/plugins`]
          : [],
      ],
      ready: () => true, // they serve nothing: the test waits for their work
    });
    stack.use(process);
  }
  return stack.move();
}
