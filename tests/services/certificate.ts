import { tool } from "../tools/tool.ts";

/** The host name of the certificates: one of the loopback interface. */
export const HOST_NAME = "localhost";

/**
 * Creates a certificate of {@linkcode HOST_NAME} that signs itself, in the files that the balancers want: `.crt`, `.key`,
 * and both in `.pem`. Returns the certificate.
 *
 * @throws {Error} When OpenSSL fails.
 */
export async function createCertificate(path: string): Promise<string> {
  const { success, stderr } = await new Deno.Command(await tool("openssl"), {
    args: [
      "req",
      "-x509",
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "30"],
      ...["-subj", `/CN=${HOST_NAME}`, "-addext", `subjectAltName=DNS:${HOST_NAME},IP:127.0.0.1`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-out", `${path}.crt`, "-keyout", `${path}.key`],
    ],
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot create a certificate: ${new TextDecoder().decode(stderr)}`);
  const certificate = await Deno.readTextFile(`${path}.crt`);
  await Deno.writeTextFile(`${path}.pem`, certificate + await Deno.readTextFile(`${path}.key`));
  return certificate;
}
