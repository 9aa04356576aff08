import { connect, type TLSSocket } from "node:tls";
import type { Finding } from "./finding.ts";

/** Days before the expiry of a certificate that are too few. */
const FEW_DAYS = 14;

const DAY_MS = 86_400_000;

/** The TLS connection to a server, which is opened even if its certificate is invalid. */
interface Handshake {
  /** Reason to distrust the certificate. */
  distrust: string | undefined;
  /** Last moment at which the certificate is valid, in milliseconds since the epoch. */
  validUntil: number;
  /** As `TLSv1.3`. */
  version: string;
  /** As `h2`; `undefined` if the server negotiates none. */
  protocol: string | undefined;
}

/** Checks the certificate, its expiry and the protocol. Of an address without TLS only that it is local. */
export async function checkCertificate(url: URL, caCerts: string[], now: number): Promise<Finding[]> {
  if (url.protocol === "http:") return [plainFinding(url)];
  const { distrust, validUntil, version, protocol } = await handshake(url, caCerts);
  return [
    certificateFinding(distrust, validUntil, now),
    protocol === "h2" ? { check: "protocol", level: "ok", found: `${version}, HTTP/2` } : {
      check: "protocol",
      level: "note",
      found: `${version}, ${
        protocol ?? "HTTP/1.1 without ALPN"
      }: clients cannot send requests in parallel on a connection`,
    },
  ];
}

function plainFinding({ hostname }: URL): Finding {
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return isLocal ? { check: "certificate", level: "note", found: "No TLS, on the loopback interface" } : {
    check: "certificate",
    level: "fault",
    found: "No TLS: passwords and tokens are sent in plain text",
    advice: "Put a proxy with TLS in front (docs/operations.md), and use https:",
  };
}

function certificateFinding(distrust: string | undefined, validUntil: number, now: number): Finding {
  const check = "certificate";
  const days = Math.floor((validUntil - now) / DAY_MS);
  const date = new Date(validUntil).toISOString().slice(0, 10);
  const advice = "Renew the certificate, and see why its renewal has failed";
  if (validUntil <= now) return { check, level: "fault", found: `Expired on ${date}`, advice };
  if (distrust !== undefined) {
    return {
      check,
      level: "fault",
      found: `Clients do not trust it: ${distrust}`,
      advice:
        "Use a certificate for this host name, from an authority that clients know, with its whole chain",
    };
  }
  if (days < FEW_DAYS) {
    return { check, level: "warning", found: `Expires on ${date}, in ${days} days`, advice };
  }
  return { check, level: "ok", found: `Valid until ${date}, ${days} days more` };
}

function handshake({ hostname, port }: URL, caCerts: string[]): Promise<Handshake> {
  const host = hostname.replace(/^\[|\]$/g, "");
  const isName = /[a-z]/i.test(host) && !host.includes(":");
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port: Number(port || 443),
      ...(isName && { servername: host }),
      ...(caCerts.length > 0 && { ca: caCerts }),
      rejectUnauthorized: false,
      ALPNProtocols: ["h2", "http/1.1"],
    }, () => {
      const certificate = socket.getPeerCertificate();
      resolve({
        distrust: socket.authorized ? undefined : String(socket.authorizationError),
        validUntil: Date.parse(certificate.valid_to),
        version: socket.getProtocol() ?? "TLS",
        protocol: socket.alpnProtocol || undefined,
      });
      socket.destroy();
    });
    socket.setTimeout(10_000, () => socket.destroy(new Error("No answer in 10 seconds")));
    socket.once("error", reject);
  });
}
