import { schema, settingDocs } from "../config/config.ts";
import { FILE_VARIABLE } from "../config/mod.ts";

/** The text of docs/configuration.md, from the schema itself. */
export function configurationPage(): string {
  const sections = Object.entries(schema.shape).map(([key, field]) => {
    const { variable, type, fallback, description } = settingDocs.get(field)!;
    return `## \`${variable}\`

${description}

- Key in the file: \`${key}\`
- Value: ${type}
- Default: ${fallback === "" ? "none" : `\`${fallback}\``}
`;
  });
  return `<!-- Written by \`deno task config-docs\` from config.ts: change it there. -->

# Configuration

Every setting comes from the environment or from one optional file, and has a default that works. The environment wins; an empty variable counts as none. A setting that is wrong or not known stops the start: all of them are named on standard error, each with its reason, and the exit code is 1.

\`${FILE_VARIABLE}\` is the path of the file, YAML or JSON, a flat map of the keys below:

\`\`\`yaml
host: 0.0.0.0
data: /srv/skerry
deleteTags: off
uploadExpiry: 12h
\`\`\`

Paths in the file (\`data\`, and \`htpasswd\` and \`keys\` below \`auth\`) are relative to the folder of the file; paths in the environment are relative to the folder that the registry starts in. The start is refused if \`data\` in the file names a folder without a registry, and the same path from the working directory has one: earlier releases took that one. \`deno task skerry config check\` says what is wrong with the file and the environment, and prints all settings with their sources and without secrets.

A duration is a whole number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`. A size is a whole number of bytes, or one with \`KiB\`, \`MiB\`, \`GiB\` or \`TiB\`. \`true\` and \`1\` are \`on\`, \`false\` and \`0\` are \`off\`.

${sections.join("\n")}`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("configuration.md", import.meta.url), configurationPage());
}
