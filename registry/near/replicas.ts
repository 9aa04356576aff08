/** Replicas of a store, of which the nearest is read. */
export interface Replicas<T> {
  /**
   * Result of a read at the nearest replica. `undefined` if no replica is near or it fails: the caller then reads at
   * home, as after a miss.
   */
  read<R>(read: (replica: T) => Promise<R | undefined>): Promise<R | undefined>;
}
