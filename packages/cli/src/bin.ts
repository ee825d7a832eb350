/** The program of the containers and units: `node packages/cli/dist/bin.js COMMAND`. */
import { main } from './main.ts';

process.exit(await main(process.argv.slice(2)));
