import type { Digest, RepositoryName } from "../oci/mod.ts";
import type { Caller } from "../registry/interface.ts";
import type { SignatureVerifier } from "../trust/interface.ts";
import { noSuchPath } from "./administrator.ts";
import { assertSees } from "./sight.ts";
import type { SignatureView } from "./schemas/mod.ts";
import { member, timeOf } from "./values.ts";

/**
 * Signatures of a manifest. As many requests as the verifier makes.
 *
 * @throws {RegistryError} 404 for a registry that verifies no signatures.
 */
export async function getSignatures(
  verifier: SignatureVerifier | undefined,
  caller: Caller,
  repository: RepositoryName,
  digest: Digest,
): Promise<SignatureView> {
  assertSees(caller, repository);
  if (verifier === undefined) throw noSuchPath();
  const { signatures, ...report } = await verifier.report(repository, digest);
  return {
    name: repository,
    ...report,
    signatures: signatures.map(({ signedAt, expiresAt, ...signature }) => ({
      ...signature,
      ...member("signedAt", signedAt === undefined ? undefined : timeOf(signedAt)),
      ...member("expiresAt", expiresAt === undefined ? undefined : timeOf(expiresAt)),
    })),
  };
}
