/** The command line: `npm start` and `npm run overdue -- COMMAND`. */
export { main } from './main.ts';
