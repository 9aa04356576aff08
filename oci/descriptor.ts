/** A reference to content by its digest (image-spec, descriptor.md), as far as a registry looks into it. */
export interface Descriptor {
  mediaType: string;
  /** May be of an algorithm that this registry cannot compute. */
  digest: string;
  /** Bytes. */
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}
