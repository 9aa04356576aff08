import { schema, settingDocs } from "../config/config.ts";
import { type Config, FILE_VARIABLE } from "../config/mod.ts";
import { RELOADABLE } from "../config/reloadable.ts";

/** The text of docs/configuration.md, from the schema of the configuration. */
export function configurationPage(): string {
  const sections = Object.entries(schema.shape).map(([key, field]) => {
    const { variable, type, fallback, description } = settingDocs.get(field)!;
    return `## \`${variable}\`

${description}

- Key in the file: \`${key}\`
- Value: ${type}
- Default: ${fallback === "" ? "none" : `\`${fallback}\``}
- A change needs: ${RELOADABLE.has(key as keyof Config) ? "a [reload](operations.md#reload)" : "a restart"}
`;
  });
  return `<!-- Written by \`deno task config-docs\` from config/settings.ts: change it there. -->

# Configuration

Every setting comes from the environment or from one optional file, and has a default that works. The environment takes precedence; an empty variable counts as unset. If a setting is unknown or invalid, the registry does not start: it lists all errors on standard error, each with its reason, and exits with 1.

\`${FILE_VARIABLE}\` is the path of the file, YAML or JSON, a flat map of the keys below:

\`\`\`yaml
host: 0.0.0.0
data: /srv/skerry
deleteTags: off
uploadExpiry: 12h
\`\`\`

Paths in the file (\`data\`, and \`htpasswd\` and \`keys\` below \`auth\`) are relative to the folder of the file. Paths in the environment are relative to the working directory of the registry. The start is refused if \`data\` in the file names a folder without a registry while the same path from the working directory has one, because earlier releases used that one. \`deno task skerry config check\` lists the errors in the file and the environment, and prints all settings with their sources and without secrets.

A duration is a whole number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`. A size is a whole number of bytes, or one with \`KiB\`, \`MiB\`, \`GiB\` or \`TiB\`. \`true\` and \`1\` are \`on\`, \`false\` and \`0\` are \`off\`.

${sections.join("\n")}`;
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("configuration.md", import.meta.url), configurationPage());
}
