/** Type-only symbol of a {@linkcode Branded} string. */
export declare const brand: unique symbol;

/** String with a name of its own, which only its parser produces: a value of the type needs no second check. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };
