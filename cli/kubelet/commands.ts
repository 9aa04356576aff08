import type { Command } from "../command.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands for nodes of Kubernetes. */
export const KUBELET_COMMANDS: Record<string, Command> = {
  "credential-provider": {
    summary: "Answer kubelet with credentials for an image, from the pod's service account token",
    details:
      "An exec plugin of kubelet: reads a CredentialProviderRequest from standard input. Needs no configuration. " +
      "Reference: docs/kubernetes.md.",
    options: {
      url: { value: "URL", help: "Address of the registry; https and the image's host by default" },
    },
    run: async ({ print }, { text }) => {
      const { credentialProvider } = await importRoom();
      return await credentialProvider(await new Response(Deno.stdin.readable).text(), print, {
        url: text("url"),
      });
    },
  },
};
