import type { ArtifactKind, Fact } from "./schemas/mod.ts";
import { arrayOf, objectOf, textOf } from "./values.ts";

/** Facts of a list of names and values, without those that have no value. */
function facts(rows: readonly [name: string, value: unknown][]): Fact[] {
  return rows.flatMap(([name, value]) => {
    const text = typeof value === "number" || typeof value === "boolean" ? String(value) : textOf(value);
    return text === undefined ? [] : [{ name, value: text }];
  });
}

/** Rows of the config of an artifact whose format is known. The config is untrusted. */
export function factsOfConfig(kind: ArtifactKind, config: unknown): Fact[] {
  const document = objectOf(config);
  switch (kind) {
    case "model":
      return modelFacts(document);
    case "wasm":
      return facts([
        ["Created", document.created],
        ["Author", document.author],
        ["Architecture", document.architecture],
        ["OS", document.os],
        ["Target", objectOf(document.component).target],
      ]);
    case "docker-plugin":
      return facts([["Description", document.description], ["Documentation", document.documentation]]);
    default:
      return [];
  }
}

/** ModelPack (model-spec, config.md), KitOps' Kitfile, and Docker's models. */
function modelFacts(document: Record<string, unknown>): Fact[] {
  const [descriptor, config] = [objectOf(document.descriptor), objectOf(document.config)];
  const [kit, model] = [objectOf(document.package), objectOf(document.model)];
  const authors = arrayOf(kit.authors ?? descriptor.authors).map(textOf).filter((text) => text !== undefined);
  return facts([
    ["Name", descriptor.name ?? kit.name ?? model.name],
    ["Version", descriptor.version ?? kit.version ?? model.version],
    ["Family", descriptor.family],
    ["Description", descriptor.description ?? kit.description ?? model.description],
    ["Licence", arrayOf(descriptor.licenses).map(textOf)[0] ?? kit.license ?? model.license],
    ["Vendor", descriptor.vendor],
    ["Authors", authors.join(", ")],
    ["Architecture", config.architecture],
    ["Format", config.format ?? model.framework],
    ["Parameters", config.paramSize ?? config.parameters],
    ["Precision", config.precision],
    ["Quantization", config.quantization],
  ]);
}
