import { type Command, MisuseError } from "./command.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importConfigCheck = (): Promise<typeof import("./config_check.ts")> =>
  import(new URL("config_check.ts", import.meta.url).href);
const importConfigPermissions = (): Promise<typeof import("./config_permissions.ts")> =>
  import(new URL("config_permissions.ts", import.meta.url).href);
const importReady = (): Promise<typeof import("./ready.ts")> =>
  import(new URL("ready.ts", import.meta.url).href);
const importVersion = (): Promise<typeof import("./version.ts")> =>
  import(new URL("version.ts", import.meta.url).href);

/** Commands for the process itself and its configuration. */
export const PROCESS_COMMANDS: Record<string, Command> = {
  serve: {
    summary: "Serve the registry; the default without a command",
    run: async ({ serve }) => {
      if (serve === undefined) {
        throw new MisuseError("Cannot serve: this program has only the other commands");
      }
      await serve();
      return undefined;
    },
  },
  "config check": {
    summary: "Check the configuration and print the effective settings",
    details:
      "Secrets are not printed. The exit code is 1 if the registry would not start with this configuration.",
    run: async ({ print }) => await (await importConfigCheck()).configCheck(print),
  },
  "config permissions": {
    summary: "Print the permissions of Deno that serving needs, one a line",
    details: "The service and the container image start the registry with them.",
    run: async ({ config, print }) =>
      (await importConfigPermissions()).configPermissions(await config(), print),
  },
  ready: {
    summary: "Check the readiness of a running registry",
    details: "The exit code is 1 unless /readyz answers 200.",
    options: { url: { value: "URL", help: "Address of the registry; by default that of the configuration" } },
    run: async ({ config, print }, { text }) => {
      const { ownUrl, ready } = await importReady();
      const url = text("url");
      if (url !== undefined) return await ready(url, print);
      return await ready(ownUrl(await config()), print, { verifiesName: false });
    },
  },
  version: {
    summary: "Print the version",
    run: async ({ print }) => (await importVersion()).printVersion(print),
  },
};
