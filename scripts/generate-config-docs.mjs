// Writes docs/configuration.md from the table in packages/config. Run `npx tsc -b packages/config` first.
import { writeFileSync } from 'node:fs';
import { markdown } from '../packages/config/dist/index.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), markdown());
