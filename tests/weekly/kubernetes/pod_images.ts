import { Content, type Image, imageConfig, layerOf, MEDIA } from "../../images/mod.ts";
import { tool } from "../../tools/tool.ts";

const PLATFORM = { os: "linux", architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64" };

/** Path of busybox in {@linkcode busyboxImage}. */
export const BUSYBOX = "/bin/busybox";

/** An image of one static program, busybox, and a file `/srv/name` with its name. By default it runs `entrypoint`. */
export async function busyboxImage(name: string, entrypoint: readonly string[] = []): Promise<Image> {
  const content = new Content();
  const layers = [
    await layerOf({ [BUSYBOX.slice(1)]: await Deno.readFile(await tool("busybox")) }, "+gzip", 0o755),
    await layerOf({ "srv/name": name }),
  ];
  const config = { ...imageConfig(layers, PLATFORM) as object, config: { Entrypoint: entrypoint } };
  const root = content.addJson(MEDIA.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: content.addJson(MEDIA.config, config),
    layers: layers.map(({ bytes }) => content.add(`${MEDIA.layer}+gzip`, bytes)),
  });
  return { root, content };
}
