import * as z from "zod/mini";
import { digestSchema, named, timeSchema } from "./parts.ts";

/** Signature or signed attestation of a manifest. */
export const signatureSchema = named(
  "Signature",
  "Signature or signed attestation of a manifest, with the result of its verification",
  z.object({
    format: z.enum(["cosign", "sigstore-bundle", "notation-jws", "notation-cose", "unknown"]),
    manifest: digestSchema.check(z.describe("Manifest that carries the signature")),
    state: z.enum(["verified", "unverified", "invalid"]),
    reason: z.string().check(z.describe("May contain text of the signer")),
    rules: z.array(z.string()).check(z.describe("Rules that it meets")),
    key: z.exactOptional(z.string()),
    identity: z.exactOptional(z.string()),
    issuer: z.exactOptional(z.string()),
    signedAt: z.exactOptional(timeSchema),
    expiresAt: z.exactOptional(timeSchema),
    predicateType: z.exactOptional(z.string()),
  }),
);

/** Signatures of a manifest, and the rules that they meet. */
export const signatureReportSchema = named(
  "SignatureReport",
  "Signatures of a manifest, and the rules of the configuration that they meet",
  z.object({
    name: z.string(),
    digest: digestSchema,
    state: z.enum(["verified", "unverified", "invalid", "unsigned"]),
    rules: z.array(z.object({
      name: z.string(),
      mode: z.enum(["audit", "enforce"]),
      enforce: z.array(z.enum(["pull", "tag"])),
      met: z.boolean(),
      reason: z.string(),
    })),
    signatures: z.array(signatureSchema),
    coveredBy: z.exactOptional(
      digestSchema.check(
        z.describe("Signed index that contains the manifest, and meets rules that it does not"),
      ),
    ),
    complete: z.boolean(),
  }),
);

/** Signatures of a manifest, and the rules that they meet. */
export type SignatureView = z.infer<typeof signatureReportSchema>;
