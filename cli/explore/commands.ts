import type { Arguments, Command, CommandContext, Option } from "../command.ts";
import { CHANGE_NOTHING, JSON_LINES } from "../options.ts";
import type { Output } from "./output.ts";
import type { Source } from "./source.ts";

// Not literal, so that Deno does not resolve at every start what only a command needs: see open_storage.ts.
const importRoom = (): Promise<typeof import("./mod.ts")> => import(new URL("mod.ts", import.meta.url).href);

/** Options of all commands of this room. */
const COMMON: Record<string, Option> = {
  url: { value: "URL", help: "Ask a running registry instead of the storage" },
  username: {
    value: "NAME",
    help: "Account at --url, with a password from standard input; the login of docker or podman by default",
  },
  json: JSON_LINES,
};

const ONE_JSON: Record<string, Option> = { ...COMMON, json: { help: "Print one JSON object" } };

const DETAILS = "Reference: docs/cli.md.";

const REPOSITORY = { name: "REPOSITORY", help: "Name of a repository" };

const TAGGED = { name: "REPOSITORY:TAG", help: "A tag" };

type Room = Awaited<ReturnType<typeof importRoom>>;

/** Runs a command with the API of the storage, or of the registry at `--url`. */
function explore(
  use: (room: Room, source: Source, args: Arguments, output: Output) => Promise<number>,
): Command["run"] {
  return async ({ config, print }: CommandContext, args: Arguments) => {
    const room = await importRoom();
    return await room.withSource(
      { config, url: args.text("url"), username: args.text("username") },
      (source) => use(room, source, args, room.outputFor(print, args.has("json"))),
    );
  };
}

/** Commands that show what a registry has and does. */
export const EXPLORE_COMMANDS: Record<string, Command> = {
  ls: {
    summary: "List repositories with their newest tags",
    details: `A glob pattern, such as "team/**", or a part of the name. ${DETAILS}`,
    operands: [{ name: "PATTERN", help: "Only repositories that match", optional: true }],
    options: COMMON,
    run: explore((room, { api }, { operands: [pattern] }, output) => room.ls(api, pattern, output)),
  },
  tags: {
    summary: "List the tags of a repository",
    details: DETAILS,
    operands: [REPOSITORY],
    options: {
      filter: { value: "TEXT", help: "Only tags that contain this text" },
      newest: { help: "Begin with the tag that was pushed last" },
      ...COMMON,
    },
    run: explore((room, { api }, { has, text, operands: [name = ""] }, output) =>
      room.tags(api, room.readRepository(name), { filter: text("filter"), newest: has("newest") }, output)
    ),
  },
  inspect: {
    summary: "Show a repository, an image, an index or an artifact",
    details: DETAILS,
    operands: [{ name: "IMAGE", help: "REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST" }],
    options: ONE_JSON,
    run: explore((room, { api }, { operands: [image = ""] }, output) =>
      room.inspect(api, room.readImage(image), output)
    ),
  },
  diff: {
    summary: "Show how two tags or digests of a repository differ",
    details: `The exit code is 1 if they differ. ${DETAILS}`,
    operands: [REPOSITORY, { name: "FROM", help: "A tag or digest" }, {
      name: "TO",
      help: "A tag or digest",
    }],
    options: ONE_JSON,
    run: explore((room, { api }, { operands: [name = "", from = "", to = ""] }, output) => {
      const sides = { from: room.readReference(from), to: room.readReference(to) };
      return room.diff(api, room.readRepository(name), sides, output);
    }),
  },
  history: {
    summary: "List the moves of a tag",
    details: DETAILS,
    operands: [TAGGED],
    options: COMMON,
    run: explore((room, { api }, { operands: [tagged = ""] }, output) =>
      room.history(api, room.readTagged(tagged), output)
    ),
  },
  rollback: {
    summary: "Move a tag back to an earlier manifest",
    details: `Asks for confirmation on a terminal; elsewhere --yes is required. ${DETAILS}`,
    operands: [TAGGED, { name: "DIGEST", help: "Target; the manifest before by default", optional: true }],
    options: { yes: { help: "Do not ask" }, "dry-run": CHANGE_NOTHING, ...ONE_JSON },
    run: explore((room, { api }, { has, operands: [tagged = "", digest] }, output) => {
      const to = digest === undefined ? undefined : room.readDigest(digest);
      const confirm = has("yes") ? () => Promise.resolve(true) : room.confirmed;
      return room.rollback(api, room.readTagged(tagged), { to, dryRun: has("dry-run"), confirm }, output);
    }),
  },
  du: {
    summary: "Show the storage of each repository, own and shared",
    details: `Reads every link of the registry, so it takes long for a large one. ${DETAILS}`,
    operands: [{ ...REPOSITORY, help: "Only this repository", optional: true }],
    options: COMMON,
    run: explore((room, { api }, { operands: [name] }, output) =>
      room.du(api, name === undefined ? undefined : room.readRepository(name), output)
    ),
  },
  status: {
    summary: "Show what the registry is doing now",
    details: `With --url, the exit code is 1 if the registry is not ready. ${DETAILS}`,
    options: ONE_JSON,
    run: explore((room, source, _args, output) => room.status(source, output)),
  },
};
