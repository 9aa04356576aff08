import { keyText } from "../../storage/ports.ts";
import { ITEM_FORMS } from "./identify.ts";

/**
 * Partition keys, in their order, that divide the items of a registry into about equal parts: content by the first digit
 * of its digest, repositories by the first character of their names.
 */
export const SEGMENT_CUTS: readonly string[] = [
  ...Array.from("123456789abcdef", (digit) => keyText(ITEM_FORMS.blob.pk, { digest: `sha256:${digit}` })),
  keyText(ITEM_FORMS.blob.pk, { digest: "sha512:" }),
  ...Array.from("0bcdefhiklmoprsu", (letter) => keyText(ITEM_FORMS.manifest.pk, { repository: letter })),
];
