/** The mark of a {@linkcode Branded} string. It is there for the compiler alone. */
export declare const brand: unique symbol;

/** A string that has passed its parser, so that nobody who is handed it need check it again. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };
