import type { ImageDescriptor } from "./content.ts";
import type { Image } from "./manifest.ts";
import { isManifestType } from "./media_types.ts";

/** The fields of any manifest that lead on. */
interface Links {
  config?: ImageDescriptor;
  layers?: ImageDescriptor[];
  manifests?: ImageDescriptor[];
}

/**
 * Every descriptor under the root whose content the image holds, each digest once, what is referenced before what
 * references it: the order in which a registry takes them. A subject is no part of the image.
 */
export function walk({ root, content }: Image): ImageDescriptor[] {
  const found = new Map<string, ImageDescriptor>();
  function visit(descriptor: ImageDescriptor) {
    if (found.has(descriptor.digest) || !content.has(descriptor.digest)) return;
    if (isManifestType(descriptor.mediaType)) {
      const links: Links = JSON.parse(new TextDecoder().decode(content.get(descriptor.digest)));
      const next = [...links.config ? [links.config] : [], ...links.layers ?? [], ...links.manifests ?? []];
      next.forEach(visit);
    }
    found.set(descriptor.digest, descriptor);
  }
  visit(root);
  return [...found.values()];
}
