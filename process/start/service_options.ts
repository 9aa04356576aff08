import { join } from "node:path";

/** Addresses of a service manager's socket, and of the one that this process sends from. */
export interface NotifySockets {
  /** Path of the manager's socket. */
  readonly manager: string;
  /** Path of the socket of this process: a datagram needs one to be sent from. */
  readonly own: string;
}

/**
 * Sockets for sd_notify(3), from the environment that systemd gives to a service of `Type=notify` with a
 * `RuntimeDirectory`; undefined without either. An abstract socket (`@...`) is not supported: Deno has no permission for it.
 */
export function notifySockets(environment: Readonly<Record<string, string>>): NotifySockets | undefined {
  const { NOTIFY_SOCKET: manager, RUNTIME_DIRECTORY: folder } = environment;
  if (!manager?.startsWith("/") || !folder?.startsWith("/")) return undefined;
  return { manager, own: join(folder.split(":")[0]!, "notify.sock") };
}

/**
 * Options of `deno run` that a service takes besides those of `startOptions()`: to tell its service manager that it is
 * ready, and to start workers.
 */
export function serviceOptions(
  environment: Readonly<Record<string, string>>,
  { options, workers, deno }: { options: readonly string[]; workers: number; deno: string },
): string[] {
  const more = workers > 1 ? [`--allow-run=${deno}`] : [];
  const sockets = notifySockets(environment);
  if (sockets === undefined) return more;
  const paths = `${sockets.own},${sockets.manager}`;
  more.push("--unstable-net");
  // An option with paths would narrow one without.
  for (const option of ["--allow-read", "--allow-write"]) {
    if (!options.includes(option)) more.push(`${option}=${paths}`);
  }
  return more;
}
