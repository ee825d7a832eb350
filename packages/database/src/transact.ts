import type { Sql, TransactionSql } from './connect.ts';

/** One of the driver's statements, not sent yet: it is when somebody waits for it. */
export interface Statement<Row extends object = object> extends PromiseLike<readonly Row[]> {
  execute(): unknown;
  /** The server may keep its answer until that of the next one, which has to be sent at once; see patches/postgres. */
  unsynced(): unknown;
}

/**
 * A transaction whose last statements are sent together, and the commit right behind them: one round trip. (The driver
 * sends the begin with the first ones; see patches/postgres.)
 * @param work does what has to be looked at on the way, and returns the last statements; when it throws, the transaction
 * is rolled back
 * @returns the rows of the very last. @throws the error of the first statement that failed; nothing is committed then
 */
export async function transact<Row extends object>(
  sql: Sql,
  work: (sql: TransactionSql) => Promise<readonly [...Statement[], Statement<Row>]>,
): Promise<readonly Row[]> {
  const { rows } = await sql.begin(async (tx) => {
    const sent = await work(tx);
    for (const statement of sent.slice(0, -1)) statement.unsynced();
    const statements = Promise.all(sent);
    statements.catch(() => {}); // heard below; the commit of a failed transaction rolls it back, and is no error
    return { rows: statements }; // in an object: a promise or list would be waited for before the commit
  });
  return (await rows).at(-1) as readonly Row[];
}
