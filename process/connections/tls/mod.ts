/**
 * TLS in the process. Loaded only where a certificate is configured.
 *
 * @module
 */
export { type PreparedCertificate, Tls } from "./tls.ts";
