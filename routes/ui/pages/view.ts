/** Values that a page needs besides its data. */
export interface View {
  /** Milliseconds since the epoch, for ages. */
  now: number;
  /** Host and port for commands: text, never part of a link, because `Host` is not trusted. */
  host: string;
  /** True if an anonymous client cannot push. */
  loginRequired: boolean;
}
