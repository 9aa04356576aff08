import type { Command } from "../command.ts";
import { JSON_LINES } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Commands that take over the storage of other registries. */
export const IMPORT_COMMANDS: Record<string, Command> = {
  import: {
    summary: "Copy the storage of zot or CNCF distribution into the registry",
    details:
      "The format is detected. Can be repeated: only what is missing is copied. Both registries can run meanwhile. " +
      "Credentials for the source alone are read from SOURCE_AWS_ACCESS_KEY_ID and SOURCE_AWS_SECRET_ACCESS_KEY. " +
      "The exit code is 1 if something could not be copied. Reference: docs/migration.md.",
    operands: [{
      name: "SOURCE",
      help: "Folder with the storage, or s3://BUCKET/PREFIX",
      completes: "files",
    }],
    options: {
      endpoint: { value: "URL", help: "S3 endpoint of the source; AWS by default" },
      region: { value: "REGION", help: "Region of the source's bucket; us-east-1 by default" },
      "path-style": { help: "Use URLs with the bucket in their path" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text, operands: [source = ""] }) => {
      const { importCommand, readSourcePlace } = await importRoom();
      const place = readSourcePlace({
        source,
        endpoint: text("endpoint"),
        region: text("region"),
        pathStyle: has("path-style"),
      });
      return await importCommand(await config(), print, { place, json: has("json") });
    },
  },
};
