declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** An HTTP server that speaks DynamoDB's JSON protocol. https://github.com/architect/dynalite */
  export default function dynalite(options: {
    /** How long a table stays CREATING, UPDATING or DELETING, milliseconds. */
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
    /** A folder to keep tables in; in memory without. */
    readonly path?: string;
  }): Server;
}
