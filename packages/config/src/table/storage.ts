/** Object storage for ping bodies: configuration.md section 6. Parsed and kept; bodies stay in PostgreSQL for now. */
import { setting } from '../setting.ts';
import { bool, intOrNone, optionalText } from '../values/basic.ts';

const later = { readBy: [], later: true } as const;

export const storage = {
  S3_BUCKET: setting(optionalText(), null, { description: 'Bucket for ping bodies over 100 bytes.', ...later }),
  S3_ENDPOINT: setting(optionalText(), null, { description: 'Host, without scheme.', ...later }),
  S3_REGION: setting(optionalText(), null, { description: 'Region.', ...later }),
  S3_ACCESS_KEY: setting(optionalText(), null, { description: 'Access key.', ...later }),
  S3_SECRET_KEY: setting(optionalText(), null, { description: 'Secret key.', secret: true, ...later }),
  S3_TIMEOUT: setting(intOrNone('no time-out'), 60, { description: 'Seconds an operation may take.', ...later }),
  S3_SECURE: setting(bool(), true, { description: 'TLS.', ...later }),
};
