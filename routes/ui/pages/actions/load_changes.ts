import type { Administration, Changes } from "../../../../api/mod.ts";

/** Loads the functions that change content. */
export type LoadChanges = () => Promise<Changes>;

/** Loads the functions of administrators. */
export type LoadAdministration = () => Promise<Pick<Administration, "cancelUpload">>;
