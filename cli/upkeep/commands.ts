import { type Command, MisuseError } from "../command.ts";
import { CHANGE_NOTHING, JSON_LINES } from "../options.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);
const importOci = (): Promise<typeof import("../../oci/mod.ts")> =>
  import(new URL("../../oci/mod.ts", import.meta.url).href);

/** Commands that remove or verify content. */
export const UPKEEP_COMMANDS: Record<string, Command> = {
  collect: {
    summary: "Run garbage collection",
    options: { "dry-run": CHANGE_NOTHING, json: JSON_LINES },
    run: async ({ config, print }, { has }) => {
      const { collect } = await importRoom();
      return await collect(await config(), print, { dryRun: has("dry-run"), json: has("json") });
    },
  },
  retain: {
    summary: "Apply the retention rules: delete tags and manifests that no rule keeps",
    options: {
      "dry-run": CHANGE_NOTHING,
      repository: { value: "PATTERN", help: "Only repositories that match the glob pattern" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text }) => {
      const { retainCommand } = await importRoom();
      const repository = text("repository");
      return await retainCommand(await config(), print, {
        dryRun: has("dry-run"),
        json: has("json"),
        ...(repository !== undefined && { repository }),
      });
    },
  },
  scrub: {
    summary: "Verify all stored content and report damage",
    details: "The exit code is 1 if there is damage, repaired or not.",
    options: {
      repair: { help: "Repair damage where nothing can be lost" },
      rate: { value: "SIZE", help: "Maximum bytes to read per second; 32MiB by default" },
      json: JSON_LINES,
    },
    run: async ({ config, print }, { has, text }) => {
      const { readRate, scrub } = await importRoom();
      const rate = readRate(text("rate"));
      if (rate === undefined) {
        throw new MisuseError(`Expected a size such as "8MiB" for --rate, got "${text("rate")}"`);
      }
      return await scrub(await config(), print, { repair: has("repair"), json: has("json"), rate });
    },
  },
  "delete-repository": {
    summary: "Delete a repository with all its tags, manifests and blobs",
    operands: [{ name: "REPOSITORY", help: "Name of the repository" }],
    options: { "dry-run": CHANGE_NOTHING },
    run: async ({ config, print }, { has, operands: [name = ""] }) => {
      const { isRepositoryName } = await importOci();
      if (!isRepositoryName(name)) throw new MisuseError(`Expected the name of a repository, got "${name}"`);
      const { deleteRepository } = await importRoom();
      return await deleteRepository(await config(), print, name, { dryRun: has("dry-run") });
    },
  },
};
