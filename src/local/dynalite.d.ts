declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Makes an HTTP server that speaks DynamoDB's JSON protocol. https://github.com/architect/dynalite */
  function dynalite(options: {
    /** How long a table stays CREATING, UPDATING or DELETING, milliseconds. */
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
    /** A folder to keep tables in; in memory without. */
    readonly path?: string;
  }): Server;
  export = dynalite;
}
